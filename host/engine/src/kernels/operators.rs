//! The operators of a frozen network: what each computes, and how it is made of Burn's own operators.

use super::nonlinearity::positive;
use super::{FrozenConv, MaxPool, Nonlinearity, ReluRule};
use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn::tensor::{IntDType, Shape, Slice};
use std::sync::Arc;

/// What follows a convolution in the same kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Nothing,
    Relu(ReluRule),
}

/// The operators. `weight` and `bias` are constants: no gradient is computed for them.
#[backend_extension(Autodiff, Cube, Fusion, Flex)]
pub trait FrozenOps: Backend {
    /// Convolution of (N, I, H, W), or of (N, I, D, H, W) where it has a depth, plus bias, then `then`.
    #[fusion(dtype = x, shape = forward_shape(x, conv))]
    fn frozen_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        then: Then,
    ) -> FloatTensor<Self>;

    /// The gradient of [`FrozenOps::frozen_conv`] with respect to its input of `size` (H, W) or (D, H, W), from
    /// the gradient of its output before `then`.
    #[fusion(dtype = gradient, shape = input_shape(gradient, conv, size))]
    fn frozen_conv_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: Vec<usize>,
    ) -> FloatTensor<Self>;

    /// The transposed convolution of (N, I, H, W) or (N, I, D, H, W): what [`FrozenOps::frozen_conv_gradient`] computes, with a gradient of
    /// its own, which is the convolution. `conv` leads from the result, of `size`, to `x`; its biases are 0.
    #[fusion(dtype = x, shape = input_shape(x, conv, size))]
    fn frozen_conv_transpose(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        zeros: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: Vec<usize>,
    ) -> FloatTensor<Self> {
        let _ = zeros;
        Self::frozen_conv_gradient(x, weight, conv, size)
    }

    /// relu(scale x + shift) for each channel; `scale` and `shift` are (1, C, 1, 1).
    #[fusion(dtype = x, shape = x)]
    fn scale_shift_relu(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        rule: ReluRule,
    ) -> FloatTensor<Self> {
        let _ = rule;
        Self::relu(Self::float_add(Self::float_mul(x, scale), shift))
    }

    /// The gradient of [`FrozenOps::scale_shift_relu`] with respect to its input.
    #[fusion(dtype = gradient, shape = gradient)]
    fn scale_shift_relu_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        rule: ReluRule,
    ) -> FloatTensor<Self> {
        Self::float_mul(Self::rectified_gradient(gradient, output, rule), scale)
    }

    /// relu(x), whose gradient follows `rule`.
    #[fusion(dtype = x, shape = x)]
    fn ruled_relu(x: FloatTensor<Self>, rule: ReluRule) -> FloatTensor<Self> {
        let _ = rule;
        Self::relu(x)
    }

    /// What of `gradient` passes a ReLU whose output was `output`.
    #[fusion(dtype = gradient, shape = gradient)]
    fn rectified_gradient(gradient: FloatTensor<Self>, output: FloatTensor<Self>, rule: ReluRule) -> FloatTensor<Self> {
        let gated = |gradient| Self::float_mul(gradient, positive::<Self>(output));
        match rule {
            ReluRule::Plain => gated(gradient),
            ReluRule::Guided => gated(Self::relu(gradient)),
            ReluRule::Deconvolution => Self::relu(gradient),
        }
    }

    /// `function` of each number.
    #[fusion(dtype = x, shape = x)]
    fn nonlinearity(x: FloatTensor<Self>, function: Nonlinearity) -> FloatTensor<Self> {
        function.apply::<Self>(x)
    }

    /// The gradient of [`FrozenOps::nonlinearity`], from what [`Nonlinearity::keeps_input`] says.
    #[fusion(dtype = gradient, shape = gradient)]
    fn nonlinearity_gradient(
        gradient: FloatTensor<Self>,
        kept: FloatTensor<Self>,
        function: Nonlinearity,
    ) -> FloatTensor<Self> {
        function.gradient::<Self>(gradient, kept)
    }

    /// Dimension i of the result is dimension `order[i]` of x.
    #[fusion(dtype = x, shape = permuted_shape(x, order))]
    fn permuted(x: FloatTensor<Self>, order: Vec<usize>) -> FloatTensor<Self> {
        Self::float_permute(x, &order)
    }

    /// `x` itself. In the gradient graph it is a result of both, so that one graph holds both.
    #[fusion(dtype = x, shape = x)]
    fn tied(x: FloatTensor<Self>, other: FloatTensor<Self>) -> FloatTensor<Self> {
        let _ = other;
        x
    }

    /// The elements `from` up to but without `to` of one dimension. Its backward pass fills a tensor of the size of `x`, and can
    /// be interrupted before.
    #[fusion(dtype = x, shape = part_shape(x, axis, from, to))]
    fn part(x: FloatTensor<Self>, axis: usize, from: usize, to: usize) -> FloatTensor<Self> {
        let ranges = ranges(&x.shape(), axis, from, to);
        Self::float_slice(x, &ranges)
    }

    /// `x` in a buffer of its own, where it was a part of another's, and so its gradient. A backward pass can be interrupted
    /// here.
    #[fusion(dtype = x, shape = x)]
    fn alone(x: FloatTensor<Self>) -> FloatTensor<Self> {
        x
    }

    /// The largest number of each window of (N, C, H, W).
    #[fusion(dtype = x, shape = pooled_shape(x, pool))]
    fn max_pool(x: FloatTensor<Self>, pool: MaxPool) -> FloatTensor<Self> {
        Self::max_pool2d(x, pool.kernel, pool.stride, pool.padding, pool.dilation, pool.round_up)
    }

    /// The gradient of [`FrozenOps::max_pool`] of `x`: all of it goes to the first of a window's largest numbers.
    #[fusion(dtype = gradient, shape = x)]
    fn max_pool_gradient(gradient: FloatTensor<Self>, x: FloatTensor<Self>, pool: MaxPool) -> FloatTensor<Self> {
        let MaxPool { kernel, stride, padding, dilation, round_up } = pool;
        let kind = IntDType::I32;
        let places =
            Self::max_pool2d_with_indices(x.clone(), kernel, stride, padding, dilation, round_up, kind).indices;
        Self::max_pool2d_with_indices_backward(x, kernel, stride, padding, dilation, round_up, gradient, places).x_grad
    }
}

