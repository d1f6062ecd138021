//! Two-dimensional convolution on the CPU, forward and towards its input, for frozen weights.
//!
//! Both directions are the same computation: an output channel is a sum over taps, and a tap is a
//! window into a padded copy of the input. A stride splits the input into phases (rows and columns
//! with the same remainder) so that every window is contiguous; the gradient of a strided
//! convolution splits its *output* into phases instead, and each phase is a convolution of its own.

use super::instructions::Instructions;
use super::product::{Block, COLUMNS, PART, REGISTER, ROWS, WHOLE};
use crate::kernels::geometry::ConvGeometry;
use rayon::prelude::*;
use std::ops::Range;

/// One tap: which channel, which phase, and how far its window lies from the phase's start.
#[derive(Clone, Debug)]
struct Tap {
    channel: usize,
    phase: [usize; 2],
    shift: [usize; 2],
}

/// The weights of one group of output channels for one phase of the output, in panel order.
#[derive(Clone, Debug)]
struct Pass {
    /// Where the first result lies in the output, and the distance between results.
    origin: [usize; 2],
    step: [usize; 2],
    taps: Vec<Tap>,
    /// Panels of [`ROWS`] output channels, or of the only one, tap by tap, for each group.
    panels: Vec<Vec<f32>>,
}

/// A convolution's weights, laid out for one direction.
#[derive(Clone, Debug)]
pub struct PackedConv {
    rows_out: usize,
    channels_in: usize,
    groups: usize,
    /// Splits the input into this many phases in each direction.
    split: [usize; 2],
    /// How much zero padding stands before and after the input.
    before: [usize; 2],
    passes: Vec<Pass>,
    bias: Option<Vec<f32>>,
    instructions: Instructions,
    /// Taps that are added up together.
    part: usize,
}

/// What stands behind the input. Tests put something there that no result survives.
const BEHIND: f32 = if cfg!(test) { f32::NAN } else { 0.0 };

impl Pass {
    /// Results along one axis of the output.
    fn results(&self, axis: usize, output: [usize; 2]) -> usize {
        output[axis].saturating_sub(self.origin[axis]).div_ceil(self.step[axis])
    }

    /// Columns from the first result to the last: those of all rows, and what lies between the rows.
    fn line(&self, layout: &Layout, output: [usize; 2]) -> usize {
        let (height, width) = (self.results(0, output), self.results(1, output));
        if height == 0 || width == 0 { 0 } else { (height - 1) * layout.width + width }
    }
}

impl PackedConv {
    /// Lays out `weights` (O, I / groups, kh, kw) for the forward direction.
    pub fn forward(geometry: &ConvGeometry, weights: &[f32], bias: Option<&[f32]>, instructions: Instructions) -> Self {
        let [kh, kw] = geometry.kernel;
        let per_group = geometry.channels_in / geometry.groups;
        let mut taps = Vec::with_capacity(per_group * kh * kw);
        for channel in 0..per_group {
            for y in 0..kh {
                for x in 0..kw {
                    let at = [y * geometry.dilation[0], x * geometry.dilation[1]];
                    let [sy, sx] = geometry.stride;
                    taps.push(Tap { channel, phase: [at[0] % sy, at[1] % sx], shift: [at[0] / sy, at[1] / sx] });
                }
            }
        }
        let rows = geometry.channels_out / geometry.groups;
        let panels = (0..geometry.groups)
            .map(|group| pack(rows, taps.len(), |row, k| weights[(group * rows + row) * taps.len() + k]))
            .collect();
        Self {
            rows_out: geometry.channels_out,
            channels_in: geometry.channels_in,
            groups: geometry.groups,
            split: geometry.stride,
            before: [geometry.padding[0], geometry.padding[1]],
            part: PART,
            passes: vec![Pass { origin: [0, 0], step: [1, 1], taps, panels }],
            bias: bias.map(<[f32]>::to_vec),
            instructions,
        }
    }

