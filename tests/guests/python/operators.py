"""`+ - * /` of tensors with tensors and numbers, as plugins in Rust have them: importing this module adds them.

An operator is a call to the host, and its result is a handle; the numbers stay on the host's device. What the host refuses is
raised as `componentize_py_types.Err`.
"""

from wit_world.imports.tensors import Tensor


def _operator(call, right, left):
    """A method for `tensor op other`, and one for `number op tensor`."""

    def forward(tensor, other):
        return call(tensor, other) if isinstance(other, Tensor) else right(tensor, other)

    return forward, left


Tensor.__add__, Tensor.__radd__ = _operator(Tensor.add, lambda x, a: x.affine(1.0, a), lambda x, a: x.affine(1.0, a))
Tensor.__sub__, Tensor.__rsub__ = _operator(Tensor.subtract, lambda x, a: x.affine(1.0, -a), lambda x, a: x.affine(-1.0, a))
Tensor.__mul__, Tensor.__rmul__ = _operator(Tensor.multiply, lambda x, a: x.affine(a, 0.0), lambda x, a: x.affine(a, 0.0))
Tensor.__truediv__, Tensor.__rtruediv__ = _operator(
    Tensor.divide, lambda x, a: x.affine(1.0 / a, 0.0), lambda x, a: x.power(-1.0).affine(a, 0.0)
)
Tensor.__neg__ = lambda x: x.affine(-1.0, 0.0)
