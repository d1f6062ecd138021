"""Writes a definition of a cell as the source of a module, with everything that it refers to."""

import ast
import builtins
import inspect
import pprint
import symtable
import sys
import textwrap
import typing

from interpreter import inspection, sources

import lacuna

from ..definitions import Definition
from ..errors import Refused
from ..tensors import Tensor


class Module:
    """A module in the making: imports, then what the definition refers to, then the definition."""

    def __init__(self, definition):
        self.definition = definition
        self.imports, self.vocabulary, self.parts, self._seen = {}, set(), [], set()
        self.names = _globals_of(definition.function)
        self.add_source(definition.__name__, definition.function)

    def text(self):
        """The whole module."""
        imports = sorted(self.imports.values(), key=lambda line: (line.startswith("from"), line))
        blocks = [f'"""{self.definition.summary.rstrip(".")}."""']
        if imports:
            blocks += ["", *imports]
        if self.vocabulary:
            blocks += ["", f"from lacuna import {', '.join(sorted(self.vocabulary))}"]
        apart = True
        for part in (part.strip("\n") for part in self.parts):
            large = "\n" in part or part.startswith(("def ", "class ", "@"))
            blocks += ["", ""] if large else [""] * apart
            blocks.append(part)
            apart = large
        return "\n".join(blocks) + "\n"

    def add_source(self, name, found):
        """The source of a function or class, after what it refers to."""
        self._seen.add(name)
        text = inspection.source(found)
        if text is None:
            raise Refused(f"the source of `{name}` is not kept: define it in a cell")
        text = textwrap.dedent(text)
        if getattr(inspect.unwrap(found), "__closure__", None):
            raise Refused(f"`{name}` is made inside of another function: define it at the top of a cell")
        for used in referred(text):
            self.add(used, name)
        self.parts.append(text)
        own = found.__name__
        if own != name:
            self.parts.append(f"{name} = {own}")

    def add(self, name, by):
        """What a name means, unless it is written already."""
        if name in self._seen or name == getattr(self.definition, "__name__", None):
            return
        if name not in self.names:
            if not hasattr(builtins, name):
                raise Refused(f"`{by}` uses `{name}`, which nothing has: run the cell that makes it")
            return
        self._seen.add(name)
        value = self.names[name]
        if isinstance(value, Definition):
            return self.add_source(name, value.function)
        if inspect.ismodule(value):
            return self._module(name, value)
        if getattr(lacuna, name, None) is value and name in lacuna.__all__:
            return self._word(name, by)
        if callable(value) and getattr(value, "__module__", None) == "__main__" and hasattr(value, "__name__"):
            return self._lambda(name) if value.__name__ == "<lambda>" else self.add_source(name, value)
        if isinstance(value, Tensor):
            raise Refused(
                f"`{by}` uses the tensor `{name}`, whose numbers are on the device and not in the source: make it inside"
            )
        if self._importable(name, value):
            return None
        return self._assigned(name, value, by)

    def _module(self, name, value):
        full = value.__name__
        self.imports[name] = f"import {full}" if name == full.partition(".")[0] else f"import {full} as {name}"

    def _word(self, name, by):
        if name in lacuna.notebook.__all__:
            raise Refused(
                f"`{by}` uses `{name}`, which asks the notebook: a plugin is given what it needs as arguments"
            )
        self.vocabulary.add(name)

    def _lambda(self, name):
        if not self._statement(name):
            raise Refused(f"`{name}` is a lambda whose source is not kept: write it as a function")

    def _statement(self, name):
        """The statement that gave a name its value, after what it refers to; False where no cell has one."""
        statement = _assignment(name)
        if statement is None:
            return False
        for used in referred(statement):
            self.add(used, name)
        self.parts.append(statement)
        return True

    def _importable(self, name, value):
        own = getattr(value, "__name__", None) or getattr(value, "_name", None) or name
        for home in (getattr(value, "__module__", None), "typing"):
            module = sys.modules.get(home) if isinstance(home, str) and home not in ("__main__", "builtins") else None
            for spelled in (own, name):
                if module is not None and vars(module).get(spelled) is value and home.partition(".")[0] != "lacuna":
                    renamed = "" if spelled == name else f" as {name}"
                    self.imports[name] = f"from {home.removeprefix('_')} import {spelled}{renamed}"
                    return True
        return False

    def _assigned(self, name, value, by):
        written = literal(value)
        if written is not None:
            self.parts.append(f"{name} = {written}")
            return
        if typing.get_origin(value) is not None and self._statement(name):
            return
        kind = type(value).__name__
        raise Refused(
            f"`{by}` uses `{name}`, a {kind}, which cannot be written as source: make it inside of the function"
        )


def referred(text):
    """The names of other things that a piece of source uses, in the order of their first use."""
    tree = ast.parse(text)
    wanted = set()

    def visit(table, top):
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (not symbol.is_assigned() if top else symbol.is_global()):
                wanted.add(symbol.get_name())
        for child in table.get_children():
            visit(child, False)

    visit(symtable.symtable(text, "cell", "exec"), True)
    for node in ast.walk(tree):
        for noted in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(noted, ast.AST):
                wanted |= {part.id for part in ast.walk(noted) if isinstance(part, ast.Name)}
    found = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in wanted]
    return list(dict.fromkeys(found))


def literal(value):
    """A plain value as Python writes it; None where it is no plain value."""
    try:
        written = pprint.pformat(value, width=110, sort_dicts=False)
        return written if ast.literal_eval(written) == value else None
    except Exception:
        return None


def _globals_of(function):
    if isinstance(function, type):
        codes = [value for value in vars(function).values() if inspect.isfunction(value)]
        return codes[0].__globals__ if codes else {}
    return inspect.unwrap(function).__globals__


def _assignment(name):
    """The newest statement of a cell that gave a name its value."""
    for text in reversed(list(sources.all_cells().values())):
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        for node in reversed(tree.body):
            if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
                return ast.get_source_segment(text, node)
    return None
