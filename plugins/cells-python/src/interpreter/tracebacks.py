"""An uncaught exception as a notebook shows it: the cells' own lines, and no frame of the interpreter's or of a library's."""

import re
import traceback

from . import sources

_FILE = re.compile(r'^(\s*)File "(cell \S+)", line', re.MULTILINE)

HINTS = [
    (FileNotFoundError, "cells have no files: images and models come by name from what the notebook opens"),
    (MemoryError, "the sandbox has no memory left for this: the limit is `guest-memory`"),
    (RecursionError, "a sandbox has a small stack: use a loop"),
    (SystemExit, "a cell cannot end the kernel: restart it from the notebook's menu"),
]


def describe(error):
    """The class, the text and the traceback's lines of an exception."""
    hint = next((text for kind, text in HINTS if isinstance(error, kind)), None)
    try:
        if isinstance(error, MemoryError) and str(error):
            hint = None  # The compiler has words of its own for source that is nested too deep.
        if hint and hint not in str(error) and hint not in getattr(error, "__notes__", ()):
            error.add_note(hint)
        return type(error).__name__, text(error), lines(error)
    except (MemoryError, RecursionError, Exception) as second:
        name = type(error).__name__
        return name, hint or "", [f"{name}: {hint or f'its text cannot be shown ({type(second).__name__})'}"]


def text(error):
    """The exception's own words, bounded."""
    return bounded(str(error), 10_000)


def lines(error):
    """The traceback, a line each."""
    whole = traceback.TracebackException.from_exception(error, compact=True)
    _only_cells(whole, set())
    shown = bounded("".join(whole.format()).rstrip("\n"), 100_000)
    return _FILE.sub(r"\1Cell \2, line", shown).replace("Cell cell ", "Cell ").split("\n")


def bounded(text, most):
    """The text, shortened in its middle to `most` characters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def where(error):
    """The innermost line of a cell that an exception passed, as `cell 3, line 2`; empty where it passed none."""
    place, trace = "", error.__traceback__
    while trace is not None:
        if sources.is_cell(trace.tb_frame.f_code.co_filename):
            place = f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def forget(error):
    """Frees what the frames of an exception hold: handles of tensors wait for nothing else."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error.with_traceback(None)
        error = error.__cause__ or error.__context__


def _only_cells(whole, seen):
    if whole is None or id(whole) in seen:
        return
    seen.add(id(whole))
    kept = [frame for frame in whole.stack or [] if sources.is_cell(frame.filename)]
    whole.stack = traceback.StackSummary.from_list(kept) if kept else None
    _only_cells(whole.__cause__, seen)
    _only_cells(whole.__context__, seen)
    for part in whole.exceptions or []:
        _only_cells(part, seen)
