//! Operators of a frozen network that Burn lacks or that the CPU does faster by hand.
//!
//! A GPU runs Burn's own kernels, the CPU those of `crate::cpu`. The backward passes are ours on every device: they
//! compute the gradient of the input only, and they follow the rule for ReLU gradients that the caller chose.

mod autodiff;
mod cpu;
mod frozen_conv;
mod gpu;

pub(crate) use frozen_conv::FrozenConv;

use crate::ReluRule;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn::tensor::Shape;
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
    /// Convolution of (N, I, H, W), plus bias, then `then`.
    #[fusion(dtype = x, shape = forward_shape(x, conv))]
    fn frozen_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        then: Then,
    ) -> FloatTensor<Self>;

    /// The gradient of [`FrozenOps::frozen_conv`] with respect to its input of `size` (H, W), from
    /// the gradient of its output before `then`.
    #[fusion(dtype = gradient, shape = input_shape(gradient, conv, size))]
    fn frozen_conv_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: [usize; 2],
    ) -> FloatTensor<Self>;

    /// The transposed convolution of (N, I, H, W): what [`FrozenOps::frozen_conv_gradient`] computes, with a gradient of
    /// its own, which is the convolution. `conv` leads from the result, of `size` (H, W), to `x`; its biases are 0.
    #[fusion(dtype = x, shape = input_shape(x, conv, size))]
    fn frozen_conv_transpose(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        zeros: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: [usize; 2],
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
        // 1 where the output is above 0. Made by arithmetic: not every GPU can store booleans.
        let gated = |gradient: FloatTensor<Self>| {
            let steep = Self::float_mul_scalar(output, 1e30.into());
            Self::float_mul(gradient, Self::float_clamp(steep, 0.0.into(), 1.0.into()))
        };
        match rule {
            ReluRule::Plain => gated(gradient),
            ReluRule::Guided => gated(Self::relu(gradient)),
            ReluRule::Deconvolution => Self::relu(gradient),
        }
    }
}

/// Shape of a convolution's output; a kernel that does not fit was refused before.
fn forward_shape(x: &Shape, conv: &FrozenConv) -> Shape {
    let [height, width] = conv.geometry().output_size([x[2], x[3]]).unwrap_or([0, 0]);
    Shape::from([x[0], conv.geometry().channels_out, height, width])
}

fn input_shape(gradient: &Shape, conv: &FrozenConv, size: &[usize; 2]) -> Shape {
    Shape::from([gradient[0], conv.geometry().channels_in, size[0], size[1]])
}
