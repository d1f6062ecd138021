"""Sums, means, extremes and products over dimensions. Gradients flow through all but `any` and `all`."""

from .errors import ArgumentError
from .lifting import is_number
from .pieces import filled, joined, part, sized
from .spelling import along, spelled


class Reductions:
    """Over one axis, several, or all, which leaves the shape (1,). `dim=` is `axis=`, `keepdim=` is `keepdims=`."""

    __slots__ = ()

    @along
    def sum(self, axis=None, keepdims=False):
        """The sum over one axis, several, or all."""
        return self._reduced("sum", axis, keepdims)

    @along
    def mean(self, axis=None, keepdims=False):
        """The mean over one axis, several, or all."""
        return self._reduced("mean", axis, keepdims)

    @spelled(dim="axis", dims="axis", keepdim="keepdims", correction="ddof")
    def var(self, axis=None, keepdims=False, ddof=0):
        """The variance, divided by n as NumPy does (population); `ddof=1` divides by n - 1 as PyTorch does."""
        centred = self - self.mean(axis, keepdims=True)
        variance = (centred * centred).mean(axis, keepdims)
        if ddof == 0:
            return variance
        count = self._count(axis)
        if not is_number(ddof) or not ddof < count:
            raise ArgumentError(
                f"`ddof` is {ddof!r}, expected a number below {count}, which is how many numbers there are"
            )
        return variance.affine(count / (count - ddof), 0.0)

    @spelled(dim="axis", dims="axis", keepdim="keepdims", correction="ddof")
    def std(self, axis=None, keepdims=False, ddof=0):
        """The standard deviation, by n as NumPy does (population); `ddof=1` takes n - 1 as PyTorch does."""
        return self.var(axis, keepdims, ddof).sqrt()

    @along
    def max(self, axis=None, keepdims=False):
        """The largest number along one axis, several, or all."""
        if axis is None:
            largest = self.flatten()._made("max_along", 0)
            return largest.reshape([1] * self.ndim) if keepdims else largest
        largest, axes = self, self._axes(axis)
        for dimension in axes:
            largest = largest._made("max_along", dimension)
        return largest if keepdims else largest._without(axes)

    @along
    def min(self, axis=None, keepdims=False):
        """The smallest number along one axis, several, or all."""
        return -(-self).max(axis, keepdims)

    amax, amin = max, min

    @along
    def prod(self, axis=None, keepdims=False):
        """The product over one axis, several, or all, right for zeros and negative numbers."""
        if axis is None:
            product = _folded(self.flatten(), 0)
            return product.reshape([1] * self.ndim) if keepdims else product
        product, axes = self, self._axes(axis)
        for dimension in axes:
            product = _folded(product, dimension)
        return product if keepdims else product._without(axes)

    @along
    def norm(self, axis=None, keepdims=False):
        """The Euclidean norm over one axis, several, or all; it has no gradient where all numbers are 0."""
        return (self * self).sum(axis, keepdims).sqrt()

    @along
    def any(self, axis=None, keepdims=False):
        """1 where a number of a mask is not 0, else 0; without a gradient. `if mask.any():` reads it."""
        return (self != 0.0).max(axis, keepdims)

    @along
    def all(self, axis=None, keepdims=False):
        """1 where no number of a mask is 0, else 0; without a gradient. `if mask.all():` reads it."""
        return 1.0 - (self == 0.0).max(axis, keepdims)

    @along
    def softmax(self, axis=-1):
        """Softmax along one axis."""
        return self._made("softmax", self._axis(axis))

    @along
    def cumsum(self, axis=None):
        """The sums of all numbers up to each along one axis; without one, of all numbers in one dimension."""
        if axis is None:
            return self.flatten().cumsum(0)
        axis = self._axis(axis)
        sums, reach, size = self, 1, self.shape[axis]
        # Each sum has the last `reach` numbers, then twice as many.
        while reach < size:
            before = filled(self, sized(self, axis, reach), 0.0)
            sums = sums + joined([before, part(sums, axis, 0, size - reach)], axis)
            reach *= 2
        return sums

    # Helpers.

    def _axis(self, axis):
        if not isinstance(axis, int) or not -self.ndim <= axis < self.ndim:
            raise ArgumentError(f"axis {axis!r} does not exist in a tensor of the shape {self.shape}")
        return axis % self.ndim

    def _axes(self, axis):
        """Axes from 0, each once."""
        if axis is None:
            return list(range(self.ndim))
        axes = [self._axis(one) for one in (axis if isinstance(axis, (tuple, list)) else [axis])]
        if len(set(axes)) != len(axes):
            raise ArgumentError(f"the axes {axis!r} name one twice")
        return axes

    def _count(self, axis):
        """How many numbers one result is made of."""
        count = 1
        for one in self._axes(axis):
            count *= self.shape[one]
        return count

    def _reduced(self, name, axis, keepdims):
        if axis is None:
            whole = self._made(name, [])
            return whole if keepdims else whole.reshape([1])
        axes = self._axes(axis)
        # An empty list would be all of them for the host.
        reduced = self._made(name, axes) if axes else self
        return reduced if keepdims else reduced._without(axes)

    def _without(self, axes):
        return self.reshape([size for i, size in enumerate(self.shape) if i not in axes] or [1])


def _folded(tensor, axis):
    """The product along an axis: the first half times the second, until one is left."""
    while tensor.shape[axis] > 1:
        half = tensor.shape[axis] // 2
        folded = part(tensor, axis, 0, half) * part(tensor, axis, half, 2 * half)
        odd = [part(tensor, axis, 2 * half, 2 * half + 1)] if tensor.shape[axis] % 2 else []
        tensor = joined([folded, *odd], axis)
    return tensor
