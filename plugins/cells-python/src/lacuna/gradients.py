"""Gradients: leaves, the backward pass, and Adam."""

from wit_world.imports import autodiff, optimisers

from .errors import call
from .tensors import Tensor, handle_of


def track(value):
    """A new leaf with the same numbers, whose gradient can be asked for."""
    return Tensor(call(autodiff.track, handle_of(value, "value")))


def detach(value):
    """The same numbers, outside the graph."""
    return Tensor(call(autodiff.detach, handle_of(value, "value")))


class Gradients:
    """The gradients of one scalar."""

    def __init__(self, handle):
        self.handle = handle

    def of(self, leaf):
        """The gradient of a leaf, of its shape; zeros where the scalar does not depend on it."""
        return Tensor(call(self.handle.of_leaf, handle_of(leaf, "leaf")))


def backward(scalar):
    """Differentiates a tensor of one number. Its graph is used up."""
    return Gradients(call(autodiff.backward, handle_of(scalar, "scalar")))


def gradient(scalar, leaf):
    """The gradient of a tensor of one number with respect to a leaf that `track` made."""
    return backward(scalar).of(leaf)


class Adam:
    """Adam (Kingma and Ba 2015, Algorithm 1) for one tensor."""

    def __init__(self, learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
        create = optimisers.Adam.create
        self.handle = call(create, float(learning_rate), float(beta1), float(beta2), float(epsilon))

    def step(self, parameter, gradient):
        """The parameter after one step against the gradient, outside the graph."""
        return Tensor(call(self.handle.step, handle_of(parameter, "parameter"), handle_of(gradient, "gradient")))
