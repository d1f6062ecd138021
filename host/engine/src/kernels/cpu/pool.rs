//! Largest numbers of windows (ONNX `MaxPool`), plane by plane on every core.

use crate::kernels::geometry::MaxPool;
use rayon::prelude::*;
use wide::f32x8;

/// The largest number of each window; `x` holds planes of `size`, the result planes of `output`.
pub(crate) fn forward(pool: &MaxPool, x: &[f32], size: [usize; 2], output: [usize; 2]) -> Vec<f32> {
    let (plane, plane_out) = (plane(size), plane(output));
    let mut out = vec![0.0; x.len() / plane * plane_out];
    out.par_chunks_mut(plane_out).zip(x.par_chunks(plane)).for_each(|(out, x)| {
        windows::<false>(pool, x, size, output, |window, most, _| out[window] = most);
    });
    out
}

/// The gradient of each window goes to the first of its largest numbers, row by row.
pub(crate) fn gradient(pool: &MaxPool, gradient: &[f32], x: &[f32], size: [usize; 2], output: [usize; 2]) -> Vec<f32> {
    let (plane, plane_out) = (plane(size), plane(output));
    let mut out = vec![0.0; x.len()];
    let planes = out.par_chunks_mut(plane).zip(x.par_chunks(plane)).zip(gradient.par_chunks(plane_out));
    planes.for_each(|((out, x), gradient)| {
        windows::<true>(pool, x, size, output, |window, _, at| {
            // A window outside the image has no place.
            if let Some(out) = out.get_mut(at) {
                *out += gradient[window];
            }
        });
    });
    out
}

fn plane(size: [usize; 2]) -> usize {
    (size[0] * size[1]).max(1)
}

/// Calls `see` with each window of one plane, its largest number, and, if `PLACES` are asked for, where that is.
///
/// The columns of a window are reduced first, then these, eight at a time and without branches: on a noisy image those cost
/// more than the comparisons.
fn windows<const PLACES: bool>(
    pool: &MaxPool,
    x: &[f32],
    [height, width]: [usize; 2],
    [height_out, width_out]: [usize; 2],
    mut see: impl FnMut(usize, f32, usize),
) {
    let (stride, padding) = (pool.stride[1], pool.padding[1]);
    let line = ((width_out.max(1) - 1) * stride + pool.extent(1)).max(padding + width);
    let mut columns = Line::new(line + EIGHT);
    // Columns with the same remainder, so that the windows of neighbours lie side by side.
    let mut phases = vec![Line::new(line.div_ceil(stride)); stride.min(line)];
    for row_out in 0..height_out {
        for column in (0..width).step_by(EIGHT) {
            let mut best = Largest::<PLACES>::none();
            for row in pool.taps(0, row_out, height) {
                best.meet(eight(&x[row * width..][..width], column), f32x8::splat(row as f32), f32x8::ZERO);
            }
            store(&mut columns.number, padding + column, best.number);
            if PLACES {
                store(&mut columns.row, padding + column, best.row);
            }
        }
        for (first, phase) in phases.iter_mut().enumerate() {
            spread(&columns.number[first..], stride, &mut phase.number);
            if PLACES {
                spread(&columns.row[first..], stride, &mut phase.row);
            }
        }
        for column_out in (0..width_out).step_by(EIGHT) {
            let mut best = Largest::<PLACES>::none();
            for column in (0..pool.kernel[1]).map(|tap| tap * pool.dilation[1]) {
                let (phase, at) = (&phases[column % stride], column_out + column / stride);
                best.meet(eight(&phase.number, at), eight(&phase.row, at), f32x8::splat(column as f32));
            }
            let (numbers, rows, columns) = (best.number.to_array(), best.row.to_array(), best.column.to_array());
            for (index, number) in numbers.into_iter().enumerate().take(width_out - column_out) {
                let column = ((column_out + index) * stride + columns[index] as usize).saturating_sub(padding);
                let at = (rows[index] as usize).saturating_mul(width).saturating_add(column);
                see(row_out * width_out + column_out + index, number, at);
            }
        }
    }
}

/// Numbers side by side that are computed together.
const EIGHT: usize = 8;

/// The largest number of each column, and the row it comes from.
#[derive(Clone)]
struct Line {
    number: Vec<f32>,
    row: Vec<f32>,
}

impl Line {
    fn new(length: usize) -> Self {
        Self { number: vec![f32::NEG_INFINITY; length], row: vec![f32::INFINITY; length] }
    }
}

/// The largest numbers so far, and where they come from. Rows and columns are exact as long as there are less than 2^24.
struct Largest<const PLACES: bool> {
    number: f32x8,
    row: f32x8,
    column: f32x8,
}

impl<const PLACES: bool> Largest<PLACES> {
    fn none() -> Self {
        let infinity = f32x8::splat(f32::INFINITY);
        Self { number: -infinity, row: infinity, column: f32x8::ZERO }
    }

    /// A NaN is larger than all; of equal numbers the one in the first row counts, and there the first that was met.
    #[inline(always)]
    fn meet(&mut self, number: f32x8, row: f32x8, column: f32x8) {
        let larger = number.simd_gt(self.number) | number.is_nan();
        let larger = if PLACES { larger | (number.simd_eq(self.number) & row.simd_lt(self.row)) } else { larger };
        self.number = larger.select(number, self.number);
        if !PLACES {
            return;
        }
        self.row = larger.select(row, self.row);
        self.column = larger.select(column, self.column);
    }
}

/// Every `stride`th number of a line.
#[inline(always)]
fn spread(line: &[f32], stride: usize, to: &mut [f32]) {
    if stride == 1 {
        to.copy_from_slice(&line[..to.len()]);
        return;
    }
    to.iter_mut().zip(line.iter().step_by(stride)).for_each(|(to, from)| *to = *from);
}

#[inline(always)]
fn store(line: &mut [f32], at: usize, numbers: f32x8) {
    if let Some(to) = line.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *to = numbers.to_array();
    }
}

/// Eight numbers of a line; past its end there is nothing.
#[inline(always)]
fn eight(line: &[f32], from: usize) -> f32x8 {
    let rest = line.get(from..).unwrap_or_default();
    f32x8::new(rest.first_chunk::<EIGHT>().copied().unwrap_or_else(|| {
        let mut last = [f32::NEG_INFINITY; EIGHT];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        last
    }))
}
