"""What the component exports: the interpreter of cells, and whatever a definition of another instance makes it."""

import random
import sys

from componentize_py_types import Err
from interpreter import completeness, completion, inspection, library, sandbox, sources  # noqa: F401
from interpreter.session import Failure, Session
from wit_world import exports
from wit_world.exports import cells as wit
from wit_world.exports.description import PluginInfo
from wit_world.imports import notebook
from wit_world.imports.notebook import Form, Standard

sys.setrecursionlimit(150)
session = Session(
    lambda text: notebook.print(Standard.OUTPUT, text),
    lambda text: notebook.print(Standard.ERROR, text),
)
random.seed(0)
sandbox.close()


def answered(run):
    """The forms of a value; an exception as the contract's failure."""
    try:
        return [Form(mime, data) for mime, data in run().items()]
    except Failure as failure:
        failed = wit.Failure(failure.name, failure.text, failure.lines)
    raise Err(failed)


class Cells(exports.Cells):
    def execute(self, code, count, silent):
        return answered(lambda: session.execute(code, count, silent))

    def evaluate(self, expression):
        return answered(lambda: session.evaluate(expression))

    def complete(self, code, cursor):
        try:
            start, end, items = completion.complete(session.names, code, cursor)
        except Exception:
            start, end, items = cursor, cursor, []
        return wit.Completions(start, end, [wit.Completion(item.text, item.kind, item.signature) for item in items])

    def inspect(self, code, cursor, detail):
        try:
            text = inspection.find(session.names, code, cursor, detail)
        except Exception:
            return None
        return None if text is None else [Form("text/plain", text.encode("utf-8", "replace"))]

    def is_complete(self, code):
        found = completeness.check(code)
        if found == completeness.COMPLETE:
            return wit.Completeness_Complete()
        return wit.Completeness_Invalid() if found == completeness.INVALID else wit.Completeness_Incomplete(found[1])

    def adopt(self, kind, code, tensors):
        raise Err(wit.Failure("NotImplementedError", "", []))


class Description(exports.Description):
    def describe(self):
        return PluginInfo("cells-python", "0.1.0", "Runs the cells of a notebook in Python", [], [], [])


class Perturbations(exports.Perturbations):
    def create(self, images, settings, seed):
        raise NotImplementedError


class Methods(exports.Methods):
    def explain(self, request):
        raise NotImplementedError


class Metrics(exports.Metrics):
    def measure(self, request):
        raise NotImplementedError
