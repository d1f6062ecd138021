"""The interface `notebook`: a notebook with one image, which keeps what a test wants to see."""

import base64
import dataclasses
from enum import Enum

from componentize_py_types import Err

from . import classifiers, errors, generators, parameters
from .tensors import Tensor


def make_dataclass(name, fields):
    """A record; a field is its name, or (name, type) where a test checks its type."""
    return dataclasses.make_dataclass(name, [one if isinstance(one, tuple) else (one, object) for one in fields])


Standard = Enum("Standard", ["OUTPUT", "ERROR"])
Kind = Enum("Kind", ["IMAGE", "VOLUME", "CLASSIFIER", "GENERATOR", "METHOD", "PERTURBATION", "METRIC"])
DefinitionKind = Enum("DefinitionKind", ["PERTURBATION", "METHOD", "METRIC"])
Content_Text, Content_Base64 = (make_dataclass(f"Content_{name}", [("value", str)]) for name in ("Text", "Base64"))
Form = make_dataclass("Form", [("mime", str), ("data", Content_Text | Content_Base64)])
Parameter = make_dataclass(
    "Parameter", ["name", "summary", "default", "minimum", "maximum", "options", "unit", "source"]
)
Entry = make_dataclass("Entry", ["kind", "name", "summary", "parameters", "deletes"])
Subject_Named, Subject_Values = make_dataclass("Subject_Named", ["value"]), make_dataclass("Subject_Values", ["value"])
Selection = make_dataclass("Selection", ["name", "settings"])
Request = make_dataclass(
    "Request", ["subject", "target", "classifier", "generator", "method", "perturbation", ("seed", int), "watched"]
)
Extra = make_dataclass("Extra", ["name", "role", "value"])
Answered = make_dataclass("Answered", ["target", "class_name", "probability", "probability_after"])
Explanation = make_dataclass(
    "Explanation",
    ["images", "map", "extras", "answers", "findings", "method", "perturbation", "seconds", "record"],
)
Measurement = make_dataclass("Measurement", ["metric", "images", "maps", "masks", ("targets", list[int]), "classifier", ("seed", int)])
Tile = make_dataclass("Tile", [("title", str), "image", "map"])
File = make_dataclass("File", ["path", "text"])


class Seen:
    """What was asked of the notebook."""

    def __init__(self):
        self.printed, self.shown, self.requests, self.measured, self.tiles = [], [], [], [], []
        self.defined, self.saved, self.cancel = [], {}, False


seen = Seen()
NUMBER, CHOICE = parameters.Value_Number, parameters.Value_Choice


def _number(name, default, minimum, maximum):
    return Parameter(name, f"The {name}", NUMBER(default), minimum, maximum, [], "", "")


def refuse(text):
    raise Err(errors.Error_Unsupported(errors.Refusal(text, [])))


def print(to, text):
    if seen.cancel:
        raise Err(errors.Error_Cancelled())
    seen.printed.append((to.name, text))


def display(forms, id: str | None, update: bool):
    seen.shown.append(({form.mime: form.data.value for form in forms}, id, update))


def clear(wait: bool):
    seen.shown.clear()


def catalogue():
    score = Parameter("score", "The score", CHOICE("logit"), None, None, ["logit", "log-odds"], "", "")
    return [
        Entry(Kind.IMAGE, "scan", "1 x 8 x 8", [], False),
        Entry(Kind.CLASSIFIER, "demo", "a classifier", [], False),
        Entry(
            Kind.METHOD,
            "meaningful",
            "A method",
            [_number("learning-rate", 0.1, 0.0, 1.0), _number("sigma", 3.0, 0.0, 9.0), score],
            True,
        ),
        Entry(Kind.METHOD, "fido", "Another", [], True),
        Entry(Kind.METHOD, "slope", "Deletes nothing", [], False),
        Entry(Kind.PERTURBATION, "blur", "Blurs", [_number("sigma", 10.0, 0.0, 200.0)], False),
        Entry(Kind.METRIC, "pixel-auc", "Area", [], False),
        Entry(Kind.METRIC, "deletion", "Curve", [], True),
    ]


def open_image(name: str):
    return Tensor.full([1, 1, 8, 8], 0.5) if name == "scan" else refuse(f"no image {name}")


def fitted(name, classifier):
    return open_image(name)


def lesion(name: str):
    return Tensor.full([1, 1, 8, 8], 1.0)


def open_classifier(name):
    return classifiers.Classifier()


def open_generator(name):
    return generators.Generator()


def probabilities(images, classifier):
    return [[0.25, 0.75]] * images.shape()[0]


def explain(request: Request):
    seen.requests.append(request)
    images = open_image(request.subject.value) if isinstance(request.subject, Subject_Named) else request.subject.value
    method = request.method.name if request.method else "meaningful"
    answers = [Answered(1, "cyst", 0.9, 0.1)] * images.shape()[0]
    extras = [Extra("mask", "mask", images.share())]
    deleted = request.perturbation.name if request.perturbation else None
    return Explanation(images, images.share(), extras, answers, [], method, deleted, 0.1, '{"seed": 0}')


def measure(request: Measurement):
    seen.measured.append(request)
    return [0.75] * len(request.targets)


def picture(tiles: list[Tile], columns: int, width: int):
    seen.tiles.append([tile.title for tile in tiles])
    return b"\x89PNG"


def define(kind, name, code: str, tensors, deletes):
    seen.defined.append((kind, name, base64.b64decode(code), tensors))


def save(name, files):
    seen.saved[name] = {file.path: file.text for file in files}
    return f"plugins/{name}"
