"""Carries a definition by value into another instance: its code by cloudpickle, its tensors as handles beside it."""

import base64
import collections
import functools
import hashlib
import io
import pickle
import types

import cloudpickle
from interpreter import sources
from wit_world.imports import notebook
from wit_world.imports.notebook import DefinitionKind

from .. import definitions, models
from ..errors import ArgumentError, LacunaError, call, contract_name
from ..gradients import Adam, Gradients
from ..tensors import Tensor
from . import catalogue
from .catalogue import defined

_carried = {}
"""What the host has of each (kind, name): a digest of the code, and the tensors."""

PLACES = {
    models.Classifier: "a classifier: a method or a metric takes `classifier` as an argument, and a perturbation has none",
    models.Generator: "a generator: take `generator` as an argument of the function instead",
    models.Perturbed: "prepared images: call `perturb(images)` inside of the function",
    Gradients: "gradients: they are used up in the cell",
    Adam: "an optimiser: make it inside of the function",
}


class Uncarried(LacunaError, TypeError):
    """Something that a definition refers to cannot cross."""


Uncarried.__module__ = "lacuna"


def remember(definition):
    """Keeps a definition that a cell made, unless a plugin has its name."""
    key = definition.kind, definition.name
    if key not in defined and definition.name in [entry.name for entry in catalogue.entries(definition.kind)]:
        raise ArgumentError(f"there is a {definition.kind} `{definition.name}` already: give yours another name")
    defined[key] = definition


def carry(definition):
    """Hands a definition to the host, if the host does not have it as it is now."""
    key = definition.kind, definition.name
    code, tensors = packed(definition)
    digest = hashlib.sha256(code).digest()
    known = _carried.get(key)
    if (
        known
        and known[0] == digest
        and len(known[1]) == len(tensors)
        and all(a is b for a, b in zip(known[1], tensors))
    ):
        return
    kind = DefinitionKind[definition.kind.upper()]
    handles, deletes = [tensor.handle for tensor in tensors], "perturb" in definition.given
    written = base64.b64encode(code).decode()
    call(notebook.define, kind, contract_name(definition.name), written, handles, deletes)
    # The tensors are kept: only while they live does `is` say that they are the same.
    _carried[key] = digest, tensors


def packed(definition):
    """(bytes, tensors): a definition with all that it refers to, and the cells' source for its tracebacks."""
    buffer = io.BytesIO()
    pickler = _Pickler(buffer)
    try:
        pickler.dump(definition)
    except Uncarried as refused:
        # Pickle notes where it was, which is nobody's line.
        refused.__notes__ = []
        raise refused from None
    except KeyboardInterrupt:
        raise
    except Exception as error:
        raise Uncarried(f"`{definition.name}` refers to something that cannot be carried: {error}") from None
    code = buffer.getvalue()
    used = {name: text for name, text in sources.all_cells().items() if name.encode() in code}
    return pickle.dumps((code, used)), pickler.tensors


def unpacked(code, tensors):
    """The definition that `packed` made, in another instance. The handles are lent: others stay."""
    inner, used = pickle.loads(code)
    for name, text in used.items():
        sources.remember(name, text)
    return _Unpickler(io.BytesIO(inner), [Tensor(handle).share() for handle in tensors]).load()


def _code(code):
    """cloudpickle forgets the file of code; the cell's name stays here, for tracebacks."""
    make, parts = cloudpickle.cloudpickle._code_reduce(code)
    return make, tuple(code.co_filename if part == "<dynamic-code>" else part for part in parts)


def _cached(function, maxsize, typed):
    return functools.lru_cache(maxsize, typed)(function)


class _Pickler(cloudpickle.Pickler):
    dispatch_table = collections.ChainMap({types.CodeType: _code}, cloudpickle.Pickler.dispatch_table)

    def __init__(self, file):
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.tensors, self._places = [], {}

    def reducer_override(self, value):
        if isinstance(value, functools._lru_cache_wrapper):
            # The other instance fills a cache of its own.
            settings = value.cache_parameters()
            return _cached, (value.__wrapped__, settings["maxsize"], settings["typed"])
        return super().reducer_override(value)

    def persistent_id(self, value):
        if isinstance(value, Tensor):
            place = self._places.setdefault(id(value), len(self.tensors))
            if place == len(self.tensors):
                self.tensors.append(value)
            return place
        for kind, text in PLACES.items():
            if isinstance(value, kind):
                raise Uncarried(f"a definition cannot carry {text}")
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, tensors):
        super().__init__(file)
        self._tensors = tensors

    def persistent_load(self, place):
        return self._tensors[place]


definitions.registered.append(remember)
