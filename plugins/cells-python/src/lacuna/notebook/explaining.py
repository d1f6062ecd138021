"""Explains images, and keeps what came of it."""

import json

from wit_world.imports import notebook

from ..errors import ArgumentError, call, nearest, words
from ..results import Finding
from ..tensors import Tensor
from . import catalogue, pictures, routing, slider
from .opening import Image, name_of, outside


class Explanation:
    """A map with what belongs to it: `images`, `map`, `extras`, `target`, `probability`, `probability_after`, `findings`.

    `map` is (N, 1, H, W) on the grid of `images`; larger means more evidence for the target. It shows itself as
    a picture, and where HTML is shown with a slider over the map's threshold.
    """

    def __init__(self, answer, subject=None, classifier=None):
        self.images, self.map = Tensor(answer.images), Tensor(answer.map)
        self.extras = {extra.name.replace("-", "_"): Tensor(extra.value) for extra in answer.extras}
        self.roles = {extra.name.replace("-", "_"): extra.role for extra in answer.extras}
        self.answers = answer.answers
        self.findings = [
            Finding(one.code, one.text, one.image, [words(remedy) for remedy in one.remedies])
            for one in answer.findings
        ]
        self.method, self.perturbation, self.seconds = answer.method, answer.perturbation, answer.seconds
        self.subject, self.classifier = subject, classifier
        self._record = answer.record

    @property
    def record(self):
        """The record of the run, which proves where the map is from, as a dictionary."""
        return json.loads(self._record)

    @property
    def target(self):
        """The class that was explained, of the first image."""
        return self.answers[0].class_name

    @property
    def targets(self):
        """The index of the explained class of each image."""
        return [answer.target for answer in self.answers]

    @property
    def probability(self):
        """The probability of the target for the first image."""
        return self.answers[0].probability

    @property
    def probability_after(self):
        """The same for the first of `perturbed`; None where there are none."""
        return self.answers[0].probability_after

    @property
    def mask(self):
        """The mask that made `perturbed`; None where there is none."""
        return self._extra("mask")

    @property
    def perturbed(self):
        """The images through the mask: without their evidence, or in a preservation game without the rest; None without a mask."""
        return self._extra("perturbed")

    @property
    def counterfactual(self):
        """Images of another class near the images; None where there are none."""
        return self._extra("counterfactual")

    def _extra(self, role):
        return next((self.extras[name] for name, found in self.roles.items() if found == role), None)

    def __getattr__(self, name):
        extras = self.__dict__.get("extras", {})
        if name in extras:
            return extras[name]
        raise AttributeError(f"an explanation has no `{name}`; its extras are: {', '.join(extras) or 'none'}")

    def __dir__(self):
        return [*super().__dir__(), *self.extras]

    @property
    def title(self):
        """What the overlay is headed with."""
        return self.titled(0)

    def titled(self, index):
        """The title of one image."""
        answer = self.answers[index]
        after = f" -> {answer.probability_after:.3f}" if answer.probability_after is not None else ""
        deleted = f" / {self.perturbation}" if self.perturbation else ""
        return f"{self.method}{deleted}: {answer.class_name} {answer.probability:.3f}{after}"

    def tiles(self, title=""):
        """(title, image, map) of each image."""
        count = min(self.images.shape[0], pictures.MOST)
        if count == 1:
            return [(title or self.title, self.images, self.map)]
        return [
            (
                f"{title} {index}" if title else self.titled(index),
                self.images[index : index + 1],
                self.map[index : index + 1],
            )
            for index in range(count)
        ]

    def overlay(self, title=None, width=0):
        """The map over the image, as a picture."""
        tiles = self.tiles("" if title is None else title)
        return pictures.Picture(pictures.draw(tiles, 0, width), repr(self))

    def __repr__(self):
        lines = [self.titled(index) for index in range(len(self.answers))]
        lines = lines[:16] + ["..."] * (len(lines) > 16)
        return "\n".join(lines + [f"  {note}" for note in self._notes()])

    def _notes(self):
        """The findings with what one can try."""
        tried = [f" (try: {'; '.join(finding.remedies)})" if finding.remedies else "" for finding in self.findings[:20]]
        return [f"{finding.text}{remedies}" for finding, remedies in zip(self.findings, tried)]

    def figures(self, title=""):
        """(title, image, map, perturbed image or None) of each image, as `slider` takes them."""
        perturbed = self.perturbed
        if perturbed is not None and perturbed.shape != self.images.shape:
            perturbed = None
        return [
            (*tile, perturbed if perturbed is None or len(self.answers) == 1 else perturbed[index : index + 1])
            for index, tile in enumerate(self.tiles(title))
        ]

    def _repr_png_(self):
        return self._still(0)

    def _still(self, width):
        return pictures.draw(self.tiles()[:16], 0, width)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return slider.forms(self._still, self.figures(), self._notes())


