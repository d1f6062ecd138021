"""Measures how good a map is."""

from wit_world.imports import notebook

from .. import models
from ..errors import ArgumentError, LacunaError, call, nearest
from ..tensors import Tensor
from . import opening, pictures
from .explaining import Explanation
from .opening import fitted, lesion, name_of, outside
from .routing import Target

BLIND = ("pixel-auc", "pointing-game", "dice")
"""Metrics that look at maps and masks only."""


def measure(metric, map, mask=None, image=None, targets=None, classifier=None, seed=0, **parameters):
    """What a metric says of a map: a number, or a list of them for several images; None where it is not defined.

    `map` is an explanation, or a tensor (N, 1, H, W), to which `image` belongs. `targets` is a class by its name or index, or one for
    each image; without it what the explanation explained, or the most probable class. `mask` is where an expert drew the lesion;
    for a named image whose lesion is known it need not be given.
    """
    outside("measure")
    target = Target("metric", metric)
    target.take(parameters, "measure")
    subject = _name(image)
    images = fitted(image, classifier) if image is not None else None
    if isinstance(map, Explanation):
        explanation, map = map, map.map
        if images is None:
            images, subject = explanation.images, explanation.subject
            targets = explanation.targets if targets is None else targets
            classifier = explanation.classifier if classifier is None else classifier
    map = _map(map)
    mask = _lesion(subject) if mask is None and subject is not None else mask
    blind = target.name in BLIND or target.definition and not {"images", "classifier", "targets"} & set(target.definition.given)
    if images is None and not blind:
        raise ArgumentError(f"the metric `{target.name}` looks at the image: measure({target.name!r}, map, image=...)")
    if images is not None and images.shape[2:] != map.shape[2:]:
        raise ArgumentError(f"the map has the sizes {_sizes(map)} and the image {_sizes(images)}: resize one of the two")
    if mask is not None:
        mask = _fitted(mask, map, subject)
    elif target.name in BLIND:
        raise ArgumentError(f"`{target.name}` compares a map with a mask, and there is none: give mask=..., or image=... with a lesion")
    request = notebook.Measurement(
        metric=target.selection(),
        images=(map if images is None else images).share().handle,
        maps=map.share().handle,
        masks=None if mask is None else mask.share().handle,
        targets=[0] * map.shape[0] if images is None else _targets(targets, images, classifier),
        classifier=name_of(classifier),
        seed=seed,
    )
    found = call(notebook.measure, request)
    return found[0] if len(found) == 1 else found


def auc(map, mask=None, image=None):
    """The area under the ROC curve of a map's pixels against a mask: 1 where every pixel inside is above every one outside.

    None where the mask is empty or everything. The mask is that of the explained or named image unless given.
    """
    return measure("pixel-auc", map, mask, image)


def _map(map):
    """A map (N, 1, H, W) or (N, 1, D, H, W); rows and columns alone are one map."""
    if not isinstance(map, Tensor):
        raise ArgumentError(f"a map is an explanation or a tensor, not a {type(map).__name__}")
    if map.ndim < 4:
        map = map.reshape((1,) * (4 - map.ndim) + map.shape)
    if map.shape[1] != 1:
        raise ArgumentError(f"a map has one channel, (N, 1, H, W), and this tensor has the shape {map.shape}")
    return map


def _fitted(mask, map, subject):
    """A mask on the map's grid: 1 wherever it is not 0."""
    if not isinstance(mask, Tensor):
        raise ArgumentError(f"a mask is a tensor, not a {type(mask).__name__}")
    if mask.ndim < map.ndim:
        mask = mask.reshape((1,) * (map.ndim - mask.ndim) + mask.shape)
    if mask.shape[2:] != map.shape[2:]:
        # A classifier may squeeze its image; a tensor of other proportions is of another image.
        own = subject is not None and opening.image(subject).shape[2:] == mask.shape[2:]
        if not own and not pictures.proportional(mask.shape[2:], map.shape[2:]):
            raise ArgumentError(
                f"the mask has the sizes {_sizes(mask)} and the map {_sizes(map)}, which are of other proportions: name the image "
                "that the mask belongs to, image=..., or resize it"
            )
        mask = mask.resize(map.shape[2:], how="nearest")
    return mask != 0.0


def _sizes(tensor):
    return " x ".join(map(str, tensor.shape[2:]))


def _targets(targets, images, classifier):
    """The index of a class for each image."""
    model = classifier if isinstance(classifier, models.Classifier) else opening.classifier(classifier)
    count = images.shape[0]
    if targets is None:
        rows = call(notebook.probabilities, images.handle, name_of(classifier))
        return [max(range(len(row)), key=row.__getitem__) for row in rows]
    given = list(targets) if isinstance(targets, (list, tuple)) else [targets] * count
    if len(given) != count:
        raise ArgumentError(f"there are {len(given)} targets for {count} images")
    return [_class(one, model.classes) for one in given]


def _class(wanted, classes):
    if isinstance(wanted, str):
        if wanted not in classes:
            raise ArgumentError(f"there is no class `{wanted}`{nearest(wanted, classes)} (there are: {', '.join(classes)})")
        return classes.index(wanted)
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 <= wanted < len(classes):
        raise ArgumentError(f"a target is a class by its name or its index below {len(classes)}, not {wanted!r}")
    return wanted


def _name(image):
    """The name of an image of the notebook; None of any other."""
    return image if isinstance(image, str) else getattr(image, "name", None)


def _lesion(name):
    try:
        return lesion(name)
    except LacunaError:
        return None
