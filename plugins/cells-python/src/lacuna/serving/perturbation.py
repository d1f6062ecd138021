"""Serves a definition as the export `perturbations`."""

from wit_world import exports

from .. import models
from ..errors import ArgumentError
from ..tensors import Tensor
from . import describing, failing


class Prepared(exports.perturbations.Perturbation):
    """The images of one run, with the function that deletes their regions."""

    def __init__(self, definition, images, settings, seed, where):
        self.where, self.seed = where, seed
        values = describing.arguments(definition, settings)
        given = {"images": images, "seed": seed}
        if "generator" in definition.given:
            given["generator"] = models.chosen_generator()
        named = {name: given[name] for name in definition.given if name in given}
        if definition.prepared:
            self.act = definition.function(**named, **values).apply
        else:
            self.act = lambda mask: definition.function(mask=mask, **named, **values)

    def apply(self, mask):
        with failing.answering(self.where):
            found = self.act(Tensor(mask))
            if not isinstance(found, Tensor):
                raise ArgumentError(
                    f"a perturbation returns the images as a tensor, and this one a {type(found).__name__}"
                )
            # What crosses is given away: the function may keep its tensor, or hand back the mask, which is only lent.
            return found.share().handle


def create(definition, images, settings, seed, where=None):
    """What the export `create` does for a definition."""
    with failing.answering(where):
        failing.seeded(seed)
        return Prepared(definition, Tensor(images).share(), settings, seed, where)


def serve(definition):
    """The classes `Description` and `Perturbations` of a component with one perturbation."""

    class Description(exports.Description):
        def describe(self):
            return describing.info(definition)

    class Perturbations(exports.Perturbations):
        def create(self, images, settings, seed):
            return create(definition, images, settings, seed)

    return Description, Perturbations
