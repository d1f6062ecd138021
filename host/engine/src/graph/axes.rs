//! Which axes of a layer are channels, depth, rows and columns, and where on the image its cells lie.
//!
//! The axes of the images are followed through the graph: permuted, cut, joined, grouped. Beside them goes where the first
//! cell lies and how far apart cells are, in pixels: a convolution of kernel k, stride s, padding p and dilation d puts cell
//! i at s i + d (k - 1) / 2 - p of its input (Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional
//! neural networks", Eq. 2 and 5).

use super::network::{Kernel, Step};
use super::operator::{Centres, Operator, Resizing};
use super::run::first_kept;
use super::value::Value;
use crate::input::Layout;

/// What an axis of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Batch,
    Channel,
    Depth,
    Row,
    Column,
    Unknown,
}

/// Where cells lie along an axis, in pixels of the image: cell i at `first` + i `spacing`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cells {
    pub first: f64,
    pub spacing: f64,
}

impl Cells {
    /// The pixels themselves.
    const PIXELS: Self = Self { first: 0.0, spacing: 1.0 };

    /// Cells of which the first lies at place `first`, `spacing` apart, both in cells of these.
    fn of(self, first: f64, spacing: f64) -> Self {
        Self { first: self.first + first * self.spacing, spacing: self.spacing * spacing }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    role: Role,
    /// None where no place is known.
    cells: Option<Cells>,
}

pub(crate) const UNKNOWN: Axis = Axis { role: Role::Unknown, cells: None };
const CHANNEL: Axis = Axis { role: Role::Channel, cells: None };

/// A layer that is a picture, or a volume: its axes as (N, C, H, W) or (N, C, D, H, W), and where its cells lie.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    /// The axes of batch and channels, of the depth of a volume, of rows and of columns.
    pub(crate) order: Vec<usize>,
    /// Along each spatial axis; none where it cannot be told.
    pub(crate) cells: Option<Vec<Cells>>,
}

/// The axes of images, or volumes, with so many; images of one channel may have none for it.
pub(crate) fn of_images(layout: Layout, rank: usize) -> Vec<Axis> {
    let pixels = |role| Axis { role, cells: Some(Cells::PIXELS) };
    let batch = Axis { role: Role::Batch, cells: None };
    match layout {
        _ if rank == 3 => vec![batch, pixels(Role::Row), pixels(Role::Column)],
        _ if !matches!(rank, 4 | 5) => vec![UNKNOWN; rank],
        layout => {
            let spatial = [Role::Depth, Role::Row, Role::Column].map(pixels);
            let spatial = &spatial[5 - rank..];
            match layout {
                Layout::ChannelsFirst => [&[batch, CHANNEL], spatial].concat(),
                Layout::ChannelsLast => [&[batch], spatial, &[CHANNEL]].concat(),
            }
        }
    }
}

/// The picture that a value with these axes is, if it is one; of a network of volumes, the volume. A value that lacks an
/// axis of what the network takes has no place on it.
pub(crate) fn picture(axes: &[Axis], shape: &[usize], volumes: bool) -> Option<Picture> {
    let spatial: &[Role] = if volumes { &[Role::Depth, Role::Row, Role::Column] } else { &[Role::Row, Role::Column] };
    let at = |role: &Role| axes.iter().position(|axis| axis.role == *role);
    let order = [&[Role::Batch, Role::Channel], spatial].concat().iter().map(at).collect::<Option<Vec<usize>>>()?;
    if axes.len() != order.len() || order[2..].iter().map(|axis| shape[*axis]).product::<usize>() < 2 {
        return None;
    }
    let cells = order[2..].iter().map(|axis| axes[*axis].cells).collect();
    Some(Picture { order, cells })
}

