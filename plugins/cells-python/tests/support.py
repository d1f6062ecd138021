"""One interpreter for each test, against the host of lists in `fake/`."""

import base64
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "fake"), str(HERE.parent / "src"), str(HERE.parents[2] / "wit")]

import adopted  # noqa: E402, F401
import app  # noqa: E402
import lacuna  # noqa: E402
from componentize_py_types import Err  # noqa: E402
from interpreter.session import Session  # noqa: E402
from lacuna.notebook import carrying, catalogue, opening  # noqa: E402
from wit_world.imports import notebook, tensors  # noqa: E402


def held(form):
    """The bytes of a form."""
    text = form.data.value
    return base64.b64decode(text) if isinstance(form.data, notebook.Content_Base64) else text.encode()


class CellsTest(unittest.TestCase):
    """Runs cells, and looks at what the notebook was told."""

    def setUp(self):
        notebook.seen.__init__()
        tensors.readback = True
        catalogue.defined.clear()
        carrying._carried.clear()
        opening.alone = False
        fresh = Session(*app.session._send, app.ask)
        fresh.offer({name: getattr(lacuna, name) for name in lacuna.__all__} | {"lacuna": lacuna})
        app.session = fresh
        self.cells, self.count = app.Cells(), 0

    @property
    def seen(self):
        return notebook.seen

    def forms(self, code, silent=False):
        """The forms of a cell's last expression."""
        self.count += 1
        return {form.mime: held(form) for form in self.cells.execute(code, self.count, silent)}

    def run_cell(self, code):
        """The text of a cell's last expression; None without one."""
        data = self.forms(code).get("text/plain")
        return None if data is None else data.decode()

    def failure(self, code):
        """What a cell fails with."""
        with self.assertRaises(Err) as raised:
            self.forms(code)
        return raised.exception.value

    def printed(self, to="OUTPUT"):
        return "".join(text for where, text in self.seen.printed if where == to)
