"""Makes tensors: from numbers, at random, and of other tensors."""

import math
import random

from wit_world.imports.tensors import Tensor as Handle

from .errors import ArgumentError, call
from .lifting import from_lists, is_number, unpacked
from .spelling import along, spelled
from .tensors import Tensor, handle_of


def tensor(numbers):
    """A tensor of a number, or of numbers in lists inside each other."""
    if isinstance(numbers, Tensor):
        return numbers
    return Tensor(from_lists(numbers))


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


@spelled(fill_value="value")
def full_like(other, value):
    """One value everywhere, in another tensor's shape."""
    return full(other.shape, value)


def eye(rows, columns=None):
    """A matrix with 1 on its diagonal, else 0."""
    apart = arange(rows).reshape(-1, 1) - arange(rows if columns is None else columns)
    return 1.0 - apart.abs().clip(0.0, 1.0)


def uniform(*shape, low=0.0, high=1.0, seed=None, size=None):
    """Random numbers, even in [low, high), others in each call; the same `seed` gives the same ones on every device.

    Without a seed Python's `random` gives one, which begins with the session or with the seed of the run.
    """
    shape = _random_shape(shape, size, "uniform", "low=0, high=1")
    return Tensor(call(Handle.uniform, shape, float(low), float(high), _seed(seed)))


@spelled(std="deviation")
def normal(*shape, mean=0.0, deviation=1.0, seed=None, size=None):
    """Random numbers of a normal distribution, others in each call; the same `seed` gives the same ones.

    `std=` is `deviation=`. Without a seed Python's `random` gives one, which begins with the session or with the seed
    of the run.
    """
    shape = _random_shape(shape, size, "normal", "mean=0, std=1")
    return Tensor(call(Handle.normal, shape, float(mean), float(deviation), _seed(seed)))


def rand(*shape, seed=None, size=None):
    """Random numbers, even in [0, 1); see `uniform`."""
    return uniform(*shape, seed=seed, size=size)


def randn(*shape, seed=None, size=None):
    """Random numbers of the standard normal distribution; see `normal`."""
    return normal(*shape, seed=seed, size=size)


def arange(start, end=None, step=1):
    """The numbers from `start` up to but without `end`, one dimension."""
    start, end = (0, start) if end is None else (start, end)
    count = max(0, math.ceil((end - start) / step))
    if not count:
        raise ArgumentError(f"arange({start}, {end}, {step}) has no numbers, and no tensor is empty")
    return tensor([start + step * index for index in range(count)])


@spelled(num="count", steps="count", stop="end")
def linspace(start, end, count):
    """`count` numbers from `start` to `end`, both included, evenly spaced."""
    return tensor([start + (end - start) * index / max(1, count - 1) for index in range(count)])


@along
def cat(tensors, axis=0):
    """Joins tensors along an axis that they have."""
    tensors = _several(tensors, "cat")
    handles = [handle_of(one, "tensors") for one in tensors]
    return Tensor(call(Handle.concatenate, handles, tensors[0]._axis(axis)))


concatenate = cat


@along
def stack(tensors, axis=0):
    """Joins tensors along a new axis."""
    tensors = _several(tensors, "stack")
    for one in tensors:
        handle_of(one, "tensors")
    return cat([one.unsqueeze(axis) for one in tensors], axis % (tensors[0].ndim + 1))


def meshgrid(rows, columns, indexing="ij"):
    """(rows, columns): the row and the column of each place of a grid, from two vectors; `indexing` is "ij" only."""
    if indexing != "ij":
        raise ArgumentError(f"meshgrid: `indexing` is {indexing!r}, expected 'ij': rows first, as in images")
    rows, columns = tensor(rows).ravel(), tensor(columns).ravel()
    shape = (rows.size, columns.size)
    return rows.reshape(-1, 1).broadcast_to(shape), columns.broadcast_to(shape)


def where(condition, a, b):
    """`a` where the condition is 1, `b` where it is 0; in between a mixture.

    It is `condition * a + (1 - condition) * b`: NaN or infinity in one of both gives NaN also where the other is taken. Make both
    finite first: `clip` what goes into a logarithm or a division, `nan_to_num()` what is there already.
    """
    condition = condition if isinstance(condition, Tensor) else tensor(condition)
    return condition * a + (1.0 - condition) * b


def _several(tensors, word):
    """The tensors of a list."""
    if isinstance(tensors, Tensor) or not hasattr(tensors, "__iter__"):
        raise ArgumentError(
            f"{word} takes a list of tensors, as {word}([a, b]), and was given a {type(tensors).__name__}"
        )
    tensors = list(tensors)
    if not tensors:
        raise ArgumentError(f"{word} needs one tensor at least")
    return tensors


def _shape(shape):
    return list(shape) if isinstance(shape, (tuple, list)) else [shape]


def _random_shape(shape, size, word, keywords):
    """The shape of random numbers, given in a row or as `size=`."""
    if size is not None and shape:
        raise ArgumentError(f"{word} takes a shape or `size=`, and was given both: {keywords} are keywords")
    sizes = _shape(unpacked(shape) if size is None else size)
    if not all(isinstance(one, int) and one > 0 for one in sizes):
        raise ArgumentError(
            f"the shape of {word}() is {tuple(sizes)}, expected whole numbers from 1: {keywords} are keywords"
        )
    return sizes or [1]


def _seed(seed):
    """A seed as given, or one of Python's own random numbers."""
    return random.getrandbits(64) if seed is None else seed
