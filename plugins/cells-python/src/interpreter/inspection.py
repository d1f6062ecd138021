"""What is known of the name at the cursor: its call, its documentation, and its source where that is asked for."""

import ast
import inspect
import pydoc
import re

from . import display, resolve, scanner, sources
from .tracebacks import bounded

_AROUND = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")

describers = []
"""Functions of (text of a string) that return what is known of that name, or None."""


def find(names, code, cursor, detail):
    """The text about the name at the cursor, or about the call around it; None where nothing is known."""
    state = scanner.scan(code, cursor)
    if state.string is not None:
        start = state.string[1]
        end = code.find(state.string[0], start)
        named = code[start : end if end >= 0 else len(code)]
        for describe in describers:
            text = describe(named)
            if text:
                return text
    dotted = _name_at(code, cursor)
    call = scanner.call_at(code, state)
    for candidate in [dotted, call[0] if call else None]:
        if not candidate:
            continue
        try:
            return about(candidate, resolve.value(names, candidate), detail)
        except resolve.Unknown:
            continue
    return None


class Help:
    """`help(name)`; without a name the vocabulary, and for a text the plugin of that name."""

    def __init__(self, overview):
        self.overview = overview

    def __repr__(self):
        return "help(name) tells what a name is, help() what there is"

    def __call__(self, *found):
        if not found:
            return print(self.overview)
        for one in found:
            if isinstance(one, str):
                text = next(filter(None, (describe(one) for describe in describers)), None)
            else:
                # A plugin tells of itself.
                describe = getattr(type(one), "describe", None)
                text = describe(one) if callable(describe) else None
            print(text or pydoc.plain(pydoc.render_doc(one, "%s")))
        return None


def about(name, found, detail=0):
    """The text about an object."""
    parts = []
    signature = resolve.signature(found)
    if signature:
        parts.append(f"{name}{signature}")
    else:
        shown = bounded(display.plain(found), 500) if not inspect.ismodule(found) else f"module {found.__name__}"
        parts.append(f"{name}: {type(found).__name__} = {shown}")
    documentation = inspect.getdoc(found)
    if documentation and (signature or inspect.ismodule(found) or type(found).__module__ not in ("builtins",)):
        parts.append(documentation)
    if detail:
        text = source(found)
        if text:
            parts.append("Source:\n" + text)
    return "\n\n".join(parts)


def source(found):
    """The source of a function or class; None where it is not kept."""
    found = inspect.unwrap(found) if callable(found) and not isinstance(found, type) else found
    if isinstance(found, type):
        return class_source(found)
    try:
        return inspect.getsource(found)
    except (OSError, TypeError):
        return None


def class_source(kind):
    """The source of a class that a cell defined: the newest one of that name in the cell of its methods."""
    codes = [getattr(inspect.unwrap(value), "__code__", None) for value in vars(kind).values() if callable(value)]
    files = [code.co_filename for code in codes if code is not None and sources.is_cell(code.co_filename)]
    for name in files or (reversed(list(sources.all_cells())) if kind.__module__ == "__main__" else []):
        text = sources.of(name)
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        for node in reversed(list(ast.walk(tree))):
            if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
                first = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
                return "\n".join(text.split("\n")[first - 1 : node.end_lineno]) + "\n"
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return None


def _name_at(code, cursor):
    for found in _AROUND.finditer(code):
        if found.start() <= cursor <= found.end():
            # Of `a.b.c` only what stands up to the end of the name under the cursor.
            end = found.end()
            dot = code.find(".", cursor, end)
            return code[found.start() : dot if dot >= 0 else end]
    return None
