"""Finds what a dotted name in a cell means, without calling anything."""

import builtins


class Unknown(LookupError):
    """Nothing has that name."""


def value(names, dotted):
    """The object that `a.b.c` names."""
    first, *rest = dotted.strip(".").split(".")
    if first in names:
        found = names[first]
    elif hasattr(builtins, first):
        found = getattr(builtins, first)
    else:
        raise Unknown(dotted)
    for name in rest:
        try:
            found = getattr(found, name)
        except Exception as error:
            raise Unknown(dotted) from error
    return found


def kind(found):
    """What an object is, in the contract's words."""
    if isinstance(found, type):
        return "class"
    if type(found).__name__ == "module":
        return "module"
    if callable(found):
        return "function"
    return "instance"


def signature(found):
    """The call of an object, as `(sigma=10.0)`; empty where it has none."""
    import inspect

    if not callable(found):
        return ""
    try:
        return str(inspect.signature(found))
    except (ValueError, TypeError):
        return ""
