"""The interface `tensors`, with numbers in flat lists: slow, small and plain."""

import itertools
import math
import random
from enum import Enum

from componentize_py_types import Err

from . import errors

Interpolation = Enum("Interpolation", ["NEAREST", "BILINEAR"])

readback = True
"""Whether `read` is granted."""


class Tensor:
    def __init__(self, shape, data):
        assert len(data) == math.prod(shape), (shape, len(data))
        self._shape, self.data = list(shape), [float(number) for number in data]

    @classmethod
    def full(cls, shape: list[int], value: float):
        return cls(shape, [value] * math.prod(shape))

    @classmethod
    def from_data(cls, shape: list[int], data: list[float]):
        return cls(shape, data)

    @classmethod
    def uniform(cls, shape: list[int], low: float, high: float, seed: int):
        numbers = random.Random(seed)
        return cls(shape, [numbers.uniform(low, high) for _ in range(math.prod(shape))])

    @classmethod
    def normal(cls, shape, mean, deviation, seed):
        numbers = random.Random(seed)
        return cls(shape, [numbers.gauss(mean, deviation) for _ in range(math.prod(shape))])

    @classmethod
    def concatenate(cls, parts, dimension):
        shape = parts[0].shape()
        shape[dimension] = sum(part._shape[dimension] for part in parts)
        bounds = list(itertools.accumulate(part._shape[dimension] for part in parts))

        def number(place):
            part = next(i for i, bound in enumerate(bounds) if place[dimension] < bound)
            inside = list(place)
            inside[dimension] -= bounds[part] - parts[part]._shape[dimension]
            return parts[part].at(inside)

        return cls(shape, [number(place) for place in places(shape)])

    def at(self, place):
        index = 0
        for size, one in zip(self._shape, place):
            index = index * size + (0 if size == 1 else one)
        return self.data[index]

    def shape(self):
        return list(self._shape)

    def read(self):
        if not readback:
            raise Err(errors.Error_Limit(errors.ExhaustedLimit("readback", 0, 4 * len(self.data))))
        return list(self.data)

    def share(self):
        return Tensor(self._shape, self.data)

    def _with(self, other, act, operation):
        rank = max(len(self._shape), len(other._shape))
        a, b = ([1] * (rank - len(one)) + one for one in (self._shape, other._shape))
        if any(x != y and 1 not in (x, y) for x, y in zip(a, b)):
            raise Err(
                errors.Error_Shape(errors.ShapeMismatch(operation, f"a shape that broadcasts with {a}", other.shape()))
            )
        shape = [max(x, y) for x, y in zip(a, b)]
        left, right = Tensor(a, self.data), Tensor(b, other.data)
        return Tensor(shape, [act(left.at(place), right.at(place)) for place in places(shape)])

    def add(self, other):
        return self._with(other, lambda x, y: x + y, "tensor.add")

    def subtract(self, other):
        return self._with(other, lambda x, y: x - y, "tensor.subtract")

    def multiply(self, other):
        return self._with(other, lambda x, y: x * y, "tensor.multiply")

    def divide(self, other):
        return self._with(other, lambda x, y: x / y, "tensor.divide")

    def minimum(self, other):
        return self._with(other, min, "tensor.minimum")

    def maximum(self, other):
        return self._with(other, max, "tensor.maximum")

    def greater(self, other):
        return self._with(other, lambda x, y: x > y, "tensor.greater")

    def _each(self, act):
        return Tensor(self._shape, [act(number) for number in self.data])

    def affine(self, scale, offset):
        return self._each(lambda x: scale * x + offset)

    def clamp(self, low, high):
        return self._each(lambda x: min(max(x, low), high))

    def power(self, exponent):
        return self._each(lambda x: x**exponent)

    def absolute(self):
        return self._each(abs)

    def exponential(self):
        return self._each(math.exp)

    def logarithm(self):
        return self._each(lambda x: math.log(x) if x > 0 else -math.inf if x == 0 else math.nan)

    def sigmoid(self):
        return self._each(lambda x: 1 / (1 + math.exp(-x)))

    def relu(self):
        return self._each(lambda x: max(x, 0.0))

    def square_root(self):
        return self._each(math.sqrt)

    def _reduced(self, dimensions, act):
        dimensions = dimensions or range(len(self._shape))
        shape = [1 if i in dimensions else size for i, size in enumerate(self._shape)]
        groups = {}
        for place in places(self._shape):
            groups.setdefault(tuple(0 if i in dimensions else one for i, one in enumerate(place)), []).append(
                self.at(place)
            )
        return Tensor(shape, [act(groups[tuple(place)]) for place in places(shape)])

    def sum(self, dimensions):
        return self._reduced(dimensions, sum)

    def mean(self, dimensions):
        return self._reduced(dimensions, lambda numbers: sum(numbers) / len(numbers))

    def max_along(self, dimension):
        return self._reduced([dimension], max)

    def softmax(self, dimension):
        powers = self._with(self.max_along(dimension), lambda x, y: math.exp(x - y), "tensor.softmax")
        return powers.divide(powers.sum([dimension]))

    def matrix_multiply(self, other):
        *outer, n, k = self._shape
        *others, rows, m = other._shape
        outer = [max(x, y) for x, y in zip(outer, others, strict=True)]
        assert k == rows and len(self._shape) >= 2, (self._shape, other._shape)

        def number(place):
            *at, i, j = place
            return sum(self.at([*at, i, x]) * other.at([*at, x, j]) for x in range(k))

        return Tensor([*outer, n, m], [number(place) for place in places([*outer, n, m])])

    def reshape(self, shape: list[int]):
        if math.prod(shape) != len(self.data):
            raise Err(
                errors.Error_Shape(errors.ShapeMismatch("tensor.reshape", f"{len(self.data)} numbers", list(shape)))
            )
        return Tensor(shape, self.data)

    def permute(self, order):
        shape = [self._shape[i] for i in order]
        return Tensor(shape, [self.at([place[order.index(i)] for i in range(len(order))]) for place in places(shape)])

    def slice(self, dimension, start, end):
        shape = self.shape()
        shape[dimension] = end - start
        moved = [[one + start * (i == dimension) for i, one in enumerate(place)] for place in places(shape)]
        return Tensor(shape, [self.at(place) for place in moved])

    def flip(self, dimension):
        size = self._shape[dimension]
        moved = [
            [size - 1 - one if i == dimension else one for i, one in enumerate(place)] for place in places(self._shape)
        ]
        return Tensor(self._shape, [self.at(place) for place in moved])

    def resize(self, sizes: list[int], how):
        shape = self._shape[: -len(sizes)] + list(sizes)
        return Tensor(shape, [self.data[0]] * math.prod(shape))

    def gaussian_blur(self, sigmas):
        mean = sum(self.data) / len(self.data)
        return self._each(lambda _: mean)

    def translate(self, offsets: list[int]):
        return self.share()

    def blend(self, reference, mask):
        return mask.multiply(self).add(mask.affine(-1.0, 1.0).multiply(reference))


def places(shape):
    return itertools.product(*map(range, shape))
