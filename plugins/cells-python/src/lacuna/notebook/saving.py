"""Saves a cell's definition as the folder of a plugin that builds by itself."""

import pathlib
import re
import sys

from wit_world.imports import notebook

import lacuna

from ..definitions import Definition
from ..errors import ArgumentError, call, nearest, plugin_name, python_name
from .catalogue import defined
from .rendering import Module

TOOL = "componentize-py==0.25.1"

CLASSES = {"perturbation": "Perturbations", "method": "Methods", "metric": "Metrics"}

USED = {
    "perturbation": "explain IMAGE --method meaningful-perturbation --perturbation {}",
    "method": "explain IMAGE --method {}",
    "metric": "compare DATA.csv --methods gradient,occlusion --metrics {}",
}


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


def _templates():
    """The other files of a plugin, with `{{words}}` to be filled; `lacuna plugins new` fills the same ones."""
    folder = pathlib.Path(lacuna.__file__).parent.parent / "template"
    return {name: (folder / f"{name}.txt").read_text() for name in ("app.py", "README.md", "test.py")}


VOCABULARY, CONTRACT, TEMPLATES = _vocabulary(), _contract(), _templates()


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
    readback = "readback" in definition.needs
    words = {
        "name": definition.name,
        "module": module,
        "file": module,
        "function": definition.__name__,
        "kind": definition.kind,
        "classes": CLASSES[definition.kind],
        "summary": definition.summary.rstrip("."),
        "about": _about(definition),
        "tool": TOOL,
        "granted": f', "--grant", "{definition.name}:readback"' if readback else "",
        "grant": f" --grant {definition.name}:readback" if readback else "",
        "used": USED[definition.kind].format(definition.name),
        "contract": "" if CONTRACT else "Copy the folder `wit/v0.2` of Lacuna's repository to `wit` first.\n\n",
    }
    made = {f"{module}.py": Module(definition).text()}
    made["app.py"] = _filled("app.py", words)
    made["README.md"] = _filled("README.md", words)
    made[f"test_{module}.py"] = _filled("test.py", words)
    return made | VOCABULARY | CONTRACT


def _filled(template, words):
    return re.sub(r"\{\{(\w+)\}\}", lambda found: words[found[1]], TEMPLATES[template])


def _find(name, kind):
    if kind is not None and kind not in CLASSES:
        raise ArgumentError(f"`kind` is {kind!r}, expected one of {', '.join(CLASSES)}")
    wanted = plugin_name(name)
    found = [one for (of, known), one in defined.items() if known == wanted and kind in (None, of)]
    if len(found) == 1:
        return found[0]
    if found:
        kinds = " or ".join(f"kind={one.kind!r}" for one in found)
        raise ArgumentError(f"`{name}` is several things: say {kinds}")
    names = [known for _, known in defined]
    listed = ", ".join(names) or "none"
    raise ArgumentError(f"no cell defined `{name}`{nearest(wanted, names)} (they defined: {listed})")


def _about(definition):
    needs = ", ".join(definition.needs) or "nothing"
    rows = "\n".join(_row(one) for one in definition.parameters) or "| none | | | |"
    table = f"| parameter | default | allowed | what |\n|---|---|---|---|\n{rows}"
    return f"A notebook's cell defined it. It needs: {needs}.\n\n{table}"


def _row(one):
    return f"| `{one.name}` | {one.default} | {one.allowed} | {one.summary} |"
