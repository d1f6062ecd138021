"""Measures how good a map is."""

from wit_world.imports import notebook

from ..errors import ArgumentError, LacunaError, call
from ..tensors import Tensor
from .explaining import Explanation
from .opening import fitted, lesion, name_of
from .routing import Target


def measure(metric, map, mask=None, image=None, targets=None, classifier=None, seed=0, **parameters):
    """What a metric says of a map: a number, or a list of them for several images; None where it is not defined.

    `map` is an explanation, or a tensor (N, 1, H, W) with `image` and `targets`. `mask` is where an expert drew the lesion; for
    an explanation of a named image it need not be given.
    """
    target = Target("metric", metric)
    target.take(parameters, "measure")
    images = fitted(image, classifier) if image is not None else None
    if isinstance(map, Explanation):
        explanation, map = map, map.map
        images = explanation.images if images is None else images
        targets = explanation.targets if targets is None else targets
        classifier = explanation.classifier if classifier is None else classifier
        if mask is None and explanation.subject is not None:
            mask = _lesion(explanation.subject)
    if not isinstance(map, Tensor):
        raise ArgumentError(f"a map is an explanation or a tensor, not a {type(map).__name__}")
    images = map if images is None else images
    if mask is not None and not isinstance(mask, Tensor):
        raise ArgumentError(f"a mask is a tensor, not a {type(mask).__name__}")
    if mask is not None and mask.shape[2:] != map.shape[2:]:
        mask = mask.resize(map.shape[2:], how="nearest")
    targets = (
        [0] * map.shape[0]
        if targets is None
        else [targets] * map.shape[0]
        if isinstance(targets, int)
        else targets
    )
    request = notebook.Measurement(
        metric=target.selection(),
        images=images.share().handle,
        maps=map.share().handle,
        masks=None if mask is None else mask.share().handle,
        targets=targets,
        classifier=name_of(classifier),
        seed=seed,
    )
    found = call(notebook.measure, request)
    return found[0] if len(found) == 1 else found


def auc(map, mask=None, image=None):
    """The area under the ROC curve of a map's pixels against a mask: 1 where every pixel inside is above every one outside."""
    return measure("pixel-auc", map, mask, image)


def _lesion(name):
    try:
        return lesion(name)
    except LacunaError:
        return None
