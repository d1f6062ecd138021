"""Opens images and models by the names that the notebook's grants gave them."""

import html

from wit_world.imports import notebook

from .. import models
from ..errors import ArgumentError, Refused, call, nearest
from ..tensors import Tensor
from . import catalogue


class Image(Tensor):
    """An image (1, C, H, W) or a volume (1, C, D, H, W) of the notebook in [0, 1], at its own size."""

    __slots__ = ("name",)

    def __init__(self, handle, name):
        super().__init__(handle)
        self.name = name

    def __repr__(self):
        what = "volume" if self.ndim == 5 else "image"
        return f"<{what} {self.name!r}, {' x '.join(map(str, self.shape[1:]))}>"

    def __call__(self, name):
        """`image = image("scan")` hides the function behind its result; so that a cell can run twice, this opens another."""
        return image(name)

    def fitted(self, classifier=None):
        """The image as a classifier takes it: its channels and its size."""
        return Tensor(call(notebook.fitted, self.name, name_of(classifier)))

    @property
    def lesion(self):
        """Where an expert drew its lesion: 1 inside. Refused where nobody did."""
        return Tensor(call(notebook.lesion, self.name))


class Classifier(models.Classifier):
    """A classifier of the notebook."""

    def __call__(self, given=None):
        """Logits of images, (N, K). Since `classifier = classifier()` hides the function behind its result, a name opens another one."""
        return self.logits(fitted(given, self)) if isinstance(given, Tensor) else classifier(given)

    def predict(self, image):
        """The probability of each class: for an image by its name, or for images as the classifier takes them."""
        images = fitted(image, self)
        rows = call(notebook.probabilities, images.handle, self._name)
        return Predictions([dict(zip(self.classes, row)) for row in rows])


class Predictions(list):
    """A dictionary from classes to probabilities for each image, shown as a table; of one image also by a class's name."""

    def __getitem__(self, key):
        if isinstance(key, str):
            if len(self) != 1:
                raise KeyError(f"there are predictions of {len(self)} images: predictions[0][{key!r}]")
            return super().__getitem__(0)[key]
        return super().__getitem__(key)

    def __repr__(self):
        lines = []
        for row in self:
            ordered = sorted(row.items(), key=lambda pair: -pair[1])
            lines.append(", ".join(f"{name} {probability:.3f}" for name, probability in ordered))
        return "\n".join(lines)

    def _repr_html_(self):
        if not self:
            return None
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self[0])
        rows = "".join("<tr>" + "".join(f"<td>{value:.3f}</td>" for value in row.values()) + "</tr>" for row in self)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def image(name):
    """The image of that name, in [0, 1] at its own size. `images()` lists the names."""
    return _opened(name, ("image", "volume"))


def volume(name):
    """The volume of that name, (1, C, D, H, W) in [0, 1] at its own size."""
    if str(name) in catalogue.entries("image"):
        raise ArgumentError(f"`{name}` is an image: image({str(name)!r}), or name its file under [volumes] in lacuna.toml")
    return _opened(name, ("volume",))


def classifier(name=None):
    """The classifier of that name; without a name the first of the notebook."""
    name = catalogue.find("classifier", name).name if name is not None else _first("classifier")
    return Classifier(call(notebook.open_classifier, name), name)


def generator(name=None):
    """The generator of healthy images of that name; without a name the first of the notebook."""
    name = catalogue.find("generator", name).name if name is not None else _first("generator")
    return models.Generator(call(notebook.open_generator, name), name)


def _first(kind):
    """The name of what is taken where nothing is named; None where there is nothing, which the host refuses."""
    known = catalogue.entries(kind)
    return known[0].name if known else None


def fitted(image, classifier=None):
    """An image as a classifier takes it: by its name, or as `image(name)` gave it. Other tensors stay as they are."""
    if isinstance(image, str):
        return Tensor(call(notebook.fitted, image, name_of(classifier)))
    if isinstance(image, Image):
        return image.fitted(classifier)
    if isinstance(image, Tensor):
        return image
    raise ArgumentError(f"an image is a name, `image(name)` or a tensor, not a {type(image).__name__}")


def outside(word):
    """Refuses a definition: it runs without its notebook."""
    if alone:
        raise Refused(
            f"a definition runs without its notebook, and `{word}(...)` asks the notebook: call it in a cell, outside of the function, "
            "which may refer to what it gives"
        )


alone = False
"""Whether this instance adopted a definition."""


def lesion(name):
    """Where an expert drew the lesion of an image: 1 inside, at the image's own size with one channel."""
    return Tensor(call(notebook.lesion, name.name if isinstance(name, (Image, catalogue.Entry)) else name))


def name_of(model):
    """The name under which the host knows a model; None for the first one."""
    if model is None or isinstance(model, str):
        return model
    name = getattr(model, "_name", None)
    if isinstance(model, (models.Classifier, models.Generator)):
        return name
    raise ArgumentError(
        f"a model is given by its name, or as classifier(name) or generator(name) gave it, not as {model!r}"
    )


def _opened(name, kinds):
    outside(kinds[0])
    known = catalogue.entries(*kinds)
    if isinstance(name, catalogue.Entry):
        name = name.name
    if name not in [entry.name for entry in known]:
        names = [entry.name for entry in known]
        listed = ", ".join(names[:30]) or "none: the notebook's lacuna.toml opens none"
        raise ArgumentError(f"there is no {kinds[0]} `{name}`{nearest(str(name), names)} (there are: {listed})")
    return Image(call(notebook.open_image, name), name)