    /// Lays out the same weights for the gradient with respect to the input.
    pub fn input_gradient(geometry: &ConvGeometry, weights: &[f32], instructions: Instructions) -> Self {
        let [kh, kw] = geometry.kernel;
        let [sy, sx] = geometry.stride;
        let rows = geometry.channels_in / geometry.groups;
        let per_group = geometry.channels_out / geometry.groups;
        let before = [most_back(geometry, 0), most_back(geometry, 1)];
        let mut passes = Vec::new();
        for py in 0..sy {
            for px in 0..sx {
                let (mut taps, mut places) = (Vec::new(), Vec::new());
                for channel in 0..per_group {
                    for y in 0..kh {
                        for x in 0..kw {
                            // Input position p meets output position q where p + padding = q * stride + tap.
                            let (at_y, at_x) = (y * geometry.dilation[0], x * geometry.dilation[1]);
                            let (Some(back_y), Some(back_x)) =
                                (back(py + geometry.padding[0], at_y, sy), back(px + geometry.padding[1], at_x, sx))
                            else {
                                continue;
                            };
                            let shift =
                                [(back_y + before[0] as isize) as usize, (back_x + before[1] as isize) as usize];
                            taps.push(Tap { channel, phase: [0, 0], shift });
                            places.push((channel * rows * kh + y) * kw + x);
                        }
                    }
                }
                let panels = (0..geometry.groups)
                    .map(|group| {
                        pack(rows, taps.len(), |row, k| {
                            weights[group * per_group * rows * kh * kw + places[k] + row * kh * kw]
                        })
                    })
                    .collect();
                passes.push(Pass { origin: [py, px], step: [sy, sx], taps, panels });
            }
        }
        Self {
            rows_out: geometry.channels_in,
            channels_in: geometry.channels_out,
            groups: geometry.groups,
            split: [1, 1],
            before,
            passes,
            bias: None,
            instructions,
            part: WHOLE,
        }
    }

    /// Runs over a batch `input` (N, I, h, w) and returns (N, O, `output[0]`, `output[1]`).
    ///
    /// `relu` clips negative results at zero.
    pub fn run(&self, input: &[f32], size: [usize; 2], output: [usize; 2], relu: bool) -> Vec<f32> {
        let image = self.channels_in * size[0] * size[1];
        let batch = input.len().checked_div(image).unwrap_or(0);
        let plane = output[0] * output[1];
        let mut out = vec![0.0; batch * self.rows_out * plane];
        let layout = self.layout(size, output);
        let phases = self.phases(input, size, output, &layout);

        let rows_per_group = self.rows_out / self.groups;
        // Enough tasks for every thread, and as few readings of the input as that allows.
        let tasks = rayon::current_num_threads().div_ceil(batch.max(1) * self.groups).max(1);
        let chunk = rows_per_group.div_ceil(tasks).next_multiple_of(panel_of(rows_per_group)).min(rows_per_group);
        let work: Vec<(usize, usize, usize, &mut [f32])> = out
            .chunks_mut((rows_per_group * plane).max(1))
            .enumerate()
            .flat_map(|(index, part)| {
                let (image, group) = (index / self.groups, index % self.groups);
                part.chunks_mut((chunk * plane).max(1))
                    .enumerate()
                    .map(move |(c, rows)| (image, group, c * chunk, rows))
            })
            .collect();
        work.into_par_iter().for_each(|(image, group, first_row, rows)| {
            let source = &phases[image * layout.image..];
            for pass in &self.passes {
                self.run_pass(pass, source, &layout, (group, first_row), output, relu, rows);
            }
        });
        out
    }