/// The axes of what a step makes of values with these axes; the shapes are those of one image.
pub(crate) fn after(step: &Step, inputs: &[(Vec<Axis>, Option<&Value>)], made: &Value) -> Vec<Axis> {
    let shape = made.shape();
    let none = || vec![UNKNOWN; shape.len()];
    let Some((first, value)) = inputs.first() else { return none() };
    let from = value.map(Value::shape).unwrap_or_default();
    let list = |index: usize| inputs.get(index)?.1?.as_array()?.as_whole().map(<[i64]>::to_vec);
    let axes = match &step.kernel {
        Kernel::Conv { conv, same, .. } if first.len() == 2 + conv.axes() => {
            let g = conv.geometry();
            let last = from.len() - 2;
            let padding = match same {
                Some(same) => same.amounts([from[last], from[last + 1]], g.kernel, g.stride, g.dilation),
                None => g.padding,
            };
            let depth = conv.depth().map(|depth| {
                let before = match same {
                    Some(same) => {
                        same.amounts([from[2], 1], [depth.kernel, 1], [depth.stride, 1], [depth.dilation, 1])[0]
                    }
                    None => depth.padding[0],
                };
                Window { kernel: depth.kernel, stride: depth.stride, dilation: depth.dilation, before }
            });
            windowed(first, depth, sides(g.kernel, g.stride, g.dilation, padding))
        }
        Kernel::ConvTranspose { conv, output_padding, output_shape, .. } if first.len() == 2 + conv.axes() => {
            let g = conv.geometry();
            let depth = conv.depth().map(|depth| Window {
                kernel: depth.kernel,
                stride: depth.stride,
                dilation: depth.dilation,
                before: depth.padding[0],
            });
            let windows = depth.into_iter().chain(sides(g.kernel, g.stride, g.dilation, g.padding));
            let turned = |(index, window): (usize, Window)| {
                let axis = first[index + 2];
                // What is cut to the size that the file names begins later.
                let whole = (from[index + 2] - 1) * window.stride
                    + window.dilation * (window.kernel - 1)
                    + 1
                    + output_padding.get(index).copied().unwrap_or(0);
                let cut = match output_shape {
                    Some((_, upper)) => first_kept(whole, shape[index + 2], *upper),
                    None => 0,
                };
                let before = (window.before + cut) as f64;
                let stride = window.stride as f64;
                Axis {
                    cells: axis.cells.map(|cells| cells.of((before - window.reach()) / stride, 1.0 / stride)),
                    ..axis
                }
            };
            [first[0], CHANNEL].into_iter().chain(windows.enumerate().map(turned)).collect()
        }
        Kernel::ScaleShift { .. } | Kernel::Silu => first.clone(),
        Kernel::Operator(operator) => match operator {
            Operator::MaxPool(pool) | Operator::AveragePool { pool, .. }
                if first.len() == if pool.depth.is_some() { 5 } else { 4 } =>
            {
                let last = from.len() - 2;
                let amounts =
                    pool.padding.amounts([from[last], from[last + 1]], pool.kernel, pool.stride, pool.dilation);
                let depth = pool.depth.as_ref().map(|depth| Window {
                    kernel: depth.kernel,
                    stride: depth.stride,
                    dilation: depth.dilation,
                    before: depth.amounts(from[2])[0],
                });
                let mut axes = windowed(first, depth, sides(pool.kernel, pool.stride, pool.dilation, amounts));
                axes[1] = first[1];
                axes
            }
            Operator::Transpose { order } => {
                let rank = first.len();
                match order {
                    None => first.iter().rev().copied().collect(),
                    Some(order) => order
                        .iter()
                        .map(|axis| first.get(axis.rem_euclid(rank.max(1) as i64) as usize).copied().unwrap_or(UNKNOWN))
                        .collect(),
                }
            }
            Operator::Reshape { .. } | Operator::Flatten { .. } | Operator::Squeeze | Operator::Unsqueeze => {
                regrouped(first, &from, &shape)
            }
            Operator::Slice => {
                let mut axes = first.clone();
                let starts = list(1).unwrap_or_default();
                let named = list(3).unwrap_or_else(|| (0..starts.len() as i64).collect());
                let steps = list(4).unwrap_or_else(|| vec![1; starts.len()]);
                for ((start, axis), step) in starts.iter().zip(named).zip(steps) {
                    let axis = axis.rem_euclid(axes.len().max(1) as i64) as usize;
                    let size = from[axis] as i64;
                    let top = if step < 0 { size - 1 } else { size };
                    let start = (if *start < 0 { start.saturating_add(size) } else { *start }).clamp(0, top);
                    axes[axis].cells = axes[axis].cells.map(|cells| cells.of(start as f64, step as f64));
                }
                axes
            }
            Operator::Pad(_) => {
                let mut axes = first.clone();
                let amounts = list(1).unwrap_or_default();
                let named = list(3).unwrap_or_else(|| (0..axes.len() as i64).collect());
                for (before, axis) in amounts.iter().zip(named) {
                    let axis = axis.rem_euclid(axes.len().max(1) as i64) as usize;
                    axes[axis].cells = axes[axis].cells.map(|cells| cells.of(-(*before as f64), 1.0));
                }
                axes
            }
            Operator::Resize(resizing) => resized(resizing, first, &from, &shape),
            Operator::DepthToSpace { block, .. } if first.len() == 4 => {
                let b = *block as f64;
                spaced(first, 0.5 / b - 0.5, 1.0 / b)
            }
            Operator::SpaceToDepth { block } if first.len() == 4 => {
                let b = *block as f64;
                spaced(first, (b - 1.0) / 2.0, b)
            }
            Operator::Gather { axis } => {
                let mut axes = first.clone();
                let at = axis.rem_euclid(axes.len().max(1) as i64) as usize;
                let places = inputs.get(1).and_then(|(_, value)| value.map(Value::shape)).unwrap_or_default();
                let known = axes[at].role == Role::Channel;
                axes.splice(at..=at, places.iter().map(|_| if known { CHANNEL } else { UNKNOWN }));
                axes
            }
            Operator::Reduce { keep, .. } => {
                let rank = first.len();
                let named: Vec<usize> = match list(1).filter(|list| !list.is_empty()) {
                    Some(list) => list.iter().map(|axis| axis.rem_euclid(rank.max(1) as i64) as usize).collect(),
                    None => (0..rank).collect(),
                };
                let axes = (0..rank).filter(|axis| *keep || !named.contains(axis));
                axes.map(|axis| if named.contains(&axis) { Axis { cells: None, ..first[axis] } } else { first[axis] })
                    .collect()
            }
            Operator::GlobalAveragePool | Operator::GlobalMaxPool => {
                first.iter().map(|axis| Axis { cells: None, ..*axis }).collect()
            }
            Operator::MatMul | Operator::Gemm { .. } => {
                // Weights on the right mix the last axis; any other product mixes more.
                let weights = inputs.get(1).is_some_and(|(axes, _)| axes.iter().all(|axis| axis.role == Role::Unknown));
                match first.split_last() {
                    Some((_, rows)) if weights && first.len() == shape.len() => {
                        let last = rows.iter().all(|axis| axis.role != Role::Channel);
                        [rows, &[if last { CHANNEL } else { UNKNOWN }]].concat()
                    }
                    _ => none(),
                }
            }
            Operator::Concat { .. } => {
                let parts: Vec<&[Axis]> = inputs.iter().map(|(axes, _)| axes.as_slice()).collect();
                (0..shape.len()).map(|axis| merged(parts.iter().filter_map(|axes| axes.get(axis).copied()))).collect()
            }
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Binary(_)
            | Operator::Where
            | Operator::PRelu
            | Operator::Expand
            | Operator::Tile => {
                let rank = shape.len();
                let one = |axis: usize| {
                    let aligned = inputs.iter().filter_map(|(axes, value)| {
                        let at = (axis + axes.len()).checked_sub(rank)?;
                        let size = value.map(Value::shape)?.get(at).copied()?;
                        // What is repeated along an axis says nothing of it.
                        (size == shape[axis]).then(|| axes.get(at).copied())?
                    });
                    merged(aligned)
                };
                (0..rank).map(one).collect()
            }
            _ if from == shape => first.clone(),
            _ => none(),
        },
        _ => none(),
    };
    if axes.len() == shape.len() { axes } else { none() }
}

