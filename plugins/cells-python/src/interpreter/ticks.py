"""Looks now and then whether the user wants a cell to stop, also in code that never asks the host for anything.

Every loop, comprehension and function of a cell counts its turns through a name of its own. Counting is done by an iterator in C, which
calls Python once in many turns only.
"""

import ast
import builtins
import itertools

NAME = "__lacuna_tick__"

EVERY = 10_000
"""Turns between two looks: a few milliseconds of a loop that does nothing."""


class _Turns:
    """Batches of turns; before each but the first the host is asked, which raises when the cell is to stop."""

    def __init__(self, ask):
        self._ask, self._first = ask, True

    def __iter__(self):
        return self

    def __next__(self):
        if not self._first:
            try:
                self._ask()
            except BaseException:
                # An iterator that raised has ended: whoever goes on needs another.
                begin(self._ask)
                raise
        self._first = False
        return itertools.repeat(None, EVERY)


def begin(ask):
    """Begins to count. `ask` raises when the cell is to stop."""
    setattr(builtins, NAME, itertools.chain.from_iterable(_Turns(ask)).__next__)


class _Counting(ast.NodeTransformer):
    def _loop(self, node):
        self.generic_visit(node)
        node.body.insert(0, _statement(node))
        return node

    visit_For = visit_While = visit_AsyncFor = _loop

    def _function(self, node):
        self.generic_visit(node)
        # A docstring stays where it is looked for.
        node.body.insert(1 if ast.get_docstring(node, clean=False) is not None else 0, _statement(node))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_comprehension(self, node):
        self.generic_visit(node)
        node.ifs.insert(0, _at(ast.Compare(_call(node.iter), [ast.Is()], [ast.Constant(None)]), node.iter))
        return node


def _at(node, place):
    """The node with everything in it at the place of another."""
    for inner in ast.walk(node):
        ast.copy_location(inner, place)
    return node


def _call(place):
    return _at(ast.Call(ast.Name(NAME, ast.Load()), [], []), place)


def _statement(place):
    return _at(ast.Expr(_call(place)), place)


def counted(tree):
    """The syntax tree of a cell with its turns counted."""
    return _Counting().visit(tree)
