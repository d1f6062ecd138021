"""What reads a tensor's numbers back from the host's device: it needs the grant `readback`, and has no gradient."""

import math

from wit_world.imports.tensors import Tensor as Handle

from .errors import ArgumentError, NonFiniteError, call
from .lifting import is_number
from .pieces import whole
from .spelling import along


class Reading:
    """Numbers, and what is found by looking at them. What sorts or compares refuses NaN, which has no order."""

    __slots__ = ()

    def item(self):
        """The number of a tensor that has only one. Needs the grant `readback`."""
        if self.size != 1:
            raise ArgumentError(f"item() needs a tensor of one number, and this has the shape {self.shape}")
        return call(self.handle.read)[0]

    def tolist(self):
        """All numbers, in lists inside each other as the shape says. Needs the grant `readback`."""
        numbers = list(call(self.handle.read))
        for size in reversed(self.shape[1:]):
            numbers = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        return numbers

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __round__(self, digits=None):
        """The rounded number of a tensor that has only one, else `round(digits)`."""
        return round(self.item(), digits) if self.size == 1 else self.round(digits or 0)

    def __format__(self, form):
        return format(self.item(), form) if form else repr(self)

    def round(self, decimals=0):
        """The nearest numbers with that many decimals, halves to the even one. Needs `readback`; without a gradient."""
        rounded = [round(number, decimals) if math.isfinite(number) else number for number in call(self.handle.read)]
        return self._from(rounded, self.shape)

    def nan_to_num(self, nan=0.0, posinf=None, neginf=None):
        """Numbers for NaN and for infinities (the largest, unless given). Needs `readback`; without a gradient."""
        most = 3.4028234663852886e38
        others = {math.inf: most if posinf is None else posinf, -math.inf: -most if neginf is None else neginf}
        numbers = [nan if number != number else others.get(number, number) for number in call(self.handle.read)]
        return self._from(numbers, self.shape)

    @along
    def argmax(self, axis=None, keepdims=False):
        """The index of the largest number, the first of equal ones: a whole number over all, a tensor along one axis.

        Needs the grant `readback`; without a gradient.
        """
        return self._place("argmax", axis, keepdims, lambda row: row.index(max(row)))

    @along
    def argmin(self, axis=None, keepdims=False):
        """The index of the smallest number, the first of equal ones: a whole number over all, a tensor along one axis.

        Needs the grant `readback`; without a gradient.
        """
        return self._place("argmin", axis, keepdims, lambda row: row.index(min(row)))

    @along
    def sort(self, axis=-1, descending=False):
        """Another tensor, in order along an axis, or of all numbers for None. Needs `readback`; without a gradient."""
        return self._each_row("sort", axis, lambda row: sorted(row, reverse=descending))

    @along
    def argsort(self, axis=-1, descending=False):
        """The indices that sort; of equal numbers the first comes first. Needs `readback`; without a gradient."""
        return self._each_row("argsort", axis, lambda row: _order(row, descending))

    @along
    def topk(self, k, axis=-1, largest=True):
        """(values, indices) of the k largest numbers along an axis. Needs `readback`; without a gradient."""
        size = self.shape[self._axis(axis)]
        if whole(k, "`k` of topk()", 1) > size:
            raise ArgumentError(f"`k` of topk() is {k}, and there are {size} numbers")
        rows = self._rows("topk", axis)
        orders = [_order(row, largest)[:k] for row in rows]
        values = [[row[place] for place in order] for row, order in zip(rows, orders)]
        return self._laid(values, axis), self._laid(orders, axis)

    @along
    def median(self, axis=None, keepdims=False):
        """The median over one axis, several, or all: of an even number the mean of the middle two, as in NumPy.

        Needs the grant `readback`; without a gradient.
        """
        rows = self._rows("median", axis)
        return self._one_each([_quantile(sorted(row), 0.5) for row in rows], axis, keepdims)

    @along
    def quantile(self, q, axis=None, keepdims=False):
        """The number below which the share `q` (0 to 1) lies, over one axis, several, or all; interpolated linearly.

        A list of shares makes a first dimension, as in NumPy. Needs the grant `readback`; without a gradient.
        """
        shares = list(q) if isinstance(q, (tuple, list)) else [q]
        if not shares or not all(is_number(share) and 0 <= share <= 1 for share in shares):
            raise ArgumentError(f"`q` of quantile() is {q!r}, expected 0 to 1; percentile() takes 0 to 100")
        rows = [sorted(row) for row in self._rows("quantile", axis)]
        if not isinstance(q, (tuple, list)):
            return self._one_each([_quantile(row, q) for row in rows], axis, keepdims)
        numbers = [_quantile(row, share) for share in shares for row in rows]
        return self._from(numbers, [len(shares), *self._left(axis, keepdims)])

    @along
    def percentile(self, q, axis=None, keepdims=False):
        """`quantile` of `q` in percent, 0 to 100. Needs the grant `readback`; without a gradient."""
        percents = list(q) if isinstance(q, (tuple, list)) else [q]
        if not percents or not all(is_number(one) and 0 <= one <= 100 for one in percents):
            raise ArgumentError(f"`q` of percentile() is {q!r}, expected 0 to 100")
        return self.quantile(
            [one / 100 for one in percents] if isinstance(q, (tuple, list)) else q / 100, axis, keepdims
        )

    def unique(self):
        """The different numbers, in order. Needs the grant `readback`; without a gradient."""
        numbers = sorted(set(self._rows("unique", None)[0]))
        return self._from(numbers, [len(numbers)])

    def nonzero(self):
        """A list of the indices, each a tuple, at which the numbers are not 0. Needs the grant `readback`."""
        places = []
        for place, number in enumerate(call(self.handle.read)):
            if number != 0:
                index = []
                for size in reversed(self.shape):
                    place, one = divmod(place, size)
                    index.append(one)
                places.append(tuple(reversed(index)))
        return places

    # Helpers.

    def _from(self, numbers, shape):
        return self._of(call(Handle.from_data, list(shape), [float(number) for number in numbers]))

    def _rows(self, word, axis):
        """The numbers along an axis, several, or all, in a list for each place of the other axes."""
        axes = self._axes(axis)
        kept = [one for one in range(self.ndim) if one not in axes]
        ordered = self if kept + axes == list(range(self.ndim)) else self.transpose(kept + axes)
        numbers, size = list(call(ordered.handle.read)), self._count(axis)
        if any(number != number for number in numbers):
            raise NonFiniteError(
                f"{word}() of numbers of which some are NaN, which has no order: nan_to_num() replaces it"
            )
        return [numbers[start : start + size] for start in range(0, len(numbers), size)]

    def _laid(self, rows, axis):
        """A tensor in which the rows lie along the axis again."""
        numbers = [number for row in rows for number in row]
        if axis is None:
            return self._from(numbers, [len(numbers)])
        axis = self._axis(axis)
        others = self.shape[:axis] + self.shape[axis + 1 :]
        return self._from(numbers, (*others, len(rows[0]))).moveaxis(-1, axis)

    def _each_row(self, word, axis, act):
        if axis is not None:
            self._axis(axis)
        return self._laid([act(row) for row in self._rows(word, axis)], axis)

    def _left(self, axis, keepdims):
        """The sizes that are left without some axes."""
        axes = self._axes(axis)
        sizes = [1 if one in axes else size for one, size in enumerate(self.shape)]
        return sizes if keepdims else [size for one, size in enumerate(sizes) if one not in axes]

    def _one_each(self, numbers, axis, keepdims):
        """A tensor of one number for each row."""
        return self._from(numbers, self._left(axis, keepdims) or [1])

    def _place(self, word, axis, keepdims, find):
        if axis is not None:
            self._axis(axis)
        places = [find(row) for row in self._rows(word, axis)]
        return places[0] if axis is None and not keepdims else self._one_each(places, axis, keepdims)


def _order(row, descending):
    return sorted(range(len(row)), key=row.__getitem__, reverse=descending)


def _quantile(row, share):
    """Of sorted numbers the one at `share * (n - 1)`, between two on the line from one to the other."""
    at = share * (len(row) - 1)
    low = min(int(at), len(row) - 1)
    part = at - low
    if not part or row[low] == row[low + 1]:
        return row[low]
    return row[low] + (row[low + 1] - row[low]) * part
