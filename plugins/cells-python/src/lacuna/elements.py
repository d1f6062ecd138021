"""Functions of each element of a tensor. Gradients flow through all but `sign` and `isnan`."""

import math

from .lifting import is_number
from .operators import number_mask
from .spelling import spelled

MOST = 3.4028234663852886e38
"""The largest number of 32 bits."""


class Elements:
    """What is done to each element."""

    __slots__ = ()

    def affine(self, scale, offset):
        """`scale * x + offset`."""
        return self._made("affine", float(scale), float(offset))

    def pow(self, exponent):
        """`x ** exponent`: x >= 0 where that is no whole number; x > 0 for a tensor, as exp(exponent log(x))."""
        if is_number(exponent):
            return self._made("power", float(exponent))
        return (self.log() * exponent).exp()

    @spelled(min="low", max="high")
    def clip(self, low=-math.inf, high=math.inf):
        """Values below `low` (or `min=`) become `low`, above `high` (or `max=`) become `high`; None is no limit."""
        low, high = -math.inf if low is None else float(low), math.inf if high is None else float(high)
        return self._made("clamp", max(low, -MOST), min(high, MOST))

    clamp = clip

    def abs(self):
        """The absolute value."""
        return self._made("absolute")

    def exp(self):
        """e to the power of x."""
        return self._made("exponential")

    def log(self):
        """The natural logarithm."""
        return self._made("logarithm")

    def sqrt(self):
        """The square root."""
        return self._made("square_root")

    def sigmoid(self):
        """`1 / (1 + exp(-x))`."""
        return self._made("sigmoid")

    def relu(self):
        """`max(x, 0)`."""
        return self._made("relu")

    def tanh(self):
        """The hyperbolic tangent, `2 sigmoid(2 x) - 1`: right to about 1e-7."""
        return self.affine(2.0, 0.0).sigmoid().affine(2.0, -1.0)

    def sign(self):
        """1 where x is above 0, -1 where it is below, else 0; without a gradient."""
        return (self > 0.0) - (self < 0.0)

    def isnan(self):
        """1 where there is no number, else 0; without a gradient."""
        return 1.0 - number_mask(self)

    def square(self):
        """`x * x`."""
        return self * self

    def masked_fill(self, mask, value):
        """`value` where the mask is 1, this where it is 0."""
        return self * (1.0 - mask) + mask * value

    def isfinite(self):
        """1 where there is a finite number, else 0; without a gradient."""
        return number_mask(self) * (self.abs() <= MOST)

    def isclose(self, other, rtol=1e-5, atol=1e-8):
        """1 where both are the same up to `atol + rtol |other|`, else 0; without a gradient."""
        other = self._operand(other)
        return (self - other).abs() <= other.abs() * rtol + atol

    def allclose(self, other, rtol=1e-5, atol=1e-8):
        """Whether `isclose` holds everywhere. Needs the grant `readback`."""
        return bool(self.isclose(other, rtol, atol).all())

    def minimum(self, other):
        """The smaller of two, element by element."""
        return self._made("minimum", self._operand(other).handle)

    def maximum(self, other):
        """The larger of two, element by element."""
        return self._made("maximum", self._operand(other).handle)

    def _operand(self, other):
        """A tensor, a number or a list of numbers as a tensor."""
        lifted = self._lifted(other)
        if not self._is_tensor(lifted):
            raise TypeError(f"expected a tensor, a number or a list of numbers, not the type {type(other).__name__}")
        return lifted
