"""Typed parameters, taken from a function's annotations and defaults, and values checked against their kind."""

import inspect
import math
import re
import typing
from dataclasses import dataclass

from .errors import ArgumentError, contract_name, nearest, python_name

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
WIDEST = 1e9
"""The ends of a range that nobody gave."""


@dataclass(frozen=True)
class Range:
    """What a number may be, both ends included: `strength: Annotated[float, Range(0, 1)] = 0.5`."""

    minimum: float
    maximum: float
    unit: str = ""
    source: str = ""
    summary: str = ""

    def __post_init__(self):
        if not self.minimum <= self.maximum:
            raise ArgumentError(f"Range({self.minimum!r}, {self.maximum!r}) has no number in it: the smaller end comes first")

    def __repr__(self):
        return f"Range({self.minimum:g}, {self.maximum:g})"


@dataclass(frozen=True)
class Parameter:
    """One typed parameter; `kind` is `number`, `integer`, `choice`, `flag` or `text`.

    `options` of a choice are texts, as the contract has them; `values` is what they mean to the function, where that is another type.
    """

    name: str
    kind: str
    default: object
    minimum: float | None = None
    maximum: float | None = None
    options: tuple = ()
    unit: str = ""
    source: str = ""
    summary: str = ""
    values: tuple = ()

    @property
    def python_name(self):
        """The name as a keyword of Python."""
        return python_name(self.name)

    def checked(self, value):
        """The value as its kind has it; refused where it is of another kind or out of range."""
        made = self._converted(value)
        if made is None or (self.kind == "choice" and made not in self.options):
            near = nearest(str(value), self.options)
            raise ArgumentError(f"`{self.python_name}` is {value!r}, expected {self.allowed}{near}")
        if self.minimum is not None and made < self.minimum or self.maximum is not None and made > self.maximum:
            raise ArgumentError(f"`{self.python_name}` is {value!r}, expected {self.allowed}")
        return made

    def _converted(self, value):
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.kind == "number" and real and math.isfinite(value):
            return float(value)
        if self.kind == "integer" and real and float(value).is_integer():
            return int(value)
        if self.kind == "flag" and isinstance(value, bool):
            return value
        if self.kind == "choice" and self.values and not isinstance(value, str):
            return self.options[self.values.index(value)] if value in self.values else None
        if self.kind == "choice" and isinstance(value, str):
            return value if value in self.options else contract_name(value)
        if self.kind == "text":
            if isinstance(value, (list, tuple)):
                return ",".join(map(str, value))
            return value if isinstance(value, str) else str(value) if real else None
        return None

    def meant(self, value):
        """What the function is given for a value of the contract."""
        return self.values[self.options.index(value)] if self.values and value in self.options else value

    @property
    def allowed(self):
        """What is allowed, in words."""
        between = ""
        if self.minimum is not None and (self.minimum, self.maximum) != (-WIDEST, WIDEST):
            between = f" from {self.minimum:g} to {self.maximum:g}"
        if self.kind == "choice":
            return "one of " + ", ".join(map(repr, self.values or self.options))
        return {"number": "a number", "integer": "a whole number", "flag": "True or False", "text": "text"}[
            self.kind
        ] + between


def described(heading, summary, parameters):
    """A plugin with each of its parameters, as text."""
    lines = [heading, summary]
    for one in parameters:
        unit = f" {one.unit}" if one.unit else ""
        source = f" [{one.source}]" if one.source else ""
        lines.append(f"  {one.python_name} = {one.default!r}{unit}: {one.summary} ({one.allowed}){source}")
    return "\n".join(lines)


def of_function(function, reserved, caller="", own=()):
    """The parameters of a function: those that the host does not fill in itself.

    Users give them to `caller`, whose `own` arguments no parameter may be named like.
    """
    hints = _hints(function)
    found, spelled = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in reserved:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ArgumentError(f"`*{parameter.name}` has no type: name each parameter, with a default")
        name = python_name(contract_name(parameter.name))
        if name in own:
            raise ArgumentError(
                f"`{parameter.name}` is what `{caller}` calls an argument of its own, so no value would reach it: name it otherwise"
            )
        if name in spelled:
            raise ArgumentError(f"`{spelled[name]}` and `{parameter.name}` are one name, `{name}`: name one otherwise")
        spelled[name] = parameter.name
        if parameter.default is parameter.empty:
            given = ", ".join(name for name in reserved if name != "self")
            raise ArgumentError(
                f"`{parameter.name}` needs a default, for example `{parameter.name}: float = 0.5` (given without one are: {given})"
            )
        found.append(_described(parameter.name, hints.get(parameter.name), parameter.default))
    return found


def _hints(function):
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:
        return dict(getattr(function, "__annotations__", {}))


def _described(name, hint, default):
    extra, hint = Range(-WIDEST, WIDEST), hint
    ranged = False
    if typing.get_origin(hint) is typing.Annotated:
        for note in hint.__metadata__:
            if isinstance(note, Range):
                extra, ranged = note, True
        hint = hint.__origin__
    if hint is None:
        hint = type(default)
    spelled = contract_name(name)
    if not NAME.match(spelled):
        raise ArgumentError(f"`{name}` is no name of a parameter, expected lower-case words joined by _")
    told = {
        "name": spelled,
        "unit": extra.unit,
        "source": extra.source,
        "summary": extra.summary or python_name(spelled).replace("_", " "),
    }
    if typing.get_origin(hint) is typing.Literal:
        options = typing.get_args(hint)
        if not all(isinstance(option, (str, int, float)) for option in options) or len(set(map(str, options))) < len(options):
            raise ArgumentError(f"the options of `{name}` are {options}, expected different texts or numbers")
        texts = all(isinstance(option, str) for option in options)
        values = () if texts else options
        made = Parameter(kind="choice", default=default, options=tuple(map(str, options)), values=values, **told)
    elif hint is bool:
        made = Parameter(kind="flag", default=default, **told)
    elif hint in (int, float):
        kind = "integer" if hint is int else "number"
        made = Parameter(kind=kind, default=default, minimum=hint(extra.minimum), maximum=hint(extra.maximum), **told)
    elif hint is str:
        made = Parameter(kind="text", default=default, **told)
    else:
        shown = getattr(hint, "__name__", str(hint))
        raise ArgumentError(f"`{name}` is a {shown}, expected float, int, bool, str or Literal['a', 'b'] as its type")
    if ranged and made.kind not in ("integer", "number"):
        raise ArgumentError(f"`{name}` is no number, which only has a Range")
    try:
        value = made.checked(default)
    except ArgumentError as error:
        raise ArgumentError(f"the default of {error.text}") from None
    return Parameter(**{**made.__dict__, "default": value})
