"""A saved plugin has its source with all that it refers to, and works without a notebook."""

import pathlib
import sys
import tempfile

from support import HERE, CellsTest

SOURCE = """
import math
from statistics import fmean as middle
WEIGHTS = {"a": [1.0, 2.0]}
Strength = Annotated[float, Range(0, 1)]

def helper(images):
    return images * math.pi * WEIGHTS["a"][0] + middle([0, 0])

class Keeper:
    def keep(self, images):
        return helper(images)

@perturbation
def fade(images, mask, strength: Strength = 0.5):
    "Fades what goes."
    # A remark stays.
    return mask * images + (1 - mask) * Keeper().keep(images) * strength
"""


class Saving(CellsTest):
    def test_the_source_is_whole(self):
        self.run_cell(SOURCE)
        self.assertEqual(self.run_cell("save_plugin('fade')"), "'plugins/fade'")
        files = self.seen.saved["fade"]
        text = files["fade.py"]
        self.assertTrue(
            text.startswith('"""Fades what goes."""\n\nimport math\nfrom statistics import fmean as middle\n'), text
        )
        for part in (
            "from lacuna import Annotated, Range, perturbation",
            "WEIGHTS = {'a': [1.0, 2.0]}",
            "Strength = Annotated",
            "# A remark stays.",
        ):
            self.assertIn(part, text)
        self.assertLess(text.index("def helper"), text.index("class Keeper"))
        self.assertIn("-w perturbation-plugin componentize app -o fade.wasm", files["README.md"])
        self.assertIn("| `strength` | 0.5 | a number from 0 to 1 |", files["README.md"])
        self.assertIn("wit/worlds.wit", files)
        self.assertFalse([path for path in files if "notebook" in path])
        for path, source in files.items():
            if path.endswith(".py"):
                compile(source, path, "exec")
        for path in ("app.py", "README.md", "test_fade.py"):
            self.assertNotIn("{{", files[path])

    def test_it_loads_where_there_is_no_notebook(self):
        self.run_cell(SOURCE + "save_plugin(fade)")
        with tempfile.TemporaryDirectory() as folder:
            import io

            for path, text in self.seen.saved["fade"].items():
                target = pathlib.Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with io.FileIO(target, "w") as file:
                    file.write(text.encode())
            code = (
                f"import sys; sys.path[:0] = [{folder!r}, {str(HERE / 'fake')!r}]\n"
                "for name in ('notebook', 'classifiers', 'perturbations', 'findings'): sys.modules['wit_world.imports.' + name] = None\n"
                "import app; print(app.Description().describe().name, app.Perturbations.__name__)\n"
            )
            found = _fresh_python(code)
        self.assertEqual(found, "fade Perturbations\n")

    def test_other_kinds_of_things_that_a_cell_refers_to(self):
        self.run_cell(
            "import functools\n@functools.cache\ndef once(n): return n\nhalf = lambda x: x * 0.5\nagain = half\n"
            "@perturbation(needs=['readback'])\nclass two:\n    'Two steps.'\n    def __init__(self, images): self.images = images\n"
            "    def apply(self, mask): return half(self.images) * once(1) * mask\nsave_plugin('two')"
        )
        files = self.seen.saved["two"]
        for part in (
            "@functools.cache\ndef once",
            "half = lambda x: x * 0.5",
            "@perturbation(needs=['readback'])\nclass two:",
        ):
            self.assertIn(part, files["two.py"])
        self.assertIn('"--grant", "two:readback"', files["test_two.py"])
        self.assertIn("serve(two)", files["app.py"])

    def test_refusals(self):
        self.run_cell("t = ones(2)\n@perturbation\ndef a(images, mask): return images * t")
        self.assertIn("the tensor `t`", self.failure("save_plugin('a')").text)
        self.run_cell("@perturbation\ndef b(images, mask): return image('scan')")
        self.assertIn("asks the notebook", self.failure("save_plugin('b')").text)
        self.run_cell("@perturbation\ndef c(images, mask): return nothing")
        self.assertIn("which nothing has", self.failure("save_plugin('c')").text)
        self.assertIn("did you mean", self.failure("save_plugin('aa')").text)


def _fresh_python(code):
    """Runs code in a Python of its own: this one's `subprocess` is closed for cells."""
    import os

    read, write = os.pipe()
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)]
    )
    os.close(write)
    text = b""
    while part := os.read(read, 65536):
        text += part
    os.close(read)
    os.waitpid(pid, 0)
    return text.decode()
