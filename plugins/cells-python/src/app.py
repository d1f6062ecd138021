"""What the component exports: the interpreter of cells, and whatever a definition of another instance makes it."""

import builtins
import random

import adopted
import lacuna
from componentize_py_types import Err
from interpreter import completeness, completion, inspection, keeping, library, sandbox, ticks, tracebacks  # noqa: F401
from interpreter.session import Failure, Session
from lacuna import fitting
from lacuna.errors import call
from lacuna.notebook import pictures
from wit_world import exports
from wit_world.exports import cells as wit
from wit_world.imports import notebook
from wit_world.imports.notebook import Standard
from wit_world.imports.tensors import Tensor

DEPTH = 600
"""Python calls inside each other; with 2 MiB of stack all that Python counts ends as RecursionError (512 KiB bear 150)."""



def ask():
    """Asks the host for the smallest thing there is. Raises KeyboardInterrupt when the user wants to stop."""
    try:
        call(Tensor.full, [1], 0.0)
    except Exception:
        # A limit that this meets is met by the cell itself, where it says more.
        pass


session = Session(
    lambda text: call(notebook.print, Standard.OUTPUT, text),
    lambda text: call(notebook.print, Standard.ERROR, text),
    ask,
)
ticks.begin(ask)
session.offer({name: getattr(lacuna, name) for name in lacuna.__all__} | {"lacuna": lacuna})
builtins.help = inspection.Help(lacuna.__doc__)
sandbox.close(DEPTH)
keeping.keep()
started = False


def start():
    """Seeds Python's random numbers, which the component draws anew when it is first called."""
    global started
    if not started:
        started = True
        random.seed(0)


def answered(run):
    """The forms of a value; an exception as the contract's failure."""
    try:
        return [pictures.form(mime, data) for mime, data in run().items()]
    except Failure as failure:
        failed = wit.Failure(failure.name, failure.text, failure.lines)
    except Exception as error:
        failed = wit.Failure(*tracebacks.describe(error))
    raise Err(fit(failed))


def fit(failed):
    """A failure whose texts can cross."""
    lines = [fitting.text(line) for line in failed.traceback]
    return wit.Failure(fitting.text(failed.name), fitting.text(failed.text), lines)


class Cells(exports.Cells):
    def execute(self, code, count, silent):
        start()
        return answered(lambda: session.execute(code, count, silent))

    def evaluate(self, expression):
        return answered(lambda: session.evaluate(expression))

    def complete(self, code, cursor):
        try:
            start, end, items = session.beside(lambda: completion.complete(session.names, code, cursor))
        except BaseException:  # What a cell's own class answers, a wish to stop included.
            start, end, items = cursor, cursor, []
        return wit.Completions(start, end, [wit.Completion(*map(fitting.text, (item.text, item.kind, item.signature))) for item in items])

    def inspect(self, code, cursor, detail):
        try:
            text = session.beside(lambda: inspection.find(session.names, code, cursor, detail))
        except BaseException:
            return None
        return None if text is None else [pictures.form("text/plain", text.encode("utf-8", "replace"))]

    def is_complete(self, code):
        found = completeness.check(code)
        if found == completeness.COMPLETE:
            return wit.Completeness_Complete()
        return wit.Completeness_Invalid() if found == completeness.INVALID else wit.Completeness_Incomplete(found[1])

    def adopt(self, kind, code, tensors):
        try:
            return adopted.adopt(kind.name.lower(), code, tensors)
        except BaseException as error:
            failed = wit.Failure(*tracebacks.describe(error))
            tracebacks.forget(error)
        raise Err(fit(failed))


class Description(exports.Description):
    def describe(self):
        return adopted.info()


class Perturbations(exports.Perturbations):
    def create(self, images, settings, seed):
        return adopted.create(images, settings, seed)


class Methods(exports.Methods):
    def explain(self, request):
        return adopted.explain(request)


class Metrics(exports.Metrics):
    def measure(self, request):
        return adopted.measure(request)
