"""What a method is given: the classifier, the generator, and the perturbation that the user chose."""

from . import copying
from .errors import ArgumentError, Refused, call, nearest
from .tensors import Tensor, handle_of

try:
    from wit_world.imports import classifiers
except ImportError:  # A perturbation's world has none.
    classifiers = None
try:
    from wit_world.imports import generators
except ImportError:
    generators = None
try:
    from wit_world.imports import perturbations
except ImportError:
    perturbations = None


class Classifier:
    """The classifier that is explained. No call changes it."""

    def __init__(self, handle, name=None):
        self.handle, self._name, self._info = handle, name, None

    @property
    def info(self):
        """Classes, channels, sizes, layers: the contract's `classifier-info`."""
        if self._info is None:
            self._info = self.handle.info()
        return self._info

    @property
    def name(self):
        """Its name in the notebook, or its own."""
        return self._name or self.info.name

    @property
    def classes(self):
        """The names of the classes; a target is an index into them."""
        return list(self.info.classes)

    @property
    def layers(self):
        """The layers whose activations can be asked for, in the order of computation."""
        return list(self.info.layers)

    def __repr__(self):
        sizes = " x ".join(map(str, [self.info.channels, *self.info.spatial]))
        return f"Classifier({self.name!r}, {sizes}, classes: {', '.join(self.classes)})"

    def logits(self, images, rule="plain"):
        """Images in [0, 1] to logits (N, K). `rule` says how gradients pass a ReLU: plain, guided or deconvolution."""
        return Tensor(
            call(self.handle.logits, handle_of(images, "images"), _member(classifiers.ReluRule, "rule", rule))
        )

    def __call__(self, images):
        """Logits of images, (N, K)."""
        return self.logits(images)

    def probabilities(self, images_or_logits):
        """Probabilities (N, K) of images, or of logits (N, K)."""
        return Tensor(call(self.handle.probabilities, self._logits(images_or_logits).handle))

    def scores(self, images_or_logits, targets, kind="log-odds"):
        """The score of one target for each image, (N): `log-odds`, `logit` or `probability`.

        A target is a class by its name or index: one for all images, or a list of one for each.
        """
        logits = self._logits(images_or_logits)
        one = isinstance(targets, (int, str))
        targets = [self._target(target) for target in ([targets] * logits.shape[0] if one else targets)]
        return Tensor(call(self.handle.scores, logits.handle, targets, _member(classifiers.Score, "kind", kind)))

    def activations(self, images, layer):
        """The output of one layer, (N, C', H', W')."""
        return Tensor(call(self.handle.activations, handle_of(images, "images"), layer))

    def logits_from(self, layer, activations):
        """Logits as a function of the output of one layer."""
        return Tensor(call(self.handle.logits_from, layer, handle_of(activations, "activations")))

    def place(self, layer, values):
        """Values on the cells of a layer, put on the image's grid where those cells lie."""
        return Tensor(call(self.handle.place, layer, handle_of(values, "values")))

    def _target(self, target):
        """The index of a class by its name; an index stays."""
        if not isinstance(target, str):
            return target
        classes = self.classes
        if target not in classes:
            listed = f" (there are: {', '.join(classes)})" if len(classes) <= 30 else f" (there are {len(classes)})"
            raise ArgumentError(f"the classifier has no class `{target}`{nearest(target, classes)}{listed}")
        return classes.index(target)

    def _logits(self, given):
        handle_of(given, "images_or_logits")
        return given if given.ndim == 2 else self.logits(given)


class Generator:
    """A model of healthy images. No call changes it."""

    def __init__(self, handle, name=None):
        self.handle, self._name, self._info = handle, name, None

    @property
    def info(self):
        """Channels, sizes and the dimensions of z: the contract's `generator-info`."""
        if self._info is None:
            self._info = self.handle.info()
        return self._info

    @property
    def name(self):
        """Its name in the notebook, or its own."""
        return self._name or self.info.name

    def __repr__(self):
        return f"Generator({self.name!r}, {' x '.join(map(str, [self.info.channels, *self.info.spatial]))})"

    def reconstruct(self, images):
        """R = f(x0) (Uzunova 2019, Eq. 2): the healthy images that the model makes of images in [0, 1]."""
        return Tensor(call(self.handle.reconstruct, handle_of(images, "images")))

    def encode(self, images):
        """The mean of z, (N, L)."""
        return Tensor(call(self.handle.encode, handle_of(images, "images")))

    def deviation(self, images):
        """The standard deviation of z, (N, L)."""
        return Tensor(call(self.handle.deviation, handle_of(images, "images")))

    def decode(self, latent, sizes):
        """z (N, L) to images of the spatial sizes `sizes`."""
        return Tensor(call(self.handle.decode, handle_of(latent, "latent"), list(sizes)))


class Perturbed:
    """Images of which a mask can delete regions."""

    def __init__(self, handle):
        self.handle = handle

    def apply(self, mask):
        """Phi(x; m): the images with what the mask does not keep deleted."""
        return Tensor(call(self.handle.apply, handle_of(mask, "mask")))

    __call__ = apply


copying.one_for_all(Classifier, ("a classifier", "in another session `classifier(name)` opens it"))
copying.one_for_all(Generator, ("a generator", "in another session `generator(name)` opens it"))
copying.refuse(Perturbed, ("prepared images, which are on the host's device,", "call `perturb(images)` again"))
for _home, _name in ((classifiers, "Classifier"), (generators, "Generator"), (perturbations, "Perturbation")):
    if hasattr(_home, _name):
        copying.handles(getattr(_home, _name))


def perturber(seed):
    """The function `perturb(images)` that a method is given: it prepares the user's perturbation."""

    def perturb(images):
        if perturbations is None:
            raise Refused("this plugin's world has no perturbation")
        return Perturbed(call(perturbations.create, handle_of(images, "images"), [], seed))

    return perturb


def chosen_generator():
    """The generator that the user chose."""
    if generators is None:
        raise Refused("this plugin's world has no generator")
    return Generator(call(generators.chosen))


def _member(kind, argument, name):
    try:
        return kind[name.upper().replace("-", "_")]
    except (KeyError, AttributeError):
        names = [member.name.lower().replace("_", "-") for member in kind]
        raise ArgumentError(
            f"`{argument}` is {name!r}, expected one of {', '.join(names)}{nearest(str(name), names)}"
        ) from None
