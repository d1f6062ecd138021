"""What a definition of another instance makes of this one: a plugin of its kind, and nothing else."""

from componentize_py_types import Err
from interpreter import tracebacks
from lacuna.notebook import carrying, opening
from lacuna.serving import describing, method, metric, perturbation
from wit_world.exports.description import PluginInfo
from wit_world.imports import errors

_definition = None


def adopt(kind, code, tensors):
    """Becomes the plugin that `code` defines."""
    global _definition
    opening.alone = True
    definition = carrying.unpacked(code, tensors)
    if definition.kind != kind:
        raise ValueError(f"a {definition.kind} was adopted as a {kind}")
    _definition = definition


def info():
    """What `describe` answers: of the definition, or of the interpreter itself."""
    if _definition is None:
        return PluginInfo("cells-python", "0.1.0", "Runs the cells of a notebook in Python", [], [], [])
    return describing.info(_definition)


def create(images, settings, seed):
    """The export `perturbations.create`."""
    return perturbation.create(_adopted("perturbation"), images, settings, seed, tracebacks.where)


def explain(request):
    """The export `methods.explain`."""
    return method.explain(_adopted("method"), request, tracebacks.where)


def measure(request):
    """The export `metrics.measure`."""
    return metric.measure(_adopted("metric"), request, tracebacks.where)


def _adopted(kind):
    if _definition is None or _definition.kind != kind:
        what = "the interpreter of cells" if _definition is None else f"the {_definition.kind} `{_definition.name}`"
        raise Err(errors.Error_Unsupported(errors.Refusal(f"this instance is {what}, and no {kind}", [])))
    return _definition
