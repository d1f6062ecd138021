//! Operators of a frozen network that Burn lacks or that the CPU does faster by hand.
//!
//! Each has a default made of Burn's own operators, which is what a GPU runs, and an override for
//! the CPU. The backward passes are ours on every device: they compute the gradient of the input
//! only, and they follow the rule for ReLU gradients that the caller chose.

mod autodiff;
mod cpu;
mod frozen_conv;

pub(crate) use frozen_conv::FrozenConv;

use crate::ReluRule;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata, backend_extension};
use burn::tensor::{BoolDType, FloatDType, Shape};
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
    #[fusion(default)]
    fn frozen_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        then: Then,
    ) -> FloatTensor<Self> {
        let y = Self::conv2d(x, weight, Some(bias), conv.options());
        match then {
            Then::Nothing => y,
            Then::Relu(_) => Self::relu(y),
        }
    }

    /// The gradient of [`FrozenOps::frozen_conv`] with respect to its input of `size` (H, W), from
    /// the gradient of its output before `then`.
    #[fusion(default)]
    fn frozen_conv_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: [usize; 2],
    ) -> FloatTensor<Self> {
        let batch = gradient.shape()[0];
        let shape = Shape::from([batch, conv.geometry().channels_in, size[0], size[1]]);
        // Only its shape is looked at.
        let x = Self::float_empty(shape, &gradient.device(), FloatDType::F32);
        Self::conv2d_x_backward(x, weight, gradient, conv.options())
    }

    /// relu(scale x + shift) for each channel; `scale` and `shift` are (1, C, 1, 1).
    #[fusion(default)]
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
    #[fusion(default)]
    fn scale_shift_relu_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        rule: ReluRule,
    ) -> FloatTensor<Self> {
        Self::float_mul(Self::rectified_gradient(gradient, output, rule), scale)
    }

    /// relu(x), whose gradient follows `rule`.
    #[fusion(default)]
    fn ruled_relu(x: FloatTensor<Self>, rule: ReluRule) -> FloatTensor<Self> {
        let _ = rule;
        Self::relu(x)
    }

    /// What of `gradient` passes a ReLU whose output was `output`.
    #[fusion(default)]
    fn rectified_gradient(gradient: FloatTensor<Self>, output: FloatTensor<Self>, rule: ReluRule) -> FloatTensor<Self> {
        let gated = |gradient: FloatTensor<Self>| {
            let closed = Self::float_lower_equal_elem(output, 0.0.into(), BoolDType::Native);
            Self::float_mask_fill(gradient, closed, 0.0.into())
        };
        match rule {
            ReluRule::Plain => gated(gradient),
            ReluRule::Guided => gated(Self::relu(gradient)),
            ReluRule::Deconvolution => Self::relu(gradient),
        }
    }
}

impl FrozenOps for burn_cubecl::CubeBackend {}
