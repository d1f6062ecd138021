"""Puts Python's own names and modules back before each cell, so that a cell that breaks them harms itself only."""

import builtins
import sys

_builtins, _modules = {}, {}


def keep():
    """Remembers what there is. Called once, when all is in place."""
    _builtins.update(vars(builtins))
    _modules.update(sys.modules)


def restore():
    """Puts back what is missing or replaced."""
    # Without a builtin that a cell may have deleted: this runs after such a cell.
    _builtins_now.update(_builtins)
    modules = sys.modules
    if modules.__len__() < _modules.__len__() or "traceback" not in modules:
        for name in _modules:
            modules.setdefault(name, _modules[name])


_builtins_now = vars(builtins)
