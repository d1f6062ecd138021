"""Finds what a dotted name in a cell means, without calling anything that a cell wrote."""

import builtins
import inspect

from . import sources


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
        if computed(found, name):
            raise Unknown(dotted)
        try:
            found = getattr(found, name)
        except Exception as error:
            raise Unknown(dotted) from error
    return found


def computed(owner, name):
    """Whether code of a cell would run to find this attribute: a property, another descriptor, or `__getattr__`."""
    kind, missing = type(owner), object()
    if _of_cell(inspect.getattr_static(kind, "__getattribute__", None)):
        return True
    held = inspect.getattr_static(owner, name, missing)
    if held is missing:
        return _of_cell(inspect.getattr_static(kind, "__getattr__", None))
    if not hasattr(type(held), "__get__"):
        return False
    return any(_of_cell(part) for part in (getattr(held, "fget", None), getattr(held, "func", None), type(held).__get__))


def _of_cell(function):
    code = getattr(function, "__code__", None)
    return code is not None and sources.is_cell(code.co_filename)


def kind(found):
    """What an object is, in the contract's words."""
    if isinstance(found, type):
        return "class"
    if type(found).__name__ == "module":
        return "module"
    return "function" if _is_function(found) else "instance"


def _is_function(found):
    """Whether it is there to be called: an image or a classifier, which holds something of the host's, can be and is more than that."""
    return callable(found) and inspect.getattr_static(found, "handle", None) is None


def signature(found):
    """The call of an object, as `(sigma=10.0)`; empty where it has none."""
    if not _is_function(found):
        return ""
    try:
        return str(inspect.signature(found))
    except (ValueError, TypeError):
        return ""