class Comparison(list):
    """Explanations side by side."""

    def __init__(self, explanations, titles=None, columns=0):
        super().__init__(explanations)
        self._titles, self._columns = titles, columns

    def __repr__(self):
        return "\n".join(map(repr, self))

    def _repr_png_(self):
        return self._still(0)

    def _still(self, width):
        return pictures.grid(self, self._titles, self._columns, width).png

    def _repr_mimebundle_(self, include=None, exclude=None):
        titles = list(self._titles or [])
        titles += [""] * (len(self) - len(titles))
        figures = [figure for one, title in zip(self, titles) for figure in one.figures(title)]
        notes = [f"{title or one.method}: {note}" for one, title in zip(self, titles) for note in one._notes()]
        return slider.forms(self._still, figures, list(dict.fromkeys(notes)), self._columns)


def explain(
    image,
    target=None,
    method=None,
    perturbation=None,
    classifier=None,
    generator=None,
    seed=0,
    *,
    method_parameters=None,
    perturbation_parameters=None,
    watch=True,
    **parameters,
):
    """Explains why a classifier answers `target` for an image: an `Explanation`, which shows itself as an overlay.

    `image` is a name, `image(name)`, or a tensor as the classifier takes it. `target` is a class by its name or index; without
    one the most probable. `method` and `perturbation` are names, or what @method and @perturbation made. Other keywords are
    parameters of the method or the perturbation, with `_` for `-`. What both describe goes to the one that you named;
    `method_parameters={...}` and `perturbation_parameters={...}` settle it where you named both.
    """
    outside("explain")
    subject = _subject(image)
    acting = routing.chosen("method", method, parameters or method_parameters)
    deletes = acting is None or acting.deletes
    if not deletes and (perturbation is not None or perturbation_parameters):
        raise ArgumentError(f"the method `{acting.name}` deletes nothing: leave the perturbation out")
    wanted = deletes and (parameters or perturbation_parameters)
    deleting = routing.chosen("perturbation", perturbation, wanted)
    named = [target for target, given in ((acting, method), (deleting, perturbation)) if given is not None]
    routing.route(acting, deleting, parameters, method_parameters, perturbation_parameters, named)
    # A default that nothing was given for stays the host's choice.
    acting = acting if method is not None or acting and acting.values else None
    deleting = deleting if perturbation is not None or deleting and deleting.values else None
    request = notebook.Request(
        subject=subject,
        target=None if target is None else str(target),
        classifier=name_of(classifier),
        generator=name_of(generator),
        method=acting.selection() if acting else None,
        perturbation=deleting.selection() if deleting else None,
        seed=seed,
        watched=bool(watch),
    )
    subject = request.subject.value if isinstance(request.subject, notebook.Subject_Named) else None
    explanation = Explanation(call(notebook.explain, request), subject, request.classifier)
    if not deletes and acting.definition is not None:
        # The host prepares one for every method from a cell.
        explanation.perturbation = None
    return explanation


def compare(items, titles=None, columns=0, **shared):
    """Explanations side by side. Items are explanations, or dictionaries of arguments of `explain`; keywords are for all of them,
    but a perturbation only for methods that delete.

    `compare([dict(method="fido"), dict(method="rise")], image="scan")`
    """
    done = []
    for item in items:
        if isinstance(item, Explanation):
            done.append(item)
        elif isinstance(item, dict):
            done.append(explain(**{**_for(item.get("method", shared.get("method")), shared), **item}))
        else:
            raise ArgumentError(
                f"compare takes explanations and dictionaries of explain's arguments, not a {type(item).__name__}"
            )
    if not done:
        raise ArgumentError("compare needs one explanation at least")
    return Comparison(done, titles, columns)


def _for(method, shared):
    """What is for all, without what this method has no use for."""
    name = method if isinstance(method, str) else getattr(method, "name", method)
    found = None if method is None else catalogue.find("method", str(name))
    if found is None or found.deletes:
        return shared
    return {name: value for name, value in shared.items() if name not in ("perturbation", "perturbation_parameters")}


def _subject(image):
    if isinstance(image, str):
        known = [entry.name for entry in catalogue.entries("image", "volume")]
        if image not in known:
            listed = ", ".join(known[:30]) or "none: the notebook's lacuna.toml opens none"
            raise ArgumentError(f"there is no image `{image}`{nearest(image, known)} (there are: {listed})")
        return notebook.Subject_Named(image)
    if isinstance(image, Image):
        return notebook.Subject_Named(image.name)
    if isinstance(image, Tensor):
        return notebook.Subject_Values(image.share().handle)
    name = getattr(image, "name", None)
    if isinstance(name, str) and getattr(image, "kind", None) in ("image", "volume"):
        return notebook.Subject_Named(name)
    raise ArgumentError(f"an image is a name, `image(name)` or a tensor, not a {type(image).__name__}")
