//! Three-dimensional convolution on the CPU, forward and towards its input: that of pictures whose channels are those of all
//! slices that a window along the depth meets.
//!
//! Some pictures are gathered at a time, so that what is gathered stays small however large the volume is.

use super::conv::PackedConv;
use crate::kernels::geometry::Depth;
use rayon::prelude::*;
use std::ops::Range;

/// Numbers that are gathered at a time, unless one picture has more.
const GATHERED: usize = 1 << 20;

/// Sizes of a convolution of volumes, besides those of its weights.
pub(crate) struct Volumes<'a> {
    pub(crate) depth: &'a Depth,
    pub(crate) batch: usize,
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
    /// Slices, rows and columns of the input.
    pub(crate) size: [usize; 3],
    /// Slices, rows and columns of the output.
    pub(crate) output: [usize; 3],
}

impl Volumes<'_> {
    /// The output (N, O, D', H', W') of `x` (N, I, D, H, W).
    pub(crate) fn forward(&self, conv: &PackedConv, x: &[f32], relu: bool) -> Vec<f32> {
        let ([slices, h, w], [windows, rows, columns]) = (self.size, self.output);
        let (plane, plane_out, kernel) = (h * w, rows * columns, self.depth.kernel);
        let mut y = vec![0.0; self.batch * self.channels_out * windows * plane_out];
        for part in self.parts(self.channels_in * kernel * plane) {
            // Picture by picture, each channel tap by tap.
            let mut pictures = vec![0.0; part.len() * self.channels_in * kernel * plane];
            pictures.par_chunks_mut(plane.max(1)).enumerate().for_each(|(at, to)| {
                let (tap, channel) = (at % kernel, at / kernel % self.channels_in);
                let picture = part.start + at / kernel / self.channels_in;
                if let Some(slice) = self.depth.slice(picture % windows, tap, slices) {
                    let from = ((picture / windows * self.channels_in + channel) * slices + slice) * plane;
                    to.copy_from_slice(&x[from..from + plane]);
                }
            });
            let made = conv.run(&pictures, [h, w], [rows, columns], relu);
            // To each channel of each volume, the slices of this part.
            y.par_chunks_mut((windows * plane_out).max(1)).enumerate().for_each(|(at, volume)| {
                let (image, channel) = (at / self.channels_out, at % self.channels_out);
                for picture in of_image(&part, image, windows) {
                    let from = ((picture - part.start) * self.channels_out + channel) * plane_out;
                    let to = picture % windows * plane_out;
                    volume[to..to + plane_out].copy_from_slice(&made[from..from + plane_out]);
                }
            });
        }
        y
    }

    /// The gradient (N, I, D, H, W) of the input, from that of the output (N, O, D', H', W').
    pub(crate) fn gradient(&self, conv: &PackedConv, slopes: &[f32]) -> Vec<f32> {
        let ([slices, h, w], [windows, rows, columns]) = (self.size, self.output);
        let (plane, plane_out, kernel) = (h * w, rows * columns, self.depth.kernel);
        let mut x = vec![0.0; self.batch * self.channels_in * slices * plane];
        for part in self.parts(self.channels_in * kernel * plane) {
            let mut pictures = vec![0.0; part.len() * self.channels_out * plane_out];
            pictures.par_chunks_mut(plane_out.max(1)).enumerate().for_each(|(at, to)| {
                let (picture, channel) = (part.start + at / self.channels_out, at % self.channels_out);
                let from =
                    ((picture / windows * self.channels_out + channel) * windows + picture % windows) * plane_out;
                to.copy_from_slice(&slopes[from..from + plane_out]);
            });
            let made = conv.run(&pictures, [rows, columns], [h, w], false);
            x.par_chunks_mut((slices * plane).max(1)).enumerate().for_each(|(at, volume)| {
                let (image, channel) = (at / self.channels_in, at % self.channels_in);
                for picture in of_image(&part, image, windows) {
                    for tap in 0..kernel {
                        let Some(slice) = self.depth.slice(picture % windows, tap, slices) else { continue };
                        let from = (((picture - part.start) * self.channels_in + channel) * kernel + tap) * plane;
                        let to = &mut volume[slice * plane..][..plane];
                        to.iter_mut().zip(&made[from..from + plane]).for_each(|(sum, slope)| *sum += slope);
                    }
                }
            });
        }
        x
    }

    /// The pictures of all volumes, one after the other, in parts of about [`GATHERED`] numbers.
    fn parts(&self, of_picture: usize) -> impl Iterator<Item = Range<usize>> {
        let count = self.batch * self.output[0];
        let at_a_time = (GATHERED / of_picture.max(1)).max(1);
        (0..count).step_by(at_a_time).map(move |start| start..(start + at_a_time).min(count))
    }
}

/// The pictures of a part that belong to a volume.
fn of_image(part: &Range<usize>, image: usize, windows: usize) -> Range<usize> {
    part.start.max(image * windows)..part.end.min((image + 1) * windows)
}
