"""Checks what crosses to the host against the binding's own annotations: a value that the binding cannot convert ends the component."""

import dataclasses
import functools
import inspect
import types
import typing
from enum import Enum

SIZES = {"seed": (0, 2**64 - 1), "offsets": (-(2**31), 2**31 - 1)}
"""Whole numbers that are no u32, by the name of their argument."""
WHOLE, SIGNED = (0, 2**32 - 1), (-(2**63), 2**63 - 1)
LONG = ("Value_Integer", "IntegerRange")


def arguments(function, given):
    """The arguments of a call as the binding takes them."""
    named = _parameters(getattr(function, "__func__", function), inspect.ismethod(function))
    if len(named) != len(given):
        return given
    return [_fitted(value, hint, name, SIZES.get(name, WHOLE)) for value, (name, hint) in zip(given, named)]


def record(value):
    """A record of the contract, its fields as the binding takes them."""
    own = SIGNED if type(value).__name__ in LONG else None
    for name, hint in _fields(type(value)).items():
        before = getattr(value, name)
        after = _fitted(before, hint, name, own or SIZES.get(name, WHOLE))
        if after is not before:
            setattr(value, name, after)
    return value


def text(value):
    """Text without lone surrogates, which no UTF-8 has."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


@functools.cache
def _parameters(function, bound):
    code = getattr(function, "__code__", None)
    hints = _hints(function)
    names = code.co_varnames[bound : code.co_argcount] if code else ()
    return [(name, hints.get(name)) for name in names]


@functools.cache
def _fields(kind):
    return _hints(kind) if dataclasses.is_dataclass(kind) else {}


def _hints(of):
    try:
        return typing.get_type_hints(of)
    except Exception:
        return {}


def _fitted(value, hint, name, bounds):
    if hint is int:
        return _whole(value, name, bounds)
    if hint is str:
        return text(value) if isinstance(value, str) else _wrong(name, value, "text")
    if hint is bool:
        return value if isinstance(value, bool) else _wrong(name, value, "True or False")
    if hint is float:
        return _real(value, name)
    if hint is bytes:
        return value if isinstance(value, (bytes, bytearray)) else _wrong(name, value, "bytes")
    if typing.get_origin(hint) is list:
        return _list(value, typing.get_args(hint)[0], name, bounds)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _one_of(value, typing.get_args(hint), name, bounds)
    if isinstance(hint, type) and hint is not typing.Any:
        if not isinstance(value, hint):
            _wrong(name, value, f"a {hint.__name__.lower()}")
        return record(value) if not issubclass(hint, Enum) else value
    return value


def _whole(value, name, bounds):
    least, most = bounds
    if type(value) is int and least <= value <= most:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return int(value)
    _wrong(name, value, f"a whole number from {least} to {most}")


def _real(value, name):
    if type(value) is float:
        return value
    try:
        if isinstance(value, (int, float)):
            return float(value)
    except OverflowError:
        pass
    _wrong(name, value, "a number")


def _list(value, part, name, bounds):
    if not isinstance(value, (list, tuple)):
        _wrong(name, value, "a list")
    if part is float and set(map(type, value)) == {float}:
        return value
    return [_fitted(one, part, name, bounds) for one in value]


def _one_of(value, hints, name, bounds):
    if value is None and type(None) in hints:
        return None
    hints = [hint for hint in hints if hint is not type(None)]
    if len(hints) == 1:
        return _fitted(value, hints[0], name, bounds)
    if type(value) not in hints:
        _wrong(name, value, " or ".join(hint.__name__ for hint in hints))
    return record(value)


def _wrong(name, value, expected):
    from .errors import ArgumentError

    if type(value) is int and value.bit_length() > 256:
        found = "a number of more than 77 digits"
    else:
        found = repr(value)
        found = found if len(found) <= 60 else f"a {type(value).__name__}"
    raise ArgumentError(f"`{name}` is {text(found)}, expected {expected}")
