"""Images and volumes: resized, blurred, moved, padded, pooled and blended. Gradients flow through all of it."""

import math

from wit_world.imports.tensors import Interpolation

from .errors import ArgumentError, ShapeError
from .lifting import is_number, unpacked
from .pieces import filled, joined, sized, whole


class Images:
    """What is done to images (N, C, H, W) and volumes (N, C, D, H, W)."""

    __slots__ = ()

    def resize(self, *sizes, how="bilinear"):
        """Images at other spatial sizes, `bilinear` or `nearest`."""
        try:
            interpolation = Interpolation[how.upper()]
        except (KeyError, AttributeError):
            raise ArgumentError(f"resize: `how` is {how!r}, expected 'bilinear' or 'nearest'") from None
        return self._made("resize", list(unpacked(sizes)), interpolation)

    def blur(self, *sigma):
        """Images blurred by a Gaussian: standard deviations in pixels, one for all dimensions or one for each."""
        return self._made("gaussian_blur", [float(value) for value in unpacked(sigma)])

    def translate(self, *offsets):
        """Images moved by whole pixels towards larger indices, one number for each spatial dimension; edges repeat."""
        return self._made("translate", list(unpacked(offsets)))

    def blend(self, reference, mask):
        """`mask * x + (1 - mask) * reference` (Uzunova 2019, Eq. 2); the mask has one channel."""
        return self._made("blend", self._handle(reference, "reference"), self._handle(mask, "mask"))

    def total_variation(self, beta=1.0):
        """Sum of ||grad x||^beta for each mask (Uzunova 2019, Eq. 1); the shape is (N,)."""
        return self._made("total_variation", float(beta))

    def pad(self, *widths, value=0.0):
        """A border of `value`: `pad(2)` on all sides, `pad((1, 2), (3, 4))` (before, after) for rows and for columns.

        The spatial dimensions get it: those from the third on, or all of a vector or a matrix.
        """
        axes = _spatial(self, "pad")
        if len(widths) == 1 and isinstance(widths[0], (tuple, list)) and all(map(_is_pair, widths[0])):
            widths = tuple(widths[0])
        if len(widths) == 1 and is_number(widths[0]):
            widths *= len(axes)
        if len(widths) != len(axes) or not all(is_number(one) or _is_pair(one) for one in widths):
            raise ArgumentError(
                f"pad takes one width, or (before, after) for each of {len(axes)} dimensions, not {widths}"
            )
        padded = self
        for axis, width in zip(axes, widths):
            before, after = width if _is_pair(width) else (width, width)
            sides = [
                [filled(self, sized(padded, axis, count), value)] if whole(count, "a width of pad()") else []
                for count in (before, after)
            ]
            padded = joined([*sides[0], padded, *sides[1]], axis)
        return padded

    def avg_pool(self, *size):
        """Means of blocks: `avg_pool(2)`, or one size for each spatial dimension. The sizes divide the image's."""
        return _pooled(self, "avg_pool", size, lambda blocks: blocks._made("mean", [2]))

    def max_pool(self, *size):
        """The largest of blocks: `max_pool(2)`, or one size for each spatial dimension, which divide the image's."""
        return _pooled(self, "max_pool", size, lambda blocks: blocks._made("max_along", 2))


def _spatial(tensor, word):
    """The spatial dimensions."""
    if tensor.ndim not in (1, 2, 4, 5):
        raise ShapeError(
            f"{word} takes (N, C, H, W), (N, C, D, H, W), a matrix or a vector, not the shape {tensor.shape}"
        )
    return range(2 if tensor.ndim > 2 else 0, tensor.ndim)


def _is_pair(width):
    return isinstance(width, (tuple, list)) and len(width) == 2 and all(map(is_number, width))


def _pooled(tensor, word, size, reduce):
    """Blocks along each spatial dimension, one number for each."""
    axes = _spatial(tensor, word)
    sizes = unpacked(size)
    sizes = sizes * len(axes) if len(sizes) == 1 else sizes
    if len(sizes) != len(axes):
        raise ArgumentError(f"{word} takes one size, or one for each of {len(axes)} dimensions, not {tuple(sizes)}")
    for axis, block in zip(axes, sizes):
        count, rest = divmod(tensor.shape[axis], whole(block, f"a size of {word}()", 1))
        if rest:
            raise ShapeError(
                f"{word}: blocks of {block} do not divide dimension {axis} of size {tensor.shape[axis]}: "
                "cut it by a slice, or resize or pad it first"
            )
        before, after = tensor.shape[:axis], tensor.shape[axis + 1 :]
        blocks = tensor.reshape(math.prod(before), count, block, math.prod(after))
        tensor = reduce(blocks).reshape(before + (count,) + after)
    return tensor
