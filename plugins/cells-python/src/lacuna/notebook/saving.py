"""Saves a cell's definition as the folder of a plugin that builds by itself."""

import pathlib
import sys

from wit_world.imports import notebook

import lacuna

from ..definitions import Definition
from ..errors import ArgumentError, call, contract_name, nearest, python_name
from .catalogue import defined
from .rendering import Module

TOOL = "componentize-py==0.25.1"

CLASSES = {"perturbation": "Perturbations", "method": "Methods", "metric": "Metrics"}


def _vocabulary():
    """The vocabulary's own source but for the notebook's part, read while the component is built."""
    root = pathlib.Path(lacuna.__file__).parent
    files = sorted(path for path in root.rglob("*.py") if "notebook" not in path.relative_to(root).parts)
    return {f"lacuna/{path.relative_to(root).as_posix()}": path.read_text() for path in files}


def _contract():
    """The contract's source, where the build has the folder `wit` on its path."""
    for entry in sys.path:
        folder = pathlib.Path(entry or ".") / "v0.2"
        if (folder / "worlds.wit").is_file():
            return {f"wit/{path.name}": path.read_text() for path in sorted(folder.glob("*.wit"))}
    return {}


VOCABULARY, CONTRACT = _vocabulary(), _contract()


def save_plugin(name, kind=None):
    """Saves what a cell defined as a plugin: a folder with its source, a README and a test. Returns the folder's path.

    `name` is the definition's name, or what the decorator made. `kind` settles which one, where two have the name.
    """
    definition = name if isinstance(name, Definition) else _find(name, kind)
    return call(notebook.save, definition.name, [notebook.File(path, text) for path, text in files(definition).items()])


def files(definition):
    """The plugin's folder, from paths to texts."""
    module = python_name(definition.name)
    if module in ("app", "lacuna", "wit", "wit_world") or module in sys.stdlib_module_names:
        module += "_plugin"
    words = {
        "name": definition.name,
        "module": module,
        "function": definition.__name__,
        "kind": definition.kind,
        "classes": CLASSES[definition.kind],
        "summary": definition.summary.rstrip("."),
        "tool": TOOL,
        "needs": ", ".join(definition.needs) or "nothing",
        "parameters": "\n".join(_row(one) for one in definition.parameters) or "| none | | | |",
        "granted": f', "--grant", "{definition.name}:readback"' if "readback" in definition.needs else "",
        "grant": f" --grant {definition.name}:readback" if "readback" in definition.needs else "",
        "contract": "" if CONTRACT else "Copy the folder `wit/v0.2` of Lacuna's repository to `wit` first.\n\n",
    }
    made = {f"{module}.py": Module(definition).text()}
    made["app.py"] = APP.format(**words)
    made["README.md"] = README.format(**words)
    made[f"test_{module}.py"] = TEST.format(**words)
    return made | VOCABULARY | CONTRACT


def _find(name, kind):
    if kind is not None and kind not in CLASSES:
        raise ArgumentError(f"`kind` is {kind!r}, expected one of {', '.join(CLASSES)}")
    wanted = contract_name(name)
    found = [one for (of, known), one in defined.items() if known == wanted and kind in (None, of)]
    if len(found) == 1:
        return found[0]
    if found:
        kinds = " or ".join(f"kind={one.kind!r}" for one in found)
        raise ArgumentError(f"`{name}` is several things: say {kinds}")
    names = [known for _, known in defined]
    listed = ", ".join(names) or "none"
    raise ArgumentError(f"no cell defined `{name}`{nearest(wanted, names)} (they defined: {listed})")


def _row(one):
    return f"| `{one.name}` | {one.default} | {one.allowed} | {one.summary} |"


APP = '''"""What the component exports: the {kind} `{name}`."""

from lacuna.serving.{kind} import serve
from {module} import {function}

Description, {classes} = serve({function})
'''

README = """# {name}

{summary}. A {kind} for Lacuna, written in Python in a notebook's cell. It needs: {needs}.

| parameter | default | allowed | what |
|---|---|---|---|
{parameters}

## Build

{contract}Once: `pip install {tool}`. Then

    componentize-py -d wit -w {kind}-plugin componentize app -o {module}.wasm

The test builds it and has Lacuna check it: `python -m unittest test_{module}`.

## Use

    lacuna plugins inspect {name} --plugins {module}.wasm
    lacuna plugins check {name} --plugins {module}.wasm{grant}

`{module}.py` is the {kind}, `app.py` what the component exports, `lacuna/` the vocabulary that cells have too.
"""

TEST = '''"""Builds the plugin, and has Lacuna check it."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


@unittest.skipUnless(shutil.which("componentize-py"), "componentize-py is not installed: pip install {tool}")
class Plugin(unittest.TestCase):
    def test_builds_and_passes_the_check(self):
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder) / "{module}.wasm"
            build = ["componentize-py", "-d", "wit", "-w", "{kind}-plugin", "componentize", "app", "-o", str(made)]
            subprocess.run(build, cwd=HERE, check=True)
            self.assertTrue(made.is_file())
            if shutil.which("lacuna"):
                check = ["lacuna", "plugins", "check", "{name}", "--plugins", str(made){granted}]
                subprocess.run(check, check=True)


if __name__ == "__main__":
    unittest.main()
'''
