"""Serves a definition as the export `methods`."""

from wit_world import exports
from wit_world.exports import methods as wit
from wit_world.imports import findings

from .. import fitting, models
from ..errors import ArgumentError
from ..results import Finding, Result
from ..tensors import Tensor
from . import describing, failing

ROLES = ("perturbed", "counterfactual", "mask")


def explain(definition, request, where=None):
    """What the export `explain` does for a definition."""
    with failing.answering(where):
        failing.seeded(request.seed)
        given = {
            "images": Tensor(request.images),
            "targets": list(request.targets),
            "classifier": models.Classifier(request.classifier),
            "perturb": models.perturber(request.seed),
            "seed": request.seed,
        }
        if "generator" in definition.given:
            given["generator"] = models.chosen_generator()
        named = {name: given[name] for name in definition.given}
        found = definition.function(**named, **describing.arguments(definition, request.settings))
        return _answer(found if isinstance(found, Result) else Result(found), "readback" in definition.needs)


def _answer(result, readable):
    if not isinstance(result.map, Tensor):
        raise ArgumentError(
            f"a method returns a map as a tensor or a Result, and this one a {type(result.map).__name__}"
        )
    if readable:
        result.findings = list(result.findings) + _zeros(result)
    # Another handle each: what a method returns may be what it was lent, or the same tensor twice.
    return wit.Explanation(
        map=result.map.share().handle,
        extras=[_extra(name, value) for name, value in result.extras.items()],
        findings=[
            fitting.record(
                findings.Finding(one.image, one.code, one.text, [failing.remedy(remedy) for remedy in one.remedies])
            )
            for one in result.findings
        ],
    )


def _zeros(result):
    """A finding for each image whose map is zero everywhere, unless the method has told of it."""
    if any(finding.code == "zero-map" for finding in result.findings):
        return []
    largest = abs(result.map).reshape(result.map.shape[0], -1).max(axis=1).tolist()
    text = "the map is zero everywhere: the classifier's answer does not change, or the perturbation deletes nothing"
    remedies = ["check the classifier's weights"]
    return [Finding("zero-map", text, index, remedies) for index, value in enumerate(largest) if value == 0]


def _extra(name, value):
    role = wit.Role[name.upper()] if name in ROLES else wit.Role.OTHER
    return wit.Extra(fitting.text(name.replace("_", "-")), role, value.share().handle)


def serve(definition):
    """The classes `Description` and `Methods` of a component with one method."""

    class Description(exports.Description):
        def describe(self):
            return describing.info(definition)

    class Methods(exports.Methods):
        def explain(self, request):
            return explain(definition, request)

    return Description, Methods
