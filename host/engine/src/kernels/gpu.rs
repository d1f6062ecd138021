//! The frozen operators on a GPU: Burn's own kernels, with their results laid out row by row.
//!
//! Burn's convolutions leave their results with the channels innermost. For one channel that is the same order in
//! memory, but not the same strides, and Burn 0.22.1's fused kernels go by the strides: two multiplications after such
//! a tensor gave numbers that were off by a factor of ten (seen on SwiftShader; `tests/gpu.rs` holds the case).

use super::depth::{gradient_through_pictures, through_pictures};
use super::{FrozenConv, FrozenOps, Then};
use burn::backend::TensorMetadata;
use burn::backend::ops::{ActivationOps, FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::tensor::{FloatDType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use std::sync::Arc;

impl FrozenOps for CubeBackend {
    fn frozen_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        then: Then,
    ) -> FloatTensor<Self> {
        let pictures = |x| row_by_row(Self::conv2d(x, weight, Some(bias), conv.options()));
        let y = match conv.depth() {
            None => pictures(x),
            Some(depth) => row_by_row(through_pictures::<Self>(x, depth, pictures)),
        };
        match then {
            Then::Nothing => y,
            Then::Relu(_) => Self::relu(y),
        }
    }

    fn frozen_conv_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: Arc<FrozenConv>,
        size: Vec<usize>,
    ) -> FloatTensor<Self> {
        let [.., height, width] = size[..] else { return gradient };
        let pictures = |gradient: CubeTensor| {
            let shape = Shape::from([gradient.shape()[0], conv.geometry().channels_in, height, width]);
            // Only its shape is looked at.
            let x = Self::float_empty(shape, &gradient.device, FloatDType::F32);
            row_by_row(Self::conv2d_x_backward(x, weight, gradient, conv.options()))
        };
        match conv.depth() {
            None => pictures(gradient),
            Some(depth) => row_by_row(gradient_through_pictures::<Self>(gradient, depth, size[0], pictures)),
        }
    }
}

/// The same numbers, laid out and described row by row.
fn row_by_row(y: CubeTensor) -> CubeTensor {
    let y = into_contiguous(y);
    // With one channel both orders are the same in memory, but not in the strides that fused kernels look at.
    CubeTensor::new_contiguous(y.client.clone(), y.device.clone(), y.shape(), y.handle.clone(), y.dtype)
}
