"""Gradients: leaves, the backward pass, and Adam."""

from wit_world.imports import autodiff, optimisers

from . import copying
from .errors import call
from .tensors import Tensor, handle_of


def track(value):
    """A new leaf with the same numbers, whose gradient can be asked for."""
    return Tensor(call(autodiff.track, handle_of(value, "value")))


def detach(value):
    """The same numbers, outside the graph."""
    return Tensor(call(autodiff.detach, handle_of(value, "value")))


class Gradients:
    """The gradients of one scalar: `gradients.of(leaf)`, or `gradients[leaf]`."""

    def __init__(self, handle):
        self.handle = handle

    def of(self, leaf):
        """The gradient of a leaf, of its shape; zeros where the scalar does not depend on it."""
        return Tensor(call(self.handle.of_leaf, handle_of(leaf, "leaf")))

    __getitem__ = of
    # Otherwise a loop would ask for the gradients of 0, 1, 2 ...
    __iter__ = None


def backward(scalar):
    """Differentiates a tensor of one number; its graph is used up. Returns `Gradients`: `backward(loss).of(leaf)`."""
    return Gradients(call(autodiff.backward, handle_of(scalar, "scalar")))


def gradient(scalar, leaf):
    """The gradient of a tensor of one number with respect to a leaf that `track` made; for a list of leaves a list."""
    gradients = backward(scalar)
    return [gradients.of(one) for one in leaf] if isinstance(leaf, (list, tuple)) else gradients.of(leaf)


class Adam:
    """Adam (Kingma and Ba 2015, Algorithm 1) for one tensor."""

    def __init__(self, learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
        create = optimisers.Adam.create
        self.handle = call(create, float(learning_rate), float(beta1), float(beta2), float(epsilon))

    def step(self, parameter, gradient):
        """The parameter after one step against the gradient, outside the graph."""
        return Tensor(call(self.handle.step, handle_of(parameter, "parameter"), handle_of(gradient, "gradient")))


copying.handles(autodiff.Gradients, optimisers.Adam)
copying.refuse(Gradients, ("gradients", "keep those of the leaves, as gradients.of(leaf) gives them"))
copying.refuse(Adam, ("an optimiser, whose state is on the host's device,", "make another one"))