    /// Computes one phase of some output channels, block of columns by block of columns.
    #[expect(clippy::too_many_arguments, reason = "the innermost step of one computation, called from one place")]
    fn run_pass(
        &self,
        pass: &Pass,
        input: &[f32],
        layout: &Layout,
        (group, first_row): (usize, usize),
        output: [usize; 2],
        relu: bool,
        rows: &mut [f32],
    ) {
        let plane = output[0] * output[1];
        let panel_rows = panel_of(self.rows_out / self.groups);
        let line = pass.line(layout, output);
        if line == 0 {
            return;
        }
        let width = pass.results(1, output);
        let first_channel = group * (self.channels_in / self.groups);
        let offsets: Vec<usize> = pass
            .taps
            .iter()
            .map(|tap| {
                let phase = tap.phase[0] * self.split[1] + tap.phase[1];
                ((first_channel + tap.channel) * self.split[0] * self.split[1] + phase) * layout.plane
                    + tap.shift[0] * layout.width
                    + tap.shift[1]
            })
            .collect();
        let mut block: Block = [[0.0; COLUMNS]; ROWS];
        let mut runs = Vec::with_capacity(COLUMNS);
        let mut start = 0;
        while start < line {
            let block_width = (line - start).min(COLUMNS);
            let columns = start..start + block_width;
            find_runs(&mut runs, columns.clone(), [layout.width, width], pass, output[1]);
            for (panel, rows) in rows.chunks_mut(panel_rows * plane).enumerate() {
                let size = panel_rows * offsets.len();
                let from = (first_row / panel_rows + panel) * size;
                let (weights, columns) = (&pass.panels[group][from..from + size], columns.clone());
                match panel_rows {
                    1 => self.instructions.product::<1>(weights, input, &offsets, columns, self.part, &mut block),
                    _ => self.instructions.product::<ROWS>(weights, input, &offsets, columns, self.part, &mut block),
                }
                for (row, (sums, plane_out)) in block.iter().zip(rows.chunks_mut(plane)).enumerate() {
                    let channel = group * (self.rows_out / self.groups) + first_row + panel * panel_rows + row;
                    let bias = self.bias.as_ref().map_or(0.0, |bias| bias[channel]);
                    store(sums, &runs, pass.step[1], bias, relu, plane_out);
                }
            }
            start += block_width;
        }
    }

    fn layout(&self, size: [usize; 2], output: [usize; 2]) -> Layout {
        let reach =
            |axis: usize| self.passes.iter().flat_map(|pass| &pass.taps).map(|tap| tap.shift[axis]).max().unwrap_or(0);
        let results = |axis: usize| self.passes.iter().map(|pass| pass.results(axis, output)).max().unwrap_or(0);
        let height = results(0) + reach(0);
        let width = results(1) + reach(1);
        let as_is = self.split == [1, 1] && self.before == [0, 0] && [height, width] == size;
        let plane = height * width;
        Layout { height, width, plane, image: self.channels_in * self.split[0] * self.split[1] * plane, as_is }
    }

    /// Whether the windows of every pass end inside the plane that they begin in, although they are read up to whole
    /// registers. If not, the last channel of the last image needs numbers behind it.
    fn ends_inside(&self, layout: &Layout, output: [usize; 2]) -> bool {
        self.passes.iter().all(|pass| {
            let furthest = pass.taps.iter().map(|tap| tap.shift[0] * layout.width + tap.shift[1]).max().unwrap_or(0);
            furthest + pass.line(layout, output).next_multiple_of(REGISTER) <= layout.plane
        })
    }

    /// The input with its zero padding, split into phases, with numbers behind it that windows may be read from and that
    /// are no part of any result.
    fn phases<'a>(
        &self,
        input: &'a [f32],
        size: [usize; 2],
        output: [usize; 2],
        layout: &Layout,
    ) -> std::borrow::Cow<'a, [f32]> {
        let planes = input.len() / (size[0] * size[1]).max(1);
        let [sy, sx] = self.split;
        if layout.as_is && !input.is_empty() && self.ends_inside(layout, output) {
            return std::borrow::Cow::Borrowed(input);
        }
        let filled = planes * sy * sx * layout.plane;
        let mut phases = vec![0.0; filled + REGISTER];
        phases[filled..].fill(BEHIND);
        phases[..filled]
            .par_chunks_mut((sy * sx * layout.plane).max(1))
            .zip(input.par_chunks(size[0] * size[1]))
            .for_each(|(to, from)| {
                if layout.as_is {
                    to.copy_from_slice(from);
                    return;
                }
                for (y, row) in from.chunks(size[1]).enumerate() {
                    let padded = y + self.before[0];
                    let (phase_y, at_y) = (padded % sy, padded / sy);
                    if at_y >= layout.height {
                        continue;
                    }
                    if sx == 1 {
                        let start = phase_y * layout.plane + at_y * layout.width + self.before[1];
                        let width = row.len().min(layout.width.saturating_sub(self.before[1]));
                        to[start..start + width].copy_from_slice(&row[..width]);
                        continue;
                    }
                    // Column x is column (x + before) / sx of phase (x + before) % sx.
                    for x in 0..sx.min(row.len()) {
                        let (phase_x, at_x) = ((x + self.before[1]) % sx, (x + self.before[1]) / sx);
                        let line = (phase_y * sx + phase_x) * layout.plane + at_y * layout.width;
                        let line = to[line..line + layout.width].iter_mut().skip(at_x);
                        line.zip(row[x..].iter().step_by(sx)).for_each(|(to, from)| *to = *from);
                    }
                }
            });
        std::borrow::Cow::Owned(phases)
    }
}

