//! The sizes of a pooling window.

/// A window whose largest number counts (ONNX `MaxPool`); what lies outside the image does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Rows and columns, as everywhere below.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Before and after.
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
