"""Plain numbers, and lists of them, as tensors."""

from wit_world.imports.tensors import Tensor as Handle

from .errors import ArgumentError, call


def is_number(value):
    """Whether a value is a plain number."""
    return isinstance(value, (int, float))


def is_list(value):
    """Whether a value is a list, a tuple or a range, which an operator takes for a tensor."""
    return isinstance(value, (list, tuple, range))


def from_lists(numbers):
    """A handle to a number, or to numbers in lists inside each other."""
    shape, flat = flattened(numbers)
    return call(Handle.from_data, shape or [1], flat)


def flattened(numbers):
    """(shape, numbers in a row) of numbers in lists inside each other. Tensors among them are read."""
    if is_number(numbers):
        return [], [float(numbers)]
    if isinstance(getattr(numbers, "handle", None), Handle):
        return list(numbers.shape), numbers.flatten().tolist()
    if isinstance(numbers, (str, bytes)) or not hasattr(type(numbers), "__iter__"):
        raise TypeError(
            f"a tensor is made of numbers in lists inside each other, not of the type {type(numbers).__name__}"
        )
    parts = [flattened(part) for part in numbers]
    if not parts:
        raise ArgumentError("a tensor has one number at least")
    shapes = {tuple(shape) for shape, _ in parts}
    if len(shapes) != 1:
        raise ArgumentError("the lists of a tensor are of equal lengths")
    return [len(parts), *parts[0][0]], [number for _, flat in parts for number in flat]


def unpacked(sizes):
    """`f(2, 3)` and `f((2, 3))` mean the same."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
