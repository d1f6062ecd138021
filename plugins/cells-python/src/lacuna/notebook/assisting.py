"""What completion and inspection know of the notebook: names of images, models, plugins, parameters and classes."""

import re

from interpreter import completion, inspection

from ..errors import LacunaError, contract_name
from . import catalogue, opening

BY_KEYWORD = {
    "method": ("method",),
    "perturbation": ("perturbation",),
    "classifier": ("classifier",),
    "generator": ("generator",),
    "metric": ("metric",),
    "image": ("image", "volume"),
}
BY_POSITION = {
    "image": ("image", "volume"),
    "volume": ("volume", "image"),
    "lesion": ("image", "volume"),
    "classifier": ("classifier",),
    "generator": ("generator",),
    "measure": ("metric",),
    "explain": ("image", "volume"),
    "predict": ("image", "volume"),
    "save_plugin": ("method", "perturbation", "metric"),
}
EXPLAINING = ("explain", "compare", "dict")
GRANTS = """lacuna.toml lies beside the notebook and says what its cells may use. Paths are relative to its folder.

readback = true                   # cells, and what they define, may read numbers of tensors
save = "plugins"                  # the folder into which save_plugin may write
plugins = ["more"]                # folders of plugins, or single .wasm files
grants = ["my-metric:readback"]   # what such a plugin may do
device = "cpu"                    # auto, cpu, gpu, gpu:N, or a part of an adapter's name
demo = true                       # the demo's classifier and images too; without a file there is nothing else
classifier = "chest"              # what is taken where a cell names none

[images]
scan = "scan.png"
brain = { file = "brain.nii.gz", slice = "axial:90", window = "percentile:1,99", lesion = "tumour.nii.gz" }
photo = { file = "colour.jpeg", to-grey = true }

[volumes]
whole = { file = "brain.nii.gz", lesion = "tumour.nii.gz" }

[classifiers]
chest = "models/chest.toml"

[generators]
healthy = "models/healthy.toml"

[limits]
wall-time = "10min"
device-memory = "4GiB"
"""
"""What `help("lacuna.toml")` says; a test reads it as such a file."""


def names(callee, keyword, arguments):
    """What a string of a call may name, as (name, what it is)."""
    function = callee.rpartition(".")[2]
    if keyword == "target":
        named = re.search(r"""classifier\s*=\s*["']([^"']*)["']""", arguments)
        try:
            return [(name, "class") for name in opening.classifier(named.group(1) if named else None).classes]
        except LacunaError:
            return []
    kinds = BY_KEYWORD.get(keyword) if keyword else BY_POSITION.get(function)
    if not kinds:
        return _options(function, keyword, arguments) if keyword else None
    return [(entry.name, entry.summary) for entry in catalogue.entries(*kinds)]


def parameters(callee, arguments):
    """The parameters of the plugins that a call of `explain` or `measure` names."""
    function = callee.rpartition(".")[2]
    if function not in EXPLAINING and function != "measure":
        return None
    return {
        one.python_name: f"{one.python_name}={one.default!r}  {one.summary}" for one in _parameters(function, arguments)
    }


def described(name):
    """What is known of a name in a string."""
    if not name:
        return None
    if name == "lacuna.toml":
        return GRANTS
    found = [entry for entry in catalogue.entries(*catalogue.KINDS) if entry.name in (name, contract_name(name))]
    return "\n\n".join(entry.describe() for entry in found) or None


def _options(function, keyword, arguments):
    for one in _parameters(function, arguments):
        if one.python_name == keyword and one.options:
            return [(option, one.summary) for option in one.options]
    return None


def _parameters(function, arguments):
    if function == "measure":
        first = re.match(r"""\s*["']([^"']*)["']""", arguments)
        wanted = [("metric", first.group(1))] if first else []
    else:
        wanted = [
            (kind, found.group(1) or found.group(2))
            for kind in ("method", "perturbation")
            if (found := re.search(kind + r"""\s*=\s*(?:["']([^"']*)["']|(\w+))""", arguments))
        ]
    known = catalogue.entries("method", "perturbation", "metric") if wanted else []
    for kind, name in wanted:
        for entry in known:
            if entry.kind == kind and entry.name in (name, contract_name(name)):
                yield from entry.parameters


completion.namers.append(names)
completion.parameter_givers.append(parameters)
inspection.describers.append(described)
