"""Tensors: handles to 32-bit numbers on the host's device, with the operators and slices that NumPy's arrays have."""

import math

from wit_world.imports.tensors import Interpolation
from wit_world.imports.tensors import Tensor as Handle

from . import indexing
from .errors import ArgumentError, call


class Tensor:
    """Numbers on the host's device, rank 1 to 8. An operator makes a new tensor; gradients flow through all but comparisons.

    Images are (N, C, H, W), volumes (N, C, D, H, W), both in [0, 1]. A reduction over everything leaves the shape (1,).
    Numbers come back only by `item`, `tolist` and `float`, which need the grant `readback`.
    """

    __slots__ = ("handle", "_shape", "__weakref__")

    def __init__(self, handle):
        self.handle = handle
        self._shape = None

    # What it is.

    @property
    def shape(self):
        """The sizes of the dimensions, as a tuple."""
        if self._shape is None:
            self._shape = tuple(self.handle.shape())
        return self._shape

    @property
    def ndim(self):
        """How many dimensions there are."""
        return len(self.shape)

    @property
    def size(self):
        """How many numbers there are."""
        return math.prod(self.shape)

    def __len__(self):
        return self.shape[0]

    def __repr__(self):
        return f"Tensor({' x '.join(map(str, self.shape))})"

    # Numbers of their own, which need `readback`.

    def item(self):
        """The number of a tensor that has only one."""
        if self.size != 1:
            raise ArgumentError(f"item() needs a tensor of one number, and this has the shape {self.shape}")
        return call(self.handle.read)[0]

    def tolist(self):
        """All numbers, in lists inside each other as the shape says."""
        numbers = list(call(self.handle.read))
        for size in reversed(self.shape[1:]):
            numbers = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        return numbers

    def __float__(self):
        return float(self.item())

    def __bool__(self):
        return bool(self.item())

    def __format__(self, form):
        return format(self.item(), form) if form else repr(self)

    # Operators.

    def __add__(self, other):
        if is_number(other):
            return self.affine(1.0, other)
        return _with(Handle.add, self, other)

    __radd__ = __add__

    def __sub__(self, other):
        if is_number(other):
            return self.affine(1.0, -other)
        return _with(Handle.subtract, self, other)

    def __rsub__(self, other):
        return self.affine(-1.0, other) if is_number(other) else NotImplemented

    def __mul__(self, other):
        if is_number(other):
            return self.affine(other, 0.0)
        return _with(Handle.multiply, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other):
        if is_number(other):
            if other == 0:
                raise ZeroDivisionError("division of a tensor by zero")
            return self.affine(1.0 / other, 0.0)
        return _with(Handle.divide, self, other)

    def __rtruediv__(self, other):
        return self.pow(-1.0).affine(other, 0.0) if is_number(other) else NotImplemented

    def __pow__(self, exponent):
        return self.pow(exponent) if is_number(exponent) else NotImplemented

    def __neg__(self):
        return self.affine(-1.0, 0.0)

    def __pos__(self):
        return self

    def __abs__(self):
        return self.abs()

    def __matmul__(self, other):
        return _with(Handle.matrix_multiply, self, other)

    def __gt__(self, other):
        """1 where this is greater, else 0; without a gradient."""
        return _with(Handle.greater, self, _lifted(other))

    def __lt__(self, other):
        other = _lifted(other)
        return _with(Handle.greater, other, self) if isinstance(other, Tensor) else NotImplemented

    def __ge__(self, other):
        """1 where this is greater or the same, else 0; 0 where one of both is NaN, as in every comparison but `!=`."""
        other = _lifted(other)
        return _at_least(self, other) if isinstance(other, Tensor) else NotImplemented

    def __le__(self, other):
        other = _lifted(other)
        return _at_least(other, self) if isinstance(other, Tensor) else NotImplemented

    def __eq__(self, other):
        """1 where both are the same, else 0; anything but tensors and numbers is not equal."""
        if not isinstance(other, Tensor) and not is_number(other):
            return NotImplemented
        return (self >= other) * (self <= other)

    def __ne__(self, other):
        return 1.0 - (self == other) if isinstance(other, Tensor) or is_number(other) else NotImplemented

    __hash__ = object.__hash__

    def minimum(self, other):
        """The smaller of two, element by element."""
        return _with(Handle.minimum, self, _lifted(other))

    def maximum(self, other):
        """The larger of two, element by element."""
        return _with(Handle.maximum, self, _lifted(other))

    # Functions of each element.

    def affine(self, scale, offset):
        """`scale * x + offset`."""
        return Tensor(call(self.handle.affine, float(scale), float(offset)))

    def pow(self, exponent):
        """`x ** exponent`; x >= 0 where the exponent is no whole number."""
        return Tensor(call(self.handle.power, float(exponent)))

    def clip(self, low=-math.inf, high=math.inf):
        """Values below `low` become `low`, above `high` become `high`."""
        most = 3.4028234663852886e38
        return Tensor(call(self.handle.clamp, max(float(low), -most), min(float(high), most)))

    clamp = clip

    def abs(self):
        """The absolute value."""
        return Tensor(call(self.handle.absolute))

    def exp(self):
        """e to the power of x."""
        return Tensor(call(self.handle.exponential))

    def log(self):
        """The natural logarithm."""
        return Tensor(call(self.handle.logarithm))

    def sqrt(self):
        """The square root."""
        return Tensor(call(self.handle.square_root))

    def sigmoid(self):
        """`1 / (1 + exp(-x))`."""
        return Tensor(call(self.handle.sigmoid))

    def relu(self):
        """`max(x, 0)`."""
        return Tensor(call(self.handle.relu))

    # Over dimensions.

    def sum(self, axis=None, keepdims=False):
        """The sum over one axis, several, or all."""
        return self._reduced(self.handle.sum, axis, keepdims)

    def mean(self, axis=None, keepdims=False):
        """The mean over one axis, several, or all."""
        return self._reduced(self.handle.mean, axis, keepdims)

    def std(self, axis=None, keepdims=False):
        """The standard deviation over one axis, several, or all."""
        centred = self - self.mean(axis, keepdims=True)
        return (centred * centred).mean(axis, keepdims).sqrt()

    def max(self, axis=None, keepdims=False):
        """The largest number along one axis, several, or all."""
        if axis is None:
            largest = Tensor(call(call(self.handle.reshape, [self.size]).max_along, 0))
            return largest.reshape([1] * self.ndim) if keepdims else largest
        largest, axes = self, self._axes(axis)
        for dimension in axes:
            largest = Tensor(call(largest.handle.max_along, dimension))
        return largest if keepdims else largest._without(axes)

    def min(self, axis=None, keepdims=False):
        """The smallest number along one axis, several, or all."""
        return -(-self).max(axis, keepdims)

    def softmax(self, axis=-1):
        """Softmax along one axis."""
        return Tensor(call(self.handle.softmax, self._axis(axis)))

    # Shapes.

    def reshape(self, *shape):
        """The same numbers in another shape; one size may be -1."""
        return Tensor(call(self.handle.reshape, self._sizes(unpacked(shape))))

    def flatten(self):
        """All numbers in one dimension."""
        return self.reshape(self.size)

    def squeeze(self, axis=None):
        """Without dimensions of size 1: one of them, or all."""
        chosen = self._axes(axis) if axis is not None else [i for i, size in enumerate(self.shape) if size == 1]
        return self._without([i for i in chosen if self.shape[i] == 1])

    def transpose(self, *order):
        """Dimension i of the result is dimension `order[i]` of this; without an order, all in reverse."""
        order = unpacked(order) or range(self.ndim - 1, -1, -1)
        return Tensor(call(self.handle.permute, [self._axis(axis) for axis in order]))

    @property
    def T(self):
        """All dimensions in reverse."""
        return self.transpose()

    def flip(self, axis=-1):
        """Reversed along one axis."""
        return Tensor(call(self.handle.flip, self._axis(axis)))

    def __getitem__(self, key):
        return indexing.get(self, key)

    def __setitem__(self, key, value):
        raise TypeError("a tensor does not change: where(condition, a, b) and cat([...]) make new ones")

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    # Images.

    def resize(self, *sizes, how="bilinear"):
        """Images at other spatial sizes, `bilinear` or `nearest`."""
        try:
            interpolation = Interpolation[how.upper()]
        except KeyError:
            raise ArgumentError(f"resize: `how` is {how!r}, expected 'bilinear' or 'nearest'") from None
        return Tensor(call(self.handle.resize, list(unpacked(sizes)), interpolation))

    def blur(self, *sigma):
        """Images blurred by a Gaussian: standard deviations in pixels, one for all spatial dimensions or one for each."""
        return Tensor(call(self.handle.gaussian_blur, [float(value) for value in unpacked(sigma)]))

    def translate(self, *offsets):
        """Images moved by whole pixels towards larger indices, one number for each spatial dimension; edges repeat."""
        return Tensor(call(self.handle.translate, list(unpacked(offsets))))

    def blend(self, reference, mask):
        """`mask * x + (1 - mask) * reference` (Uzunova 2019, Eq. 2); the mask has one channel."""
        return Tensor(call(self.handle.blend, handle_of(reference, "reference"), handle_of(mask, "mask")))

    def total_variation(self, beta=1.0):
        """Sum of ||grad x||^beta for each mask (Uzunova 2019, Eq. 1); the shape is (N,)."""
        return Tensor(call(self.handle.total_variation, float(beta)))

    def share(self):
        """Another handle to the same numbers, which lives on when this one was only lent."""
        return Tensor(call(self.handle.share))

    # Helpers.

    def _axis(self, axis):
        if not isinstance(axis, int) or not -self.ndim <= axis < self.ndim:
            raise ArgumentError(f"axis {axis!r} does not exist in a tensor of the shape {self.shape}")
        return axis % self.ndim

    def _axes(self, axis):
        return [self._axis(one) for one in (axis if isinstance(axis, (tuple, list)) else [axis])]

    def _reduced(self, reduce, axis, keepdims):
        if axis is None:
            whole = Tensor(call(reduce, []))
            return whole if keepdims else whole.reshape([1])
        axes = self._axes(axis)
        reduced = Tensor(call(reduce, axes))
        return reduced if keepdims else reduced._without(axes)

    def _without(self, axes):
        return self.reshape([size for i, size in enumerate(self.shape) if i not in axes] or [1])

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


def is_number(value):
    """Whether a value is a plain number."""
    return isinstance(value, (int, float))


def _at_least(left, right):
    """1 where left >= right: where right is not greater, and both are numbers."""
    return (1.0 - (right > left)) * _is_number(left) * _is_number(right)


def _is_number(tensor):
    """1 where there is a number, 0 where there is NaN: each number is above 0 or below 1."""
    return (tensor > 0.0).maximum(tensor < 1.0)


def handle_of(value, argument):
    """The handle of a tensor that an argument is."""
    if not isinstance(value, Tensor):
        raise TypeError(f"`{argument}` is of the type {type(value).__name__}, expected a tensor")
    return value.handle


def unpacked(sizes):
    """`f(2, 3)` and `f((2, 3))` mean the same."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def _lifted(value):
    return Tensor(call(Handle.full, [1], float(value))) if is_number(value) else value


def _with(operator, left, right):
    if not isinstance(right, Tensor):
        return NotImplemented
    return Tensor(call(operator, left.handle, right.handle))
