"""What a definition's function raises, as an error of the contract with the line where it happened."""

import random
import traceback

from componentize_py_types import Err
from wit_world.imports import errors, remedies

from .. import fitting
from ..errors import LacunaError, LimitError


class answering:
    """Turns every exception into the contract's error. `where(exception)` names the line of the user's code.

    A class, since contextlib assigns to the exceptions that pass it, and an `Err` is frozen.
    """

    def __init__(self, where=None):
        self.where = where or place

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _trace):
        if error is None or isinstance(error, Err):
            return False
        answer = failure(error, self.where(error))
        clear(error)
        raise Err(answer) from None


def seeded(seed):
    """Python's own random numbers, from the seed of the run."""
    random.seed(seed)


def failure(error, at):
    """The contract's error for an exception."""
    if isinstance(error, KeyboardInterrupt):
        return errors.Error_Cancelled()
    text = f"{type(error).__name__}: {error.text if isinstance(error, LacunaError) else error}".rstrip(": ")
    if isinstance(error, LimitError) and error.limit == "readback" and error.allowed == 0:
        text += ', or its decorator does not ask for it: needs=["readback"], of a method needs=["gradients", "readback"]'
    if at:
        text = f"{text} ({at})"
    given = error.contract_remedies if isinstance(error, LacunaError) else []
    return errors.Error_Unsupported(errors.Refusal(fitting.text(text[:2000]), list(given)))


def place(error):
    """The innermost line outside of this package: `fade.py, line 7`."""
    found, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] != "lacuna" and not name.startswith("<"):
            found = f"{name.rpartition('/')[2]}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


def clear(error):
    """Frees the handles that the frames of an exception hold."""
    traceback.clear_frames(error.__traceback__)
    error.with_traceback(None)


def remedy(given):
    """A remedy of the contract; a sentence is an advice."""
    return remedies.Remedy_Advice(fitting.text(given.rstrip("."))) if isinstance(given, str) else given
