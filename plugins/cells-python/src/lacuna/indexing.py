"""Indexing of tensors with whole numbers, slices, lists, `...` and None, made of slices, flips and new shapes."""

import math

from .errors import ArgumentError
from .lifting import is_list
from .pieces import joined, part


def get(tensor, key):
    """`tensor[key]`."""
    keys = _expanded(tensor, key if isinstance(key, tuple) else (key,))
    shape, dimension = [], 0
    for one in keys:
        if one is None:
            shape.append(1)
            continue
        size = tensor.shape[dimension]
        if isinstance(one, slice):
            tensor = _sliced(tensor, dimension, one)
            shape.append(tensor.shape[dimension])
        elif is_list(one):
            tensor = _chosen(tensor, dimension, one)
            shape.append(tensor.shape[dimension])
        else:
            index = _index(one, size, dimension)
            tensor = part(tensor, dimension, index, index + 1)
        dimension += 1
    return tensor.reshape(shape or [1]) if list(tensor.shape) != shape else tensor


def _expanded(tensor, keys):
    for one in keys:
        _check(one)
    used = sum(one is not None and one is not Ellipsis for one in keys)
    if used > tensor.ndim:
        raise IndexError(f"{used} indices for a tensor of the shape {tensor.shape}")
    at = next((i for i, one in enumerate(keys) if one is Ellipsis), None)
    rest = (slice(None),) * (tensor.ndim - used)
    if at is None:
        keys = keys + rest
    elif any(one is Ellipsis for one in keys[at + 1 :]):
        raise IndexError("an index has one ... at most")
    else:
        keys = keys[:at] + rest + keys[at + 1 :]
    _check_lists(keys)
    return keys


def _check(one):
    """Refuses what is no index."""
    if one is None or one is Ellipsis or isinstance(one, slice) or is_list(one):
        return
    if hasattr(one, "ndim"):
        raise TypeError(
            "a tensor is not indexed by a tensor: where(mask, a, b) chooses by a mask of 0 and 1, mask * t keeps what "
            "it marks, and a list of whole numbers, as of t[t.argsort().tolist()], takes places along one dimension"
        )
    if isinstance(one, bool) or not hasattr(one, "__index__"):
        raise TypeError(
            f"a tensor is indexed by whole numbers, slices, lists, ... and None, not by {type(one).__name__}"
        )


def _check_lists(keys):
    """Refuses two lists, and a list whose dimension NumPy would put first, where one would expect it in its place."""
    lists = [at for at, one in enumerate(keys) if is_list(one)]
    if len(lists) > 1:
        raise IndexError(
            "an index has one list at most: t[[0, 2]][:, [1, 3]] is the block of both, and cat([t[0, 1:2], t[2, 3:4]]) takes pairs"
        )
    numbers = [at for at, one in enumerate(keys) if hasattr(one, "__index__")]
    for at in lists:
        ends = sorted([at, *numbers])
        between = [one for one in keys[ends[0] : ends[-1]] if one is None or isinstance(one, slice)]
        before = [one for one in keys[:at] if one is None or isinstance(one, slice)]
        if between and before:
            raise IndexError(
                "a number and a list with a slice between them: take one after another, as t[0][:, [0, 2]]"
            )


def _chosen(tensor, dimension, places):
    """The elements at some places along one dimension, one after another."""
    size, places = tensor.shape[dimension], list(places)
    if places and all(isinstance(one, bool) for one in places):
        if len(places) != size:
            raise IndexError(f"{len(places)} times True or False for dimension {dimension} of size {size}")
        places = [place for place, taken in enumerate(places) if taken]
    if not places:
        raise ArgumentError(f"a list without places for dimension {dimension}, and no tensor is empty")
    # tolist() gives whole numbers as floats.
    places = [int(one) if isinstance(one, float) and one.is_integer() else one for one in places]
    for one in places:
        if isinstance(one, bool) or not hasattr(one, "__index__"):
            raise TypeError(f"a list in an index is whole numbers, and has a {type(one).__name__}")
    runs = []
    for one in places:
        index = _index(one, size, dimension)
        if runs and runs[-1][1] == index:
            runs[-1][1] += 1
        else:
            runs.append([index, index + 1])
    return joined([part(tensor, dimension, start, end) for start, end in runs], dimension)


def _index(one, size, dimension):
    index = one.__index__()
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of range for dimension {dimension} of size {size}")
    return index % size


def _sliced(tensor, dimension, one):
    size = tensor.shape[dimension]
    places = range(*one.indices(size))
    if not places:
        raise ArgumentError(
            f"the slice {_words(one)} of dimension {dimension} (size {size}) is empty, which no tensor can be"
        )
    if places.step < 0:
        tensor, places = tensor.flip(dimension), range(size - 1 - places[0], size - places[-1], -places.step)
    first, last, step = places[0], places[-1], places.step
    if step == 1:
        return part(tensor, dimension, first, last + 1)
    # Groups of `step` elements, of which the first is taken; the last group may be short.
    whole = len(places) if first + len(places) * step <= size else len(places) - 1
    parts = []
    if whole:
        group = part(tensor, dimension, first, first + whole * step)
        before, after = group.shape[:dimension], group.shape[dimension + 1 :]
        outer = group.reshape(math.prod(before), whole, step, math.prod(after))
        parts.append(part(outer, 2, 0, 1).reshape(before + (whole,) + after))
    if whole < len(places):
        parts.append(part(tensor, dimension, last, last + 1))
    return joined(parts, dimension)


def _words(one):
    parts = ["" if end is None else str(end) for end in (one.start, one.stop)]
    return ":".join(parts + ([str(one.step)] if one.step is not None else []))