/// What several values agree on; the middle of where they put their cells.
fn merged(axes: impl Iterator<Item = Axis>) -> Axis {
    let known: Vec<Axis> = axes.filter(|axis| axis.role != Role::Unknown).collect();
    let Some(first) = known.first() else { return UNKNOWN };
    if known.iter().any(|axis| axis.role != first.role) {
        return UNKNOWN;
    }
    let cells: Vec<Cells> = known.iter().filter_map(|axis| axis.cells).collect();
    let same = cells.iter().all(|one| (one.spacing - cells[0].spacing).abs() < 1e-9);
    let middle = || cells.iter().map(|one| one.first).sum::<f64>() / cells.len() as f64;
    let cells = (!cells.is_empty() && same).then(|| Cells { first: middle(), spacing: cells[0].spacing });
    Axis { role: first.role, cells }
}

/// A window that moves along one axis.
#[derive(Clone, Copy)]
struct Window {
    kernel: usize,
    stride: usize,
    dilation: usize,
    /// Padding before the axis.
    before: usize,
}

impl Window {
    /// The distance from its first tap to its middle.
    fn reach(self) -> f64 {
        self.dilation as f64 * (self.kernel as f64 - 1.0) / 2.0
    }
}

/// The windows along rows and columns.
fn sides(kernel: [usize; 2], stride: [usize; 2], dilation: [usize; 2], padding: [usize; 4]) -> [Window; 2] {
    [0, 1].map(|axis| Window {
        kernel: kernel[axis],
        stride: stride[axis],
        dilation: dilation[axis],
        before: padding[axis],
    })
}

fn windowed(first: &[Axis], depth: Option<Window>, sides: [Window; 2]) -> Vec<Axis> {
    let along = |(axis, window): (&Axis, Window)| Axis {
        cells: axis.cells.map(|cells| cells.of(window.reach() - window.before as f64, window.stride as f64)),
        ..*axis
    };
    let windows = depth.into_iter().chain(sides);
    [first[0], CHANNEL].into_iter().chain(first[2..].iter().zip(windows).map(along)).collect()
}

