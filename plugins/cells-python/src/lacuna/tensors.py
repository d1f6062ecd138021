"""Tensors: handles to 32-bit numbers on the host's device, with the operators and methods that NumPy's arrays have."""

import copy
import math

from wit_world.imports import autodiff
from wit_world.imports.tensors import Tensor as Handle

from . import copying, showing
from .elements import Elements
from .errors import call
from .lifting import is_number, unpacked  # noqa: F401
from .operators import Operators
from .reading import Reading
from .reducing import Reductions
from .shaping import Shapes
from .spatial import Images


_TRACKED = "gradients come by x = track(t), then gradient(loss, x)"
_PLACE = "tensors are 32-bit numbers on the host's device, and nothing else"
HINTS = {
    **dict.fromkeys(["backward", "grad", "requires_grad", "requires_grad_"], _TRACKED),
    **dict.fromkeys(["to", "cpu", "cuda", "float", "double", "half", "astype", "dtype", "device", "type"], _PLACE),
    "numpy": "tolist() gives its numbers",
    "data": "tolist() gives its numbers",
    "gather": "t[[0, 2]] takes places of one dimension",
    "take": "t[[0, 2]] takes places of one dimension",
    "fill_": "a tensor never changes: full_like(t, value)",
    "floor": "round() reads numbers back; the contract has no rounding",
    "ceil": "round() reads numbers back; the contract has no rounding",
}
"""What stands here for the methods of other libraries."""


class Tensor(Operators, Elements, Reductions, Shapes, Images, Reading):
    """Numbers on the host's device, rank 1 to 8. A tensor never changes: an operator makes a new one.

    Images are (N, C, H, W), volumes (N, C, D, H, W), both in [0, 1]. A reduction over everything leaves the shape (1,).
    Gradients flow through all but comparisons and what reads numbers back. Numbers come back by `item`, `tolist`,
    `float`, `int`, `round`, `if`, `argmax`, `argmin`, `sort`, `argsort`, `topk`, `median`, `quantile`, `percentile`, `unique`,
    `nonzero` and `nan_to_num`, which need the grant `readback`. Axes are `axis=` or `dim=`.
    """

    __slots__ = ("handle", "_shape", "__weakref__")

    def __init__(self, handle):
        self.handle = handle
        self._shape = None

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

    def dim(self):
        """How many dimensions there are."""
        return len(self.shape)

    @property
    def size(self):
        """How many numbers there are."""
        return math.prod(self.shape)

    def numel(self):
        """How many numbers there are."""
        return self.size

    def __len__(self):
        return self.shape[0]

    def __repr__(self):
        return showing.text(self)

    def detach(self):
        """The same numbers, outside the graph of gradients."""
        return Tensor(call(autodiff.detach, self.handle))

    def share(self):
        """Another handle to the same numbers, which lives on when this one was only lent."""
        return Tensor(call(self.handle.share))

    def __getattr__(self, name):
        hint = HINTS.get(name)
        raise AttributeError(f"a tensor has no `{name}`" + (f": {hint}" if hint else ""), name=name, obj=self)

    # Copies: a second object with the same handle would free it twice.

    def copy(self):
        """Another handle to the same numbers, which never change."""
        return copy.copy(self)

    clone = copy

    def __copy__(self):
        twin = object.__new__(type(self))
        Tensor.__init__(twin, call(self.handle.share))
        for name, value in _own(self).items():
            setattr(twin, name, value)
        return twin

    def __deepcopy__(self, memo):
        return copy.copy(self)

    # Helpers.

    @staticmethod
    def _of(handle):
        """A tensor of a handle."""
        return Tensor(handle)

    def _made(self, name, *arguments):
        """The tensor that a call of the contract makes of this."""
        return Tensor(call(getattr(self.handle, name), *arguments))

    @staticmethod
    def _handle(value, argument):
        return handle_of(value, argument)


copying.refuse_pickling(
    Tensor, ("a tensor lives on the host's device and", "keep its numbers, as t.tolist() gives them")
)
copying.handles(Handle)


def handle_of(value, argument):
    """The handle of a tensor that an argument is."""
    if not isinstance(value, Tensor):
        raise TypeError(f"`{argument}` is of the type {type(value).__name__}, expected a tensor")
    return value.handle


def _own(tensor):
    """What a subclass keeps beside the handle."""
    names = {name for kind in type(tensor).__mro__ if kind is not Tensor for name in getattr(kind, "__slots__", ())}
    held = {name: getattr(tensor, name) for name in names if hasattr(tensor, name) and not name.startswith("__")}
    return held | getattr(tensor, "__dict__", {})
