"""Whether a cell is whole, or waits for more lines, and how the next one is indented."""

import codeop
import warnings

from . import scanner

COMPLETE, INVALID = "complete", "invalid"
LEAVING = ("return", "pass", "break", "continue", "raise")


def check(code):
    """`complete`, `invalid`, or a tuple of `incomplete` and the next line's indentation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiled = codeop.compile_command(code, "cell", "exec")
        except (SyntaxError, OverflowError, ValueError, MemoryError, RecursionError):
            return INVALID
    lines = code.split("\n")
    if compiled is None:
        return "incomplete", indentation(code)
    written = [line for line in lines if line.strip()]
    if written and written[-1][:1].isspace() and lines[-1].strip():
        # A block may go on: an empty line ends it.
        if scanner.scan(code, len(code)).brackets or _closes(written[-1]):
            return COMPLETE
        return "incomplete", indentation(code)
    return COMPLETE


def indentation(code):
    """The white space with which the next line begins."""
    state = scanner.scan(code, len(code))
    if state.string is not None:
        return ""
    written = [line for line in code.split("\n") if line.strip()]
    if not written:
        return ""
    last = written[-1]
    margin = last[: len(last) - len(last.lstrip())]
    bare = last.split("#")[0].rstrip()
    if state.brackets:
        return margin + "    " if bare.endswith(("(", "[", "{")) else margin
    if bare.endswith(":"):
        return margin + "    "
    if bare.split() and bare.split()[0] in LEAVING:
        return margin[:-4]
    return margin


def _closes(line):
    return line.strip() in (")", "]", "}")