fn spaced(first: &[Axis], start: f64, spacing: f64) -> Vec<Axis> {
    let along = |axis: usize| Axis { cells: first[axis].cells.map(|cells| cells.of(start, spacing)), ..first[axis] };
    vec![first[0], CHANNEL, along(2), along(3)]
}

fn resized(resizing: &Resizing, first: &[Axis], from: &[usize], to: &[usize]) -> Vec<Axis> {
    let one = |(axis, found): (usize, &Axis)| {
        let (size, made) = (from[axis] as f64, to[axis] as f64);
        let factor = made / size;
        let place = |cells: Cells| match resizing.centres {
            Centres::AlignCorners if made > 1.0 => cells.of(0.0, (size - 1.0) / (made - 1.0)),
            Centres::Asymmetric | Centres::AlignCorners => cells.of(0.0, 1.0 / factor),
            _ => cells.of(0.5 / factor - 0.5, 1.0 / factor),
        };
        Axis { cells: found.cells.map(place), ..*found }
    };
    first.iter().enumerate().map(one).collect()
}

/// Axes that stay as they are when others are joined or cut apart.
fn regrouped(axes: &[Axis], from: &[usize], to: &[usize]) -> Vec<Axis> {
    let mut made = Vec::with_capacity(to.len());
    let (mut i, mut j) = (0, 0);
    while j < to.len() {
        if i < from.len() && from[i] == to[j] {
            made.push(axes.get(i).copied().unwrap_or(UNKNOWN));
            (i, j) = (i + 1, j + 1);
            continue;
        }
        if to[j] == 1 {
            made.push(UNKNOWN);
            j += 1;
            continue;
        }
        if i < from.len() && from[i] == 1 {
            i += 1;
            continue;
        }
        // A group of axes here is a group of as many numbers there.
        let (mut left, mut right) = (from.get(i).copied().unwrap_or(1), to[j]);
        (i, j) = (i + 1, j + 1);
        made.push(UNKNOWN);
        while left != right {
            if left < right && i < from.len() {
                left *= from[i];
                i += 1;
            } else if j < to.len() {
                right *= to[j];
                made.push(UNKNOWN);
                j += 1;
            } else {
                break;
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Vec<Axis> {
        of_images(Layout::ChannelsFirst, 4)
    }

    #[test]
    fn windows_move_and_spread_cells() {
        // A convolution 3 x 3 of stride 2 and padding 1, twice: cells on every fourth pixel, the first on pixel 0.
        let window = Window { kernel: 3, stride: 2, dilation: 1, before: 1 };
        let once = windowed(&image(), None, [window; 2]);
        let twice = windowed(&once, None, [window; 2]);
        let picture = picture(&twice, &[1, 8, 7, 7], false).unwrap();
        assert_eq!(picture.order, [0, 1, 2, 3]);
        assert_eq!(picture.cells.unwrap()[0], Cells { first: 0.0, spacing: 4.0 });
        // Patches of 4 x 4: their middle lies between pixels 1 and 2.
        let patches = windowed(&image(), None, [Window { kernel: 4, stride: 4, dilation: 1, before: 0 }; 2]);
        assert_eq!(patches[2].cells, Some(Cells { first: 1.5, spacing: 4.0 }));
    }

    #[test]
    fn axes_survive_where_others_are_joined() {
        let axes = regrouped(&image(), &[1, 3, 8, 8], &[1, 3, 64]);
        assert_eq!(axes[1].role, Role::Channel);
        assert_eq!(axes[2].role, Role::Unknown);
        let axes = regrouped(&image(), &[1, 3, 8, 6], &[1, 3, 2, 4, 6]);
        assert_eq!(axes.iter().map(|axis| axis.role).collect::<Vec<_>>()[4], Role::Column);
        assert!(picture(&axes, &[1, 3, 2, 4, 6], false).is_none());
    }

    #[test]
    fn volumes_have_a_depth() {
        let volume = of_images(Layout::ChannelsLast, 5);
        let found = picture(&volume, &[1, 4, 6, 5, 1], true).unwrap();
        assert_eq!(found.order, [0, 4, 1, 2, 3]);
        // A picture of a network of volumes, and a volume of one of pictures, lie nowhere on what it takes.
        assert!(picture(&image(), &[1, 3, 8, 8], true).is_none());
        assert!(picture(&volume, &[1, 4, 6, 5, 1], false).is_none());
        let window = |stride| Window { kernel: 3, stride, dilation: 1, before: 0 };
        let made = windowed(&of_images(Layout::ChannelsFirst, 5), Some(window(1)), [window(2), window(4)]);
        let cells = picture(&made, &[1, 8, 3, 3, 3], true).unwrap().cells.unwrap();
        let expected = [1.0, 2.0, 4.0].map(|spacing| Cells { first: 1.0, spacing });
        assert_eq!(cells, expected);
    }
}
