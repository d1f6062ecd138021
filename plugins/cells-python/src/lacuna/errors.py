"""What the host refuses, as ordinary Python exceptions whose text names the remedy in Python words."""

import difflib
import re

from componentize_py_types import Err

from . import fitting

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DIRECTIONS = {"LARGER": "larger", "SMALLER": "smaller", "ANOTHER": "another"}


class LacunaError(Exception):
    """Something that Lacuna refused; `remedies` says what to change, in Python words."""

    def __init__(self, text, remedies=(), contract_remedies=()):
        self.text = text
        self.remedies = list(remedies)
        self.contract_remedies = list(contract_remedies)
        super().__init__(text)

    def __str__(self):
        return self.text if not self.remedies else f"{self.text} (try: {'; '.join(self.remedies)})"


class ShapeError(LacunaError, ValueError):
    """Sizes that do not fit together."""


class ArgumentError(LacunaError, ValueError):
    """An argument outside its range, or a name that nothing has."""


class LimitError(LacunaError):
    """A limit or a grant that this notebook ran into; `limit`, `allowed` and `requested` say which."""

    def __init__(self, text, limit="", allowed=0, requested=0):
        super().__init__(text)
        self.limit, self.allowed, self.requested = limit, allowed, requested


class GradientError(LacunaError):
    """A gradient was asked for that does not exist."""


class Refused(LacunaError):
    """What the host or a plugin cannot do."""


class NonFiniteError(LacunaError, ArithmeticError):
    """Numbers that are NaN or infinite."""


class PluginError(LacunaError):
    """A plugin failed."""


class SandboxError(LacunaError, OSError):
    """Something that a sandbox has none of: files, network, processes, threads, a clock."""


for _kind in (
    LacunaError,
    ShapeError,
    ArgumentError,
    LimitError,
    GradientError,
    Refused,
    NonFiniteError,
    PluginError,
    SandboxError,
):
    # As a cell names them.
    _kind.__module__ = "lacuna"


def call(function, *arguments):
    """Calls the host; what it refuses is raised as one of this module's exceptions, a wish to stop as KeyboardInterrupt.

    Arguments that cannot cross are refused here, with the same exceptions.
    """
    arguments = fitting.arguments(function, arguments)
    try:
        return function(*arguments)
    except Err as refused:
        # The bindings' frame names the exception that its traceback holds: the cycle would keep the handles of all frames.
        refused.with_traceback(None)
        raise exception(refused.value) from None


def exception(error):
    """The Python exception for an error of the contract."""
    match type(error).__name__:
        case "Error_Shape":
            found = " x ".join(map(str, error.value.found))
            return ShapeError(f"{operation(error.value.operation)} expected {error.value.expected}, found {found}")
        case "Error_Argument":
            value = error.value
            where = operation(value.operation)
            return ArgumentError(
                f"{where}: `{python_name(value.argument)}` is {value.found}, expected {value.expected}"
            )
        case "Error_Limit":
            return limit(error.value)
        case "Error_NotDifferentiable":
            return refusal(GradientError, error.value)
        case "Error_Unsupported":
            return refusal(Refused, error.value)
        case "Error_NonFinite":
            return refusal(NonFiniteError, error.value)
        case "Error_Plugin":
            return PluginError(error.value)
        case "Error_Cancelled":
            return KeyboardInterrupt("interrupted")
    return LacunaError(str(error))


def limit(value):
    """The exception of a limit or grant; an allowance of 0 is a grant that was not given."""
    if value.allowed == 0:
        text = f"`{value.limit}` is not granted to this notebook"
    else:
        allowed, requested = (amount(value.limit, number) for number in (value.allowed, value.requested))
        text = f"the limit `{value.limit}` allows {allowed}, and {requested} were asked for: raise it under [limits] in lacuna.toml"
    return LimitError(text, value.limit, value.allowed, value.requested)


def amount(limit, number):
    """A number of bytes in MiB, any other as it is."""
    return f"{number / 2**20:.6g} MiB" if limit in ("guest-memory", "device-memory", "readback") else str(number)


def refusal(kind, value):
    """The exception of a refusal, with its remedies in Python words."""
    return kind(value.text, [words(remedy) for remedy in value.remedies], value.remedies)


def words(remedy):
    """A remedy as one would type it: `steps=300`, `another target`, or the advice itself."""
    value = remedy.value
    match type(remedy).__name__:
        case "Remedy_Set":
            return f"{python_name(value.name)}={value.value.value!r}"
        case "Remedy_Adjust":
            return f"{_DIRECTIONS[value.direction.name]} {python_name(value.parameter)}"
        case "Remedy_Choose":
            return f"another {value.name.lower()}="
    return value


def python_name(name):
    """`learning-rate` as Python spells it: `learning_rate`."""
    return name.replace("-", "_")


def contract_name(name):
    """`learning_rate` as the contract spells it: `learning-rate`."""
    if not isinstance(name, str):
        raise TypeError(f"a name is {name!r}, expected text")
    return name.strip("_").replace("_", "-")


def plugin_name(name):
    """The contract's name of what Python calls `mean_inpaint` or `MeanInpaint`: `mean-inpaint`."""
    return contract_name(_HUMP.sub("-", name).lower() if isinstance(name, str) else name)


def operation(name):
    """The name of an operation, without the contract's hyphens."""
    return python_name(name)


def nearest(name, names):
    """`; did you mean `fido`?` where a name is like one of the others, else nothing."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean `{found[0]}`?" if found else ""