/// How the padded, split input lies in memory.
struct Layout {
    height: usize,
    width: usize,
    plane: usize,
    image: usize,
    /// The input needs neither padding nor splitting.
    as_is: bool,
}

/// How many output positions a tap lies from the first one of this phase, if they meet at all.
fn back(position: usize, tap: usize, stride: usize) -> Option<isize> {
    let distance = position as isize - tap as isize;
    (distance.rem_euclid(stride as isize) == 0).then(|| distance.div_euclid(stride as isize))
}

/// How many output positions the furthest tap looks back along one axis.
fn most_back(geometry: &ConvGeometry, axis: usize) -> usize {
    let stride = geometry.stride[axis];
    (0..stride)
        .flat_map(|phase| (0..geometry.kernel[axis]).map(move |tap| (phase, tap)))
        .filter_map(|(phase, tap)| back(phase + geometry.padding[axis], tap * geometry.dilation[axis], stride))
        .map(|distance| (-distance).max(0) as usize)
        .max()
        .unwrap_or(0)
}

/// Output channels of one panel, for a group of `rows`.
fn panel_of(rows: usize) -> usize {
    if rows == 1 { 1 } else { ROWS }
}

/// Panels of rows, tap by tap; missing rows are zero.
fn pack(rows: usize, taps: usize, weight: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let panel = panel_of(rows);
    let mut panels = vec![0.0; rows.div_ceil(panel) * panel * taps];
    for row in 0..rows {
        for k in 0..taps {
            panels[(row / panel * taps + k) * panel + row % panel] = weight(row, k);
        }
    }
    panels
}

/// Columns of a block that lie side by side in one row of the output.
struct Run {
    from: usize,
    length: usize,
    to: usize,
}

/// Splits the columns of one block at the ends of rows, and leaves out those between the rows.
fn find_runs(runs: &mut Vec<Run>, columns: Range<usize>, [line, valid]: [usize; 2], pass: &Pass, output_width: usize) {
    runs.clear();
    let mut at = columns.start;
    while at < columns.end {
        let (row, column) = (at / line, at % line);
        let length = (line - column).min(columns.end - at);
        runs.push(Run {
            from: at - columns.start,
            length: length.min(valid.saturating_sub(column)),
            to: (pass.origin[0] + row * pass.step[0]) * output_width + pass.origin[1] + column * pass.step[1],
        });
        at += length;
    }
}

/// Writes the sums of one output channel to their places in its plane.
fn store(sums: &[f32; COLUMNS], runs: &[Run], step: usize, bias: f32, relu: bool, out: &mut [f32]) {
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    // A comparison, because `max` would turn a NaN into the floor and hide it.
    let finish = |sum: f32| if sum + bias < floor { floor } else { sum + bias };
    for run in runs.iter().filter(|run| run.length > 0) {
        let sums = &sums[run.from..run.from + run.length];
        if step == 1 {
            for (out, sum) in out[run.to..run.to + run.length].iter_mut().zip(sums) {
                *out = finish(*sum);
            }
        } else {
            for (out, sum) in out[run.to..].iter_mut().step_by(step).zip(sums) {
                *out = finish(*sum);
            }
        }
    }
}
