"""Operators of tensors: with tensors, with numbers, and with lists of numbers. Shapes broadcast as in NumPy."""

import math

from wit_world.imports.tensors import Tensor as Handle

from .errors import ArgumentError, ShapeError, call
from .lifting import from_lists, is_list, is_number


class Operators:
    """What stands between tensors. Gradients flow through all but comparisons."""

    __slots__ = ()

    def __add__(self, other):
        if is_number(other):
            return self.affine(1.0, other)
        return self._with("add", other)

    __radd__ = __add__

    def __sub__(self, other):
        if is_number(other):
            return self.affine(1.0, -other)
        return self._with("subtract", other)

    def __rsub__(self, other):
        return self.affine(-1.0, other) if is_number(other) else self._after("subtract", other)

    def __mul__(self, other):
        if is_number(other):
            return self.affine(other, 0.0)
        return self._with("multiply", other)

    __rmul__ = __mul__

    def __truediv__(self, other):
        if is_number(other):
            if other == 0:
                raise ZeroDivisionError("division of a tensor by zero")
            return self.affine(1.0 / other, 0.0)
        return self._with("divide", other)

    def __rtruediv__(self, other):
        return self.pow(-1.0).affine(other, 0.0) if is_number(other) else self._after("divide", other)

    def __pow__(self, exponent):
        """`x ** exponent`; x > 0 where the exponent is a tensor, x >= 0 where it is no whole number."""
        exponent = self._lifted(exponent, numbers=False)
        return self.pow(exponent) if is_number(exponent) or self._is_tensor(exponent) else NotImplemented

    def __rpow__(self, base):
        """`base ** x` as exp(x log(base)), for a base above 0."""
        if not is_number(base):
            base = self._lifted(base)
            return base.pow(self) if self._is_tensor(base) else NotImplemented
        if not base > 0:
            raise ArgumentError(f"the base of a power whose exponent is a tensor is {base!r}, expected more than 0")
        return self.affine(math.log(base), 0.0).exp()

    def __neg__(self):
        return self.affine(-1.0, 0.0)

    def __pos__(self):
        return self

    def __abs__(self):
        return self.abs()

    def __matmul__(self, other):
        """The matrix product; one dimension on a side is a vector, and two vectors give one sum, in the shape (1,)."""
        other = self._lifted(other, numbers=False)
        return _product(self, other) if self._is_tensor(other) else NotImplemented

    def __rmatmul__(self, other):
        other = self._lifted(other, numbers=False)
        return _product(other, self) if self._is_tensor(other) else NotImplemented

    def matmul(self, other):
        """`x @ other`."""
        return self @ other

    dot = matmul

    # Masks of 0 and 1.

    def __and__(self, other):
        """1 where both masks are 1: their product."""
        return self._with("multiply", other, numbers=True)

    __rand__ = __and__

    def __or__(self, other):
        """1 where one of two masks is 1: the larger of both."""
        return self._with("maximum", other, numbers=True)

    __ror__ = __or__

    def __invert__(self):
        """1 where a mask is 0, 0 where it is 1: `1 - x`."""
        return self.affine(-1.0, 1.0)

    # Comparisons.

    def __gt__(self, other):
        """1 where this is greater, else 0; without a gradient."""
        return self._with("greater", other, numbers=True)

    def __lt__(self, other):
        """1 where this is smaller, else 0; without a gradient."""
        return self._after("greater", other)

    def __ge__(self, other):
        """1 where this is greater or the same, else 0; 0 where one of both is NaN, as in every comparison but `!=`."""
        other = self._lifted(other)
        return _at_least(self, other) if self._is_tensor(other) else NotImplemented

    def __le__(self, other):
        """1 where this is smaller or the same, else 0."""
        other = self._lifted(other)
        return _at_least(other, self) if self._is_tensor(other) else NotImplemented

    def __eq__(self, other):
        """1 where both are the same, else 0; anything but tensors, numbers and lists of numbers is not equal."""
        try:
            other = self._lifted(other)
        except (TypeError, ArgumentError):
            return NotImplemented
        return (self >= other) * (self <= other) if self._is_tensor(other) else NotImplemented

    def __ne__(self, other):
        """1 where both differ, else 0."""
        same = self.__eq__(other)
        return same if same is NotImplemented else 1.0 - same

    __hash__ = object.__hash__

    def __bool__(self):
        if self.size != 1:
            raise ArgumentError(
                f"a tensor of {self.size} numbers is neither true nor false: reduce it first, for example (t > 0).any()"
            )
        return bool(self.item())

    # Helpers.

    def _with(self, name, other, numbers=False):
        """What the contract's call makes of this and another one."""
        other = self._lifted(other, numbers)
        return self._made(name, other.handle) if self._is_tensor(other) else NotImplemented

    def _after(self, name, other):
        """What the contract's call makes of another one and this."""
        other = self._lifted(other)
        return other._made(name, self.handle) if self._is_tensor(other) else NotImplemented

    def _is_tensor(self, value):
        return isinstance(value, Operators)

    def _lifted(self, value, numbers=True):
        """A list of numbers as a tensor, and a number too where that is wished; anything else as it is."""
        if numbers and is_number(value):
            return self._of(call(Handle.full, [1], float(value)))
        return self._of(from_lists(value)) if is_list(value) else value


def number_mask(tensor):
    """1 where there is a number, 0 where there is NaN: each number is above 0 or below 1."""
    return (tensor > 0.0).maximum(tensor < 1.0)


def _at_least(left, right):
    """1 where left >= right: where right is not greater, and both are numbers."""
    return (1.0 - (right > left)) * number_mask(left) * number_mask(right)


def _product(left, right):
    """The matrix product, with vectors as NumPy has them."""
    inner, rows = left.shape[-1], right.shape[max(0, right.ndim - 2)]
    if inner != rows:
        raise ShapeError(
            f"@ of {_words(left)} and {_words(right)}: the last size {inner} and the size {rows} are not the same"
        )
    if right.ndim == 1:
        return _product(left, right.reshape(-1, 1)).squeeze(-1)
    if left.ndim == 1:
        return _product(left.reshape(1, -1), right).squeeze(-2)
    if right.ndim == 2:
        product = left.reshape(-1, inner)._made("matrix_multiply", right.handle)
        return product.reshape(left.shape[:-1] + right.shape[-1:])
    rank = max(left.ndim, right.ndim)
    left, right = (one.reshape((1,) * (rank - one.ndim) + one.shape) for one in (left, right))
    return left._made("matrix_multiply", right.handle)


def _words(tensor):
    return " x ".join(map(str, tensor.shape))