fn part_shape(x: &Shape, axis: &usize, from: &usize, to: &usize) -> Shape {
    Shape::from((0..x.num_dims()).map(|at| if at == *axis { to - from } else { x[at] }).collect::<Vec<_>>())
}

/// All of each dimension but one, of which `from` up to but without `to`.
pub(super) fn ranges(shape: &Shape, axis: usize, from: usize, to: usize) -> Vec<Slice> {
    (0..shape.num_dims()).map(|at| if at == axis { Slice::from(from..to) } else { Slice::from(0..shape[at]) }).collect()
}

fn permuted_shape(x: &Shape, order: &[usize]) -> Shape {
    Shape::from(order.iter().map(|axis| x[*axis]).collect::<Vec<_>>())
}

/// Shape of a pooling's output; a window that does not fit was refused before.
fn pooled_shape(x: &Shape, pool: &MaxPool) -> Shape {
    let [height, width] = pool.output_size([x[2], x[3]]).unwrap_or([0, 0]);
    Shape::from([x[0], x[1], height, width])
}

/// Shape of a convolution's output; a kernel that does not fit was refused before.
fn forward_shape(x: &Shape, conv: &FrozenConv) -> Shape {
    let sizes: Vec<usize> = x.iter().skip(2).copied().collect();
    let made = conv.output_size(&sizes).unwrap_or_else(|| vec![0; sizes.len()]);
    Shape::from([&[x[0], conv.geometry().channels_out], &made[..]].concat())
}

/// Shape of a convolution's input, of these sizes behind its channels.
fn input_shape(gradient: &Shape, conv: &FrozenConv, sizes: &[usize]) -> Shape {
    Shape::from([&[gradient[0], conv.channels_in()], sizes].concat())
}
