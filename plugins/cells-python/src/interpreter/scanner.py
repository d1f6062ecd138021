"""Reads a piece of Python up to the cursor: which brackets and which string are open there."""

import re
from dataclasses import dataclass, field

_PREFIX = re.compile(r"[rRbBuUfFtT]{0,2}\Z")
_CALLEE = re.compile(r"((?:[^\W\d]\w*\s*\.\s*)*[^\W\d]\w*)\s*\Z")
_CHAIN = re.compile(r"((?:[^\W\d]\w*\.)*)([^\W\d]\w*)?\Z")
_KEYWORD = re.compile(r"([^\W\d]\w*)\s*=\s*\Z")


@dataclass
class State:
    """What is open at the cursor."""

    brackets: list = field(default_factory=list)
    """(the bracket, its position) from the outermost to the innermost."""
    string: tuple | None = None
    """(its quotes, the position of its first character) of an open string."""
    comment: bool = False


def scan(code, cursor):
    """The state at `cursor`, a count of characters."""
    state, at = State(), 0
    while at < cursor:
        mark = code[at]
        if state.string is not None:
            quotes = state.string[0]
            if mark == "\\":
                at += 2
                continue
            if code.startswith(quotes, at) and at + len(quotes) <= cursor:
                state.string = None
                at += len(quotes)
                continue
            if mark == "\n" and len(quotes) == 1:
                state.string = None
        elif state.comment:
            state.comment = mark != "\n"
        elif mark in "'\"":
            quotes = mark * 3 if code.startswith(mark * 3, at) else mark
            at += len(quotes)
            state.string = (quotes, at)
            continue
        elif mark == "#":
            state.comment = True
        elif mark in "([{":
            state.brackets.append((mark, at))
        elif mark in ")]}" and state.brackets:
            state.brackets.pop()
        at += 1
    return state


def chain(code, cursor):
    """What stands before the cursor: the dotted names in front (`a.b.`), and the name that was begun."""
    found = _CHAIN.search(code[:cursor])
    return found.group(1), found.group(2) or ""


def call_at(code, state):
    """The innermost open call: the dotted name that is called and where its arguments begin; None outside of calls."""
    for bracket, at in reversed(state.brackets):
        if bracket == "(":
            callee = _CALLEE.search(code[:at])
            if callee:
                return re.sub(r"\s", "", callee.group(1)), at + 1
    return None


def keyword_of_string(code, start):
    """The keyword that a string is given to, where `start` is its first character; empty for a positional one."""
    before = code[:start].rstrip("'\"")
    before = before[: len(before) - len(_PREFIX.search(before).group())]
    found = _KEYWORD.search(before)
    return found.group(1) if found else ""
