"""Pieces of tensors, of which shapes, slices and images are made: parts, what is joined, and what is filled."""

from wit_world.imports.tensors import Tensor as Handle

from .errors import ArgumentError, call


def part(tensor, dimension, start, end):
    """Elements `start` up to but without `end` of one dimension."""
    if start == 0 and end == tensor.shape[dimension]:
        return tensor
    return tensor._made("slice", dimension, start, end)


def joined(tensors, dimension):
    """Tensors, one after another along a dimension."""
    if len(tensors) == 1:
        return tensors[0]
    return tensors[0]._of(call(Handle.concatenate, [one.handle for one in tensors], dimension))


def filled(tensor, shape, value):
    """A tensor of that shape with one value everywhere, beside another one."""
    return tensor._of(call(Handle.full, list(shape), float(value)))


def sized(tensor, dimension, size):
    """A tensor's shape with another size of one dimension."""
    return tensor.shape[:dimension] + (size,) + tensor.shape[dimension + 1 :]


def repeated(tensor, dimension, count):
    """The whole tensor, `count` times one after another along a dimension."""
    return joined([tensor] * count, dimension)


def whole(value, word, least=0):
    """A whole number from `least`, or an error that names it."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ArgumentError(f"{word} is {value!r}, expected a whole number from {least}")
    return value
