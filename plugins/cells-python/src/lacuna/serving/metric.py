"""Serves a definition as the export `metrics`."""

from wit_world import exports

from .. import models
from ..errors import ArgumentError
from ..tensors import Tensor
from . import describing, failing


def measure(definition, request, where=None):
    """What the export `measure` does for a definition."""
    with failing.answering(where):
        failing.seeded(request.seed)
        images = Tensor(request.images)
        given = {
            "images": images,
            "maps": Tensor(request.maps),
            "masks": None if request.masks is None else Tensor(request.masks),
            "targets": list(request.targets),
            "classifier": models.Classifier(request.classifier),
            "perturb": models.perturber(request.seed),
            "seed": request.seed,
        }
        if "generator" in definition.given:
            given["generator"] = models.chosen_generator()
        named = {name: given[name] for name in definition.given}
        found = definition.function(**named, **describing.arguments(definition, request.settings))
        return _numbers(found, images.shape[0])


def _numbers(found, count):
    if isinstance(found, Tensor):
        found = found.flatten().tolist()
    if found is None or isinstance(found, (int, float)):
        found = [found]
    numbers = [None if number is None else float(number) for number in found]
    if len(numbers) != count:
        raise ArgumentError(f"a metric returns a number for each image, {count} in all, and this one {len(numbers)}")
    return numbers


def serve(definition):
    """The classes `Description` and `Metrics` of a component with one metric."""

    class Description(exports.Description):
        def describe(self):
            return describing.info(definition)

    class Metrics(exports.Metrics):
        def measure(self, request):
            return measure(definition, request)

    return Description, Metrics
