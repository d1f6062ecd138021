"""Indexing of tensors with whole numbers, slices, `...` and None, made of the contract's slices, flips and new shapes."""

from .errors import ArgumentError, call


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
        else:
            index = _index(one, size, dimension)
            tensor = _part(tensor, dimension, index, index + 1)
        dimension += 1
    return tensor.reshape(shape or [1]) if list(tensor.shape) != shape else tensor


def _expanded(tensor, keys):
    for one in keys:
        if one is None or one is Ellipsis or isinstance(one, slice) or hasattr(one, "__index__"):
            continue
        raise TypeError(f"a tensor is indexed by whole numbers, slices, ... and None, not by {type(one).__name__}")
    used = sum(one is not None and one is not Ellipsis for one in keys)
    if used > tensor.ndim:
        raise IndexError(f"{used} indices for a tensor of the shape {tensor.shape}")
    at = next((i for i, one in enumerate(keys) if one is Ellipsis), None)
    rest = (slice(None),) * (tensor.ndim - used)
    if at is None:
        return keys + rest
    if any(one is Ellipsis for one in keys[at + 1 :]):
        raise IndexError("an index has one ... at most")
    return keys[:at] + rest + keys[at + 1 :]


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
        return _part(tensor, dimension, first, last + 1)
    # Groups of `step` elements, of which the first is taken; the last group may be short.
    whole = len(places) if first + len(places) * step <= size else len(places) - 1
    parts = []
    if whole:
        group = _part(tensor, dimension, first, first + whole * step)
        before, after = group.shape[:dimension], group.shape[dimension + 1 :]
        outer = group.reshape(_product(before), whole, step, _product(after))
        parts.append(_part(outer, 2, 0, 1).reshape(before + (whole,) + after))
    if whole < len(places):
        parts.append(_part(tensor, dimension, last, last + 1))
    if len(parts) == 1:
        return parts[0]
    handle = type(tensor.handle)
    return type(parts[0])(call(handle.concatenate, [part.handle for part in parts], dimension))


def _part(tensor, dimension, start, end):
    from .tensors import Tensor

    if start == 0 and end == tensor.shape[dimension]:
        return tensor
    return Tensor(call(tensor.handle.slice, dimension, start, end))


def _product(sizes):
    product = 1
    for size in sizes:
        product *= size
    return product


def _words(one):
    parts = ["" if part is None else str(part) for part in (one.start, one.stop)]
    return ":".join(parts + ([str(one.step)] if one.step is not None else []))
