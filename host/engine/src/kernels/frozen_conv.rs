//! A convolution whose weights never change, laid out once for the device that runs it.

use crate::cpu::conv::{ConvGeometry, PackedConv};
use crate::cpu::instructions::Instructions;
use burn::backend::ops::ConvOptions;

/// Sizes of a convolution and, on the CPU, its weights in the order that the kernels read.
#[derive(Debug)]
pub struct FrozenConv {
    geometry: ConvGeometry,
    packed: Option<Packed>,
}

#[derive(Debug)]
pub(super) struct Packed {
    pub(super) forward: PackedConv,
    pub(super) gradient: PackedConv,
}

impl FrozenConv {
    /// For a device that takes the weights as a tensor.
    pub(crate) fn on_gpu(geometry: ConvGeometry) -> Self {
        Self { geometry, packed: None }
    }

    /// For the CPU, from `weights` (O, I / groups, kh, kw).
    pub(crate) fn on_cpu(geometry: ConvGeometry, weights: &[f32], bias: &[f32]) -> Self {
        let packed = Packed {
            forward: PackedConv::forward(&geometry, weights, Some(bias), Instructions::chosen()),
            gradient: PackedConv::input_gradient(&geometry, weights, Instructions::chosen()),
        };
        Self { geometry, packed: Some(packed) }
    }

    pub(crate) fn geometry(&self) -> &ConvGeometry {
        &self.geometry
    }

    pub(super) fn packed(&self) -> Option<&Packed> {
        self.packed.as_ref()
    }

    pub(super) fn options(&self) -> ConvOptions<2> {
        let g = &self.geometry;
        let [top, left, bottom, right] = g.padding;
        ConvOptions::new_with_padding(g.stride, [(top, bottom), (left, right)], g.dilation, g.groups)
    }
}
