"""What may stand at the cursor: names, attributes, modules, parameters of the call, and what a string may name."""

import builtins
import keyword
import re
import sys
from dataclasses import dataclass

from . import resolve, scanner

_IMPORT = re.compile(r"^\s*(?:import\s+(?:[\w.]+\s*,\s*)*|from\s+)([\w.]*)\Z")
_FROM = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(?:\(?[\w\s,]*[,\s(])?(\w*)\Z")

MOST = 500
"""Completions of one answer."""

offered = set()
"""Names that cells have from the start: a user's own come before them."""
namers = []
"""Functions of (callee, keyword, arguments so far) that return what a string there may name, or None."""
parameter_givers = []
"""Functions of (callee, arguments so far) that return further parameters as (name, signature)."""


@dataclass
class Item:
    text: str
    kind: str
    signature: str = ""


def complete(names, code, cursor):
    """(start, end, items): the characters that an item replaces, and the items."""
    state = scanner.scan(code, cursor)
    if state.comment:
        return cursor, cursor, []
    if state.string is not None:
        return _in_string(code, cursor, state)
    line = code[:cursor].rpartition("\n")[2]
    for pattern, find in ((_FROM, _members_of_module), (_IMPORT, _modules)):
        found = pattern.match(line)
        if found:
            return find(cursor, *found.groups())
    before, begun = scanner.chain(code, cursor)
    start = cursor - len(begun)
    if before:
        if code[: start - len(before)].endswith((".", ")", "]", "}", "'", '"')):
            return start, cursor, []
        return start, cursor, _attributes(names, before, begun)
    if code[:start].rstrip(" ").endswith("."):
        return start, cursor, []
    items = []
    call = scanner.call_at(code, state)
    if call:
        items = _parameters(names, call[0], code[call[1] : start], begun)
    return start, cursor, (items + _names(names, begun))[:MOST]


def _in_string(code, cursor, state):
    start = state.string[1]
    call = scanner.call_at(code, state)
    if not call:
        return cursor, cursor, []
    given = scanner.keyword_of_string(code, start)
    begun = code[start:cursor]
    for namer in namers:
        found = namer(call[0], given, code[call[1] : start])
        if found is not None:
            items = [Item(name, "name", summary) for name, summary in found if name.startswith(begun)]
            return start, cursor, items[:MOST]
    return cursor, cursor, []


def _attributes(names, before, begun):
    try:
        owner = resolve.value(names, before)
    except resolve.Unknown:
        return []
    found = [name for name in dir(owner) if name.startswith(begun)]
    if not begun.startswith("_"):
        found = [name for name in found if not name.startswith("_")]
    return [_item(name, _attribute(owner, name)) for name in found[:MOST]]


def _attribute(owner, name):
    # A property of an object may be work: its class says enough.
    held = getattr(type(owner), name, None)
    if isinstance(held, property) or resolve.computed(owner, name):
        return None
    try:
        return getattr(owner, name)
    except Exception:
        return None


def _names(names, begun):
    hidden = not begun.startswith("_")
    own = [name for name in names if name.startswith(begun) and not (hidden and name.startswith("_"))]
    words = [
        Item(word, "keyword") for word in keyword.kwlist + keyword.softkwlist if word.startswith(begun) and word != "_"
    ]
    known = set(own)
    built = [
        name
        for name in dir(builtins)
        if name.startswith(begun) and name not in known and not (hidden and name.startswith("_"))
    ]
    items = [_item(name, names[name]) for name in sorted(own, key=lambda name: (name in offered, name))]
    items += [item for item in words if item.text not in known]
    known |= {item.text for item in words}
    return items + [_item(name, getattr(builtins, name)) for name in built if name not in known]


def _parameters(names, callee, arguments, begun):
    import inspect

    given = set(re.findall(r"(\w+)\s*=(?!=)", arguments))
    found = {}
    try:
        function = resolve.value(names, callee)
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found[parameter.name] = str(parameter)
    except (resolve.Unknown, ValueError, TypeError):
        pass
    for giver in parameter_givers:
        found.update(giver(callee, arguments) or {})
    wanted = [name for name in found if name.startswith(begun) and name not in given]
    return [Item(f"{name}=", "parameter", found[name]) for name in wanted]


def _modules(cursor, begun):
    head, _, last = begun.rpartition(".")
    known = {name for name in list(sys.modules) + list(sys.builtin_module_names)}
    prefix = head + "." if head else ""
    found = {name[len(prefix) :].split(".")[0] for name in known if name.startswith(prefix)}
    found = sorted(
        name for name in found if name.startswith(last) and (last.startswith("_") or not name.startswith("_"))
    )
    return cursor - len(last), cursor, [Item(name, "module") for name in found if name not in _OWN][:MOST]


def _members_of_module(cursor, module, begun):
    owner = sys.modules.get(module)
    if owner is None:
        return cursor - len(begun), cursor, []
    found = [name for name in dir(owner) if name.startswith(begun) and (begun or not name.startswith("_"))]
    return cursor - len(begun), cursor, [_item(name, getattr(owner, name, None)) for name in found[:MOST]]


_OWN = {
    "adopted",
    "app",
    "interpreter",
    "wit_world",
    "componentize_py_types",
    "componentize_py_runtime",
    "componentize_py_async_support",
    "poll_loop",
}


def _item(name, value):
    return Item(name, resolve.kind(value) if value is not None else "instance", resolve.signature(value))
