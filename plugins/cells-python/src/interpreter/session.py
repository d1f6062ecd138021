"""Runs cells, one after another, in one namespace that outlives them."""

import ast
import builtins
import collections
import sys
import types

from . import completion, display, keeping, sources, streams, ticks, tracebacks


class Failure(Exception):
    """An exception that a cell did not catch: its class, its text and the lines of its traceback."""

    def __init__(self, name, text, lines):
        self.name, self.text, self.lines = name, text, lines


class Session:
    """The state between cells."""

    def __init__(self, send_output, send_error, ask):
        """The first two functions take the text that cells print; `ask` raises when a cell is to stop."""
        self.module = types.ModuleType("__main__")
        self.module.__doc__ = None
        self.names = self.module.__dict__
        self.names.update(__builtins__=builtins, _="", __="", ___="")
        sys.modules["__main__"] = self.module
        self._send, self._ask = (send_output, send_error), ask
        self._kept, self._reserve = collections.deque(), None

    def offer(self, names):
        """Names that every cell finds."""
        self.names.update(names)
        completion.offered.update(names)

    def execute(self, code, count, silent):
        """Runs a cell; the forms of its last expression as a dictionary from MIME types to bytes."""
        name = f"cell {count}"
        return self._guarded(lambda: self._run(code, name, count, silent))

    def evaluate(self, expression):
        """The forms of one expression."""

        def run():
            sources.remember("cell expression", expression)
            tree = ticks.counted(ast.parse(expression.strip(), "cell expression", "eval"))
            compiled = compile(tree, "cell expression", "eval", dont_inherit=True)
            return display.forms(eval(compiled, self.names))

        return self._guarded(run)

    def _put_by(self):
        if self._reserve is None:
            try:
                self._reserve = bytearray(RESERVE)
            except MemoryError:
                pass

    def beside(self, ask):
        """What a front end asks beside a cell: a cell's own classes may answer, and print nothing."""
        keeping.restore()
        ticks.begin(self._ask)
        with streams.redirected(_unheard, _unheard):
            return ask()

    def _run(self, code, name, count, silent):
        sources.remember(name, code)
        try:
            tree = ast.parse(code, name)
        except SyntaxError as error:
            raise _with_hint(error, code)
        tree = ticks.counted(tree)
        shown = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            shown = ast.Expression(tree.body.pop().value)
        # What comes before the last expression is seen by it, also when it fails to compile.
        body = compile(tree, name, "exec", dont_inherit=True)
        last = compile(shown, name, "eval", dont_inherit=True) if shown is not None else None
        exec(body, self.names)
        if last is None:
            return {}
        value = eval(last, self.names)
        if value is None or silent or code.rstrip().endswith(";"):
            return {}
        self._keep(value, count)
        return display.forms(value)

    def _keep(self, value, count):
        self.names["___"], self.names["__"] = self.names.get("__", ""), self.names.get("_", "")
        self.names["_"] = value
        name = f"_{count}"
        self.names[name] = value
        # Handles are counted by the host: only the last ten results stay, whatever their cells' numbers are.
        if name in self._kept:
            self._kept.remove(name)
        self._kept.append(name)
        if len(self._kept) > 10:
            self.names.pop(self._kept.popleft(), None)

    def _guarded(self, run):
        keeping.restore()
        ticks.begin(self._ask)
        self._put_by()
        try:
            with streams.redirected(*self._send):
                return run()
        except BaseException as error:
            if isinstance(error, MemoryError):
                self._reserve = None
            keeping.restore()
            failure = Failure(*tracebacks.describe(error))
            tracebacks.forget(error)
        raise failure


RESERVE = 4 << 20
"""Bytes that are put by, so that a cell that took all memory is told so, and the next one can give some back."""


def _unheard(_text):
    """Takes text that nobody shows."""


def _with_hint(error, code):
    line = (error.text or "").strip()
    if line.startswith(("%", "!")):
        error.add_note("a cell is plain Python: it has no magics (%) and no shell (!)")
    elif line.endswith("?"):
        error.add_note("a cell is plain Python: help(name) tells what a name is")
    return error
