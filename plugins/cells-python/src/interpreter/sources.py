"""Keeps the source of cells under names like `cell 3`, so that tracebacks and inspection can show it."""

import linecache
import os
import re

_NAME = re.compile(r"cell \S+\Z")
# `os` is frozen, and in the component its file is where none of the others is.
_LIBRARIES = "<frozen ", os.path.dirname(linecache.__file__) + "/", os.path.dirname(os.path.dirname(__file__)) + "/"


def remember(name, code):
    """Files the source of a cell where Python looks for the lines of a file."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)


def is_cell(filename):
    """Whether a file name is that of a cell."""
    return _NAME.match(filename) is not None


def is_library(filename):
    """Whether a file name is that of Python's library or of the interpreter: all other code came from a cell."""
    return filename.startswith(_LIBRARIES)


def of(filename):
    """The source of a cell; empty where there is none."""
    return "".join(linecache.getlines(filename))


def all_cells():
    """The names and sources of all cells."""
    return {name: "".join(entry[2]) for name, entry in linecache.cache.items() if is_cell(name) and len(entry) == 4}
