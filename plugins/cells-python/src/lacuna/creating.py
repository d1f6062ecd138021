"""Makes tensors: from numbers, at random with a seed, and of other tensors."""

import math

from wit_world.imports.tensors import Tensor as Handle

from .errors import ArgumentError, call
from .tensors import Tensor, handle_of, is_number, unpacked


def tensor(numbers):
    """A tensor of a number, or of numbers in lists inside each other."""
    if isinstance(numbers, Tensor):
        return numbers
    shape, flat = _flattened(numbers)
    return Tensor(call(Handle.from_data, shape or [1], flat))


def full(shape, value):
    """A tensor of that shape with one value everywhere."""
    return Tensor(call(Handle.full, _shape(shape), float(value)))


def zeros(*shape):
    """Zeros: `zeros(1, 1, 8, 8)` or `zeros((1, 1, 8, 8))`."""
    return full(unpacked(shape), 0.0)


def ones(*shape):
    """Ones: `ones(1, 1, 8, 8)` or `ones((1, 1, 8, 8))`."""
    return full(unpacked(shape), 1.0)


def zeros_like(other):
    """Zeros in another tensor's shape."""
    return full(other.shape, 0.0)


def ones_like(other):
    """Ones in another tensor's shape."""
    return full(other.shape, 1.0)


def uniform(*shape, low=0.0, high=1.0, seed=0):
    """Random numbers, even in [low, high); the same seed gives the same numbers on every device."""
    return Tensor(call(Handle.uniform, _shape(unpacked(shape)), float(low), float(high), seed))


def normal(*shape, mean=0.0, deviation=1.0, seed=0):
    """Random numbers of a normal distribution; the same seed gives the same numbers."""
    return Tensor(call(Handle.normal, _shape(unpacked(shape)), float(mean), float(deviation), seed))


def arange(start, end=None, step=1):
    """The numbers from `start` up to but without `end`, one dimension."""
    start, end = (0, start) if end is None else (start, end)
    count = max(0, math.ceil((end - start) / step))
    if not count:
        raise ArgumentError(f"arange({start}, {end}, {step}) has no numbers, and no tensor is empty")
    return tensor([start + step * index for index in range(count)])


def linspace(start, end, count):
    """`count` numbers from `start` to `end`, both included, evenly spaced."""
    return tensor([start + (end - start) * index / max(1, count - 1) for index in range(count)])


def cat(tensors, axis=0):
    """Joins tensors along an axis that they have."""
    tensors = _several(tensors, "cat")
    handles = [handle_of(one, "tensors") for one in tensors]
    return Tensor(call(Handle.concatenate, handles, tensors[0]._axis(axis)))


def stack(tensors, axis=0):
    """Joins tensors along a new axis."""
    tensors = _several(tensors, "stack")
    for one in tensors:
        handle_of(one, "tensors")
    at = axis % (tensors[0].ndim + 1)
    return cat([one.reshape(one.shape[:at] + (1,) + one.shape[at:]) for one in tensors], at)


def where(condition, a, b):
    """`a` where the condition is 1, `b` where it is 0; in between a mixture.

    It is `condition * a + (1 - condition) * b`: NaN or infinity in one of both gives NaN also where the other is taken. Make both
    finite first, for example by `clip`.
    """
    return condition * a + (1.0 - condition) * b


def _several(tensors, word):
    """The tensors of a list."""
    if isinstance(tensors, Tensor) or not hasattr(tensors, "__iter__"):
        raise ArgumentError(f"{word} takes a list of tensors, as {word}([a, b]), and was given a {type(tensors).__name__}")
    tensors = list(tensors)
    if not tensors:
        raise ArgumentError(f"{word} needs one tensor at least")
    return tensors


def _shape(shape):
    return list(shape) if isinstance(shape, (tuple, list)) else [shape]


def _flattened(numbers):
    if is_number(numbers):
        return [], [float(numbers)]
    if isinstance(numbers, Tensor):
        return list(numbers.shape), [number for number in numbers.flatten().tolist()]
    if isinstance(numbers, (str, bytes)) or not hasattr(type(numbers), "__iter__"):
        raise TypeError(f"a tensor is made of numbers in lists inside each other, not of the type {type(numbers).__name__}")
    parts = [_flattened(part) for part in numbers]
    if not parts:
        raise ArgumentError("a tensor has one number at least")
    shapes = {tuple(shape) for shape, _ in parts}
    if len(shapes) != 1:
        raise ArgumentError("the lists of a tensor are of equal lengths")
    return [len(parts), *parts[0][0]], [number for _, flat in parts for number in flat]
