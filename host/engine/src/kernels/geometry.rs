//! Sizes of convolutions and windows, and where they meet an image or a volume.

/// Sizes of a convolution (ONNX `Conv`, two-dimensional).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvGeometry {
    pub channels_in: usize,
    pub channels_out: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Top, left, bottom, right.
    pub padding: [usize; 4],
    pub dilation: [usize; 2],
    pub groups: usize,
}

impl ConvGeometry {
    /// Rows and columns of the output for an input of the given size; none if the kernel does not fit.
    pub fn output_size(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let size = |axis: usize| {
            let padded = input[axis] + self.padding[axis] + self.padding[axis + 2];
            let reach = self.dilation[axis] * (self.kernel[axis].checked_sub(1)?) + 1;
            Some(padded.checked_sub(reach)? / self.stride[axis] + 1)
        };
        Some([size(0)?, size(1)?])
    }
}

/// A window that moves along the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Slices that it meets, at least 1.
    pub kernel: usize,
    pub stride: usize,
    /// Slices of zeros before and after.
    pub padding: [usize; 2],
    pub dilation: usize,
}

impl Depth {
    /// Windows along so many slices; none if not one fits.
    pub(crate) fn output_size(&self, slices: usize) -> Option<usize> {
        let reach = self.dilation * self.kernel.checked_sub(1)? + 1;
        Some((slices + self.padding[0] + self.padding[1]).checked_sub(reach)? / self.stride.max(1) + 1)
    }

    /// The slice, of so many, that a tap of a window meets; none outside of them.
    pub(crate) fn slice(&self, window: usize, tap: usize, slices: usize) -> Option<usize> {
        let at = (window * self.stride + tap * self.dilation).checked_sub(self.padding[0])?;
        (at < slices).then_some(at)
    }
}

/// A window whose largest number counts (ONNX `MaxPool`); what lies outside the image does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Rows and columns, as everywhere below.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Rows and columns of padding, as many before as after.
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    /// A window that begins inside the image, or in the padding before it, counts even if it ends outside.
    pub round_up: bool,
}

impl MaxPool {
    /// Rows or columns from the first of a window to its last, inclusive.
    pub(crate) fn extent(&self, axis: usize) -> usize {
        self.dilation[axis] * (self.kernel[axis].max(1) - 1) + 1
    }

    /// Windows along each axis of an image; none if not one fits.
    pub(crate) fn output_size(&self, image: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let room = (image[axis] + 2 * self.padding[axis]).checked_sub(self.extent(axis))?;
            let stride = self.stride[axis].max(1);
            let last = if self.round_up { room.div_ceil(stride) } else { room / stride };
            let outside = self.round_up && last * stride >= image[axis] + self.padding[axis];
            Some(if outside { last } else { last + 1 })
        };
        Some([along(0)?, along(1)?])
    }

    /// Where window `index` lies on the image along one axis of `length`.
    pub(crate) fn taps(&self, axis: usize, index: usize, length: usize) -> impl Iterator<Item = usize> + Clone {
        let (start, step, padding) = (index * self.stride[axis], self.dilation[axis], self.padding[axis]);
        (0..self.kernel[axis])
            .filter_map(move |tap| (start + tap * step).checked_sub(padding))
            .filter(move |at| *at < length)
    }
}
