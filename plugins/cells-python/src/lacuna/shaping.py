"""The same numbers in other shapes and orders, moved, and repeated. Gradients flow through all of it."""

import math

from . import indexing
from .errors import ArgumentError, ShapeError
from .lifting import unpacked
from .pieces import filled, joined, part, repeated, whole
from .spelling import along, spelled


class Shapes:
    """What changes a shape, an order or a place."""

    __slots__ = ()

    def reshape(self, *shape):
        """The same numbers in another shape; one size may be -1."""
        return self._made("reshape", self._sizes(unpacked(shape)))

    view = reshape

    def flatten(self, start_dim=0, end_dim=-1):
        """All numbers in one dimension, or the dimensions from `start_dim` to `end_dim` in one."""
        first, last = self._axis(start_dim), self._axis(end_dim)
        if first > last:
            raise ArgumentError(f"flatten from dimension {first} to {last}, which comes before it")
        return self.reshape(self.shape[:first] + (math.prod(self.shape[first : last + 1]),) + self.shape[last + 1 :])

    def ravel(self):
        """All numbers in one dimension."""
        return self.reshape(self.size)

    @along
    def squeeze(self, axis=None):
        """Without dimensions of size 1: one of them, or all."""
        chosen = self._axes(axis) if axis is not None else [i for i, size in enumerate(self.shape) if size == 1]
        return self._without([i for i in chosen if self.shape[i] == 1])

    @along
    def unsqueeze(self, axis):
        """With a new dimension of size 1 at that place; -1 is the last."""
        if not isinstance(axis, int) or not -self.ndim - 1 <= axis <= self.ndim:
            raise ArgumentError(f"unsqueeze: no place {axis!r} for a dimension in a tensor of the shape {self.shape}")
        at = axis % (self.ndim + 1)
        return self.reshape(self.shape[:at] + (1,) + self.shape[at:])

    def transpose(self, *order):
        """Dimension i of the result is dimension `order[i]` of this; without an order, all in reverse."""
        order = unpacked(order) or range(self.ndim - 1, -1, -1)
        axes = [self._axis(axis) for axis in order]
        if len(axes) == 2 < self.ndim:
            raise ArgumentError(
                f"transpose takes the order of all {self.ndim} dimensions: swapaxes{tuple(order)} exchanges two"
            )
        if sorted(axes) != list(range(self.ndim)):
            raise ArgumentError(f"the order {tuple(order)} does not have each of {self.ndim} dimensions once")
        return self._made("permute", axes)

    permute = transpose

    @property
    def T(self):
        """All dimensions in reverse."""
        return self.transpose()

    @property
    def mT(self):
        """The last two dimensions exchanged: each matrix transposed."""
        return self.swapaxes(-2, -1)

    def swapaxes(self, a, b):
        """Two dimensions exchanged."""
        order, a, b = list(range(self.ndim)), self._axis(a), self._axis(b)
        order[a], order[b] = b, a
        return self.transpose(order)

    def moveaxis(self, source, destination):
        """Dimensions moved to other places, one or a list; the others keep their order."""
        sources, places = self._axes(source), self._axes(destination)
        if len(sources) != len(places):
            raise ArgumentError(f"moveaxis: {len(sources)} dimensions for {len(places)} places")
        order = [axis for axis in range(self.ndim) if axis not in sources]
        for place, axis in sorted(zip(places, sources)):
            order.insert(place, axis)
        return self.transpose(order)

    @along
    def flip(self, axis=-1):
        """Reversed along one axis, or several."""
        flipped = self
        for one in self._axes(axis):
            flipped = flipped._made("flip", one)
        return flipped

    @spelled(dim="axis", dims="axis", shifts="shift")
    def roll(self, shift, axis=None):
        """Moved by `shift` places along one axis or several; what leaves at an end comes in at the other."""
        if axis is None:
            return self.flatten().roll(shift, 0).reshape(self.shape)
        axes = self._axes(axis)
        shifts = list(shift) if isinstance(shift, (tuple, list)) else [shift] * len(axes)
        if len(shifts) != len(axes) or not all(isinstance(one, int) for one in shifts):
            raise ArgumentError(f"roll: `shift` is {shift!r}, expected a whole number for each axis of {axis!r}")
        rolled = self
        for one, by in zip(axes, shifts):
            size = self.shape[one]
            cut = -by % size
            if cut:
                rolled = joined([part(rolled, one, cut, size), part(rolled, one, 0, cut)], one)
        return rolled

    def tile(self, *counts):
        """The whole tensor repeated, a number of times for each dimension, the last ones first."""
        counts = tuple(whole(one, "a count of tile()", 1) for one in unpacked(counts))
        rank = max(self.ndim, len(counts))
        tiled = self.reshape((1,) * (rank - self.ndim) + self.shape)
        for axis, count in enumerate((1,) * (rank - len(counts)) + counts):
            tiled = repeated(tiled, axis, count)
        return tiled

    @along
    def repeat(self, *counts, axis=None):
        """`repeat(2, axis=0)`: each element twice along an axis, as in NumPy. `tile` repeats the whole tensor."""
        if axis is None or len(counts) != 1:
            listed = ", ".join(map(str, unpacked(counts)))
            raise ArgumentError(
                f"repeat means two things: tile({listed}) repeats the whole tensor as PyTorch's repeat does, "
                "repeat(2, axis=0) each element as NumPy's does"
            )
        axis, count = self._axis(axis), whole(counts[0], "the count of repeat()", 1)
        before, after = self.shape[:axis], self.shape[axis + 1 :]
        apart = self.reshape(math.prod(before), self.shape[axis], 1, math.prod(after))
        return repeated(apart, 2, count).reshape(before + (self.shape[axis] * count,) + after)

    def broadcast_to(self, *shape):
        """Repeated along dimensions of size 1, and new ones before them, so that it has that shape."""
        shape = tuple(whole(size, "a size of the new shape", 1) for size in unpacked(shape))
        sizes = (1,) * (len(shape) - self.ndim) + self.shape
        if len(sizes) != len(shape) or any(here not in (1, there) for here, there in zip(sizes, shape)):
            raise ShapeError(f"a tensor of the shape {self.shape} does not broadcast to {shape}")
        return self * filled(self, shape, 1.0) if shape != self.shape else self

    def expand(self, *shape):
        """`broadcast_to`, where a size of -1 stays as it is."""
        shape = unpacked(shape)
        sizes = (-1,) * (len(shape) - self.ndim) + self.shape
        return self.broadcast_to([here if size == -1 else size for here, size in zip(sizes, shape)])

    def __getitem__(self, key):
        return indexing.get(self, key)

    def __setitem__(self, key, value):
        raise TypeError("a tensor does not change: where(condition, a, b) and cat([...]) make new ones")

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    def _sizes(self, shape):
        shape = list(shape)
        if not all(isinstance(size, int) for size in shape):
            raise ArgumentError(f"a shape is whole numbers, not {tuple(shape)}")
        if shape.count(-1) == 1:
            known = math.prod(size for size in shape if size != -1)
            if known and self.size % known == 0:
                shape[shape.index(-1)] = self.size // known
        if any(size < 0 for size in shape):
            raise ArgumentError(f"a tensor of the shape {self.shape} cannot have the shape {tuple(shape)}")
        return shape
