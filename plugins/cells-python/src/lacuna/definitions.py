"""Definitions: a function or class becomes a perturbation, a method or a metric, checked at once and run later."""

import functools
import inspect

from . import parameters
from .errors import ArgumentError, nearest, plugin_name

NEEDS = ("gradients", "activations", "generator", "readback")

GIVEN = {
    "perturbation": ("images", "mask", "generator", "seed"),
    "method": ("images", "targets", "classifier", "perturb", "generator", "seed"),
    "metric": ("images", "maps", "masks", "targets", "classifier", "perturb", "generator", "seed"),
}
"""What the host fills in, by the parameter's name. A definition takes those that it names."""

REQUIRED = {"perturbation": ("images", "mask"), "method": ("images",), "metric": ("maps",)}

_EXPLAIN = tuple(
    "image target method perturbation classifier generator seed method_parameters perturbation_parameters watch".split()
)
OWN = {
    "perturbation": ("explain", _EXPLAIN),
    "method": ("explain", _EXPLAIN),
    "metric": ("measure", ("metric", "map", "mask", "image", "targets", "classifier", "seed")),
}
"""The function of a notebook that a definition's parameters are given to, and what it takes itself."""

SHOWN = {
    "perturbation": "def {}(images, mask, strength: float = 0.5)",
    "method": "def {}(images, targets, classifier, perturb, steps: int = 40)",
    "metric": "def {}(images, maps, masks, targets, classifier)",
}

registered = []
"""Functions that are told of each new definition: a notebook keeps those that its cells made."""


class Definition:
    """A perturbation, a method or a metric in Python. Called like a function, it is the function."""

    def __init__(self, kind, function, name=None, needs=None, version="0.1.0"):
        if not callable(function):
            # `class b(a)` of a definition `a` ends here.
            raise ArgumentError(f"a {kind} is a function or a class; to inherit from a {kind}, name its class: `a.function`")
        self.kind, self.function, self.version = kind, function, version
        functools.update_wrapper(self, function, updated=())
        self.name = plugin_name(name or getattr(function, "__name__", ""))
        if not parameters.NAME.match(self.name):
            raise ArgumentError(
                f"{self.name!r} is no name of a {kind}, expected words of letters and digits: def my_{kind}(...), or name=..."
            )
        self.prepared = isinstance(function, type)
        self.given = self._names_given()
        self.parameters = parameters.of_function(self._called(), GIVEN[kind] + ("self",), *OWN[kind])
        self.needs = self._needs(needs)
        self.summary = (inspect.getdoc(function) or "").strip().split("\n")[0] or f"{article(kind)} {kind} from a cell"

    def _called(self):
        return self.function.__init__ if self.prepared else self.function

    def _names_given(self):
        names = list(inspect.signature(self._called()).parameters)
        if not self.prepared and names[:1] == ["self"]:
            raise ArgumentError(f"a {self.kind} is a function outside of classes: it has no `self`")
        shown = SHOWN[self.kind].format(self.__name__)
        if self.prepared:
            if self.kind != "perturbation" or not callable(getattr(self.function, "apply", None)):
                raise ArgumentError(
                    "a class is a perturbation with `__init__(self, images, ...)` and `apply(self, mask)`"
                )
            if "mask" in names:
                raise ArgumentError("`__init__` has no mask: each mask is given to `apply(self, mask)`")
        for name in REQUIRED[self.kind]:
            if name not in names and not (self.prepared and name == "mask"):
                raise ArgumentError(f"a {self.kind} takes `{name}`: {shown}")
        return [name for name in names if name in GIVEN[self.kind]]

    def _needs(self, needs):
        if needs is None:
            needs = ["gradients"] if self.kind == "method" else []
        needs = [needs] if isinstance(needs, str) else list(needs)
        for need in needs:
            if need not in NEEDS:
                raise ArgumentError(
                    f"`{need}` is no need, expected some of {', '.join(NEEDS)}{nearest(str(need), NEEDS)}"
                )
        if "generator" in self.given and "generator" not in needs:
            needs.append("generator")
        return needs

    def describe(self):
        """Name, documentation and every parameter, as text."""
        text = inspect.getdoc(self.function) or self.summary
        return parameters.described(f"{self.kind} {self.name}", text, self.parameters)

    def __call__(self, *arguments, **keywords):
        return self.function(*arguments, **keywords)

    def __repr__(self):
        listed = ", ".join(f"{one.python_name}={one.default!r}" for one in self.parameters)
        return f"<{self.kind} {self.name}({listed}): {self.summary}>"


def article(word):
    """`a` or `an`."""
    return "An" if word[0] in "aeiou" else "A"


def _decorator(kind):
    def decorate(function=None, /, *, name=None, needs=None):
        if function is None:
            return lambda function: decorate(function, name=name, needs=needs)
        if isinstance(function, Definition):
            function = function.function
        if not callable(function):
            raise ArgumentError(
                f"@{kind} stands before a function or a class, or is called as @{kind}(name=..., needs=[...])"
            )
        definition = Definition(kind, function, name, needs)
        for tell in registered:
            tell(definition)
        return definition

    decorate.__name__ = decorate.__qualname__ = kind
    return decorate


perturbation = _decorator("perturbation")
perturbation.__doc__ = """Makes a function a perturbation, usable by its name in `explain` at once, also inside the gradient.

It runs in an instance of its own, to which its code and all that it refers to is copied: what it prints is shown, and what it
writes to the notebook's names is gone when the run ends.

`@perturbation def fade(images, mask, strength: float = 0.5): return ...` gives the images (N, C, H, W) with what the mask
(N, 1, H, W) does not keep deleted; 1 keeps. It may name `generator` and `seed` too. What is prepared once goes into a class with
`__init__(self, images, strength: float = 0.5)` and `apply(self, mask)`. Ranges: `Annotated[float, Range(0, 1)]`."""

method = _decorator("method")
method.__doc__ = """Makes a function an explanation method.

`@method def my_map(images, targets, classifier, perturb, steps: int = 40)` returns a map (N, 1, H, W), larger where there is
more evidence, or a `Result`. It takes what it names of images, targets, classifier, perturb, generator and seed.
`perturb(images).apply(mask)` deletes with the perturbation that the user chose. It runs in an instance of its own, as
`help(perturbation)` says; what it has to tell goes into `Result(map, extras={...}, findings=[...])`. `needs` is ["gradients"] unless given; with
"readback" too, a map that is zero everywhere gets a finding, which `lacuna plugins check` asks for."""

metric = _decorator("metric")
metric.__doc__ = """Makes a function a metric.

`@metric def mean_inside(maps, masks)` returns a number for each image, or None where it is not defined. It takes what it names of
images, maps, masks, targets, classifier, perturb, generator and seed. Reading numbers needs `@metric(needs=["readback"])`."""
