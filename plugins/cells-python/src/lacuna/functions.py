"""Methods of tensors as functions, by the names that NumPy and PyTorch have for them."""

import math

from .creating import tensor
from .lifting import is_number


def exp(x):
    """e to the power of each element."""
    return math.exp(x) if is_number(x) else tensor(x).exp()


def log(x):
    """The natural logarithm of each element."""
    return math.log(x) if is_number(x) else tensor(x).log()


def sqrt(x):
    """The square root of each element."""
    return math.sqrt(x) if is_number(x) else tensor(x).sqrt()


def sigmoid(x):
    """`1 / (1 + exp(-x))` of each element."""
    return tensor(x).sigmoid()


def minimum(a, b):
    """The smaller of two, element by element."""
    return tensor(a).minimum(b)


def maximum(a, b):
    """The larger of two, element by element."""
    return tensor(a).maximum(b)
