//! A convolution whose weights never change, laid out once for the device that runs it.

use super::cpu::conv::PackedConv;
use super::cpu::instructions::Instructions;
use super::geometry::{ConvGeometry, Depth};
use burn::backend::ops::ConvOptions;

/// Sizes of a convolution and, on the CPU, its weights in the order that the kernels read.
#[derive(Debug)]
pub struct FrozenConv {
    /// Sizes of the convolution of pictures. Pictures of volumes have `depth.kernel` times as many channels.
    geometry: ConvGeometry,
    /// What moves along the depth of volumes; none for images.
    depth: Option<Depth>,
    packed: Option<Packed>,
}

#[derive(Debug)]
pub(super) struct Packed {
    pub(super) forward: PackedConv,
    pub(super) gradient: PackedConv,
}

impl FrozenConv {
    /// Sizes alone, for a device that takes the weights as a tensor (O, I / groups, kh, kw); I is that of pictures.
    pub(crate) fn on_gpu(geometry: ConvGeometry, depth: Option<Depth>) -> Self {
        Self { geometry, depth, packed: None }
    }

    /// Lays out `weights` (O, I / groups, kh, kw), or (O, I / groups, kd, kh, kw) where I kd is that of pictures, for the CPU.
    pub(crate) fn on_cpu(geometry: ConvGeometry, depth: Option<Depth>, weights: &[f32], bias: &[f32]) -> Self {
        let packed = Packed {
            forward: PackedConv::forward(&geometry, weights, Some(bias), Instructions::chosen()),
            gradient: PackedConv::input_gradient(&geometry, weights, Instructions::chosen()),
        };
        Self { geometry, depth, packed: Some(packed) }
    }

    /// Sizes of the convolution of pictures.
    pub(crate) fn geometry(&self) -> &ConvGeometry {
        &self.geometry
    }

    pub(crate) fn depth(&self) -> Option<&Depth> {
        self.depth.as_ref()
    }

    /// Channels of what is convolved.
    pub(crate) fn channels_in(&self) -> usize {
        self.geometry.channels_in / self.depth.map_or(1, |depth| depth.kernel.max(1))
    }

    /// Whether each voxel of a volume is looked at by itself, so that a volume is one image of all rows of all slices.
    pub(super) fn by_voxel(&self) -> bool {
        let g = &self.geometry;
        let alone = self.depth.is_some_and(|depth| (depth.kernel, depth.stride, depth.padding) == (1, 1, [0, 0]));
        alone && (g.kernel, g.stride, g.padding) == ([1, 1], [1, 1], [0; 4])
    }

    /// Spatial axes of what is convolved: two, or three.
    pub(crate) fn axes(&self) -> usize {
        if self.depth.is_some() { 3 } else { 2 }
    }

    /// Sizes of the output along the spatial axes for an input of `sizes`; none where their number is another one or the
    /// kernel does not fit.
    pub(crate) fn output_size(&self, sizes: &[usize]) -> Option<Vec<usize>> {
        match (sizes, self.depth) {
            (&[h, w], None) => self.geometry.output_size([h, w]).map(Vec::from),
            (&[d, h, w], Some(depth)) => {
                let [rows, columns] = self.geometry.output_size([h, w])?;
                Some(vec![depth.output_size(d)?, rows, columns])
            }
            _ => None,
        }
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
