//! The same numbers of the device in another order, another grouping, or several times.

use super::elementwise::held;
use super::{Inputs, places};
use crate::graph::array::{Kind, broadcast};
use crate::graph::operator::{Operator, PadMode};
use crate::graph::value::Value;
use crate::{Result, Tensor};
use burn::backend::Dispatch;
use burn::backend::ops::FloatTensorOps;

/// Runs of places that are copied one by one; with more of them, a product with a matrix is less work.
const MOST_RUNS: usize = 24;

pub(super) fn shape(operator: &Operator, inputs: &Inputs) -> Result<Vec<Value>> {
    let value = inputs.value(0)?;
    let (shape, kind) = (value.shape(), value.kind());
    let x = || inputs.tensor(0);
    let under = |x: &Tensor, shape: &[usize]| -> Result<Vec<Value>> {
        let scalar = shape.is_empty();
        let tensor = x.reshape(if scalar { &[1] } else { shape })?;
        Ok(vec![held(tensor, kind, scalar)])
    };
    match operator {
        Operator::Identity | Operator::Dropout { .. } => Ok(vec![value.clone()]),
        Operator::Cast(to) => Ok(vec![cast(inputs, *to)?]),
        Operator::CastLike => Ok(vec![cast(inputs, inputs.value(1)?.kind())?]),
        Operator::Size => {
            let size = shape.iter().product::<usize>() as i64;
            Ok(vec![Value::array(crate::graph::Array::whole(Kind::INT64, Vec::new(), vec![size]))])
        }
        Operator::Reshape { zero_is_empty } => {
            let wanted = inputs.list(1)?.ok_or_else(|| inputs.refused("the shape is missing".into()))?;
            under(&x()?, &inputs.reshape(&shape, &wanted, *zero_is_empty)?)
        }
        Operator::Flatten { axis } => under(&x()?, &inputs.flatten(&shape, *axis)?),
        Operator::Squeeze => under(&x()?, &inputs.squeeze(&shape)?),
        Operator::Unsqueeze => under(&x()?, &inputs.unsqueeze(&shape)?),
        Operator::Transpose { order } => {
            let order = inputs.order(order.as_ref(), shape.len())?;
            let turned = x()?.permute(&order)?;
            Ok(vec![Value::of(turned, kind)])
        }
        Operator::Concat { axis } => {
            let axis = inputs.axis(*axis, shape.len())?;
            let parts = (0..inputs.values.len()).map(|index| inputs.tensor(index)).collect::<Result<Vec<_>>>()?;
            Ok(vec![Value::of(Tensor::concatenate(&parts, axis)?, kind)])
        }
        Operator::Split { axis, parts } => {
            let axis = inputs.axis(*axis, shape.len())?;
            let (x, mut start) = (x()?, 0);
            let sizes = inputs.parts(shape[axis], *parts)?;
            let part = |size: usize| {
                start += size;
                Ok(Value::of(x.slice(axis, start - size, start)?, kind))
            };
            sizes.into_iter().map(part).collect()
        }
        Operator::Slice => {
            let mut part = x()?;
            for taken in inputs.slices(&shape)? {
                part = stepped(&part, taken, inputs)?;
            }
            Ok(vec![Value::of(part, kind)])
        }
        Operator::Gather { axis } => {
            let axis = inputs.axis(*axis, shape.len())?;
            let list = inputs.list(1)?.ok_or_else(|| inputs.refused("places are missing".into()))?;
            let picked = picked(&x()?, axis, &inputs.places(&list, shape[axis])?)?;
            let to = [&shape[..axis], &inputs.value(1)?.shape(), &shape[axis + 1..]].concat();
            under(&picked, &to)
        }
        Operator::GatherNd => {
            // The first axes as one, and places in it.
            let list = inputs.list(1)?.ok_or_else(|| inputs.refused("places are missing".into()))?;
            let given = inputs.value(1)?.shape();
            let (deep, rows) = given.split_last().ok_or_else(|| inputs.refused("places without an axis".into()))?;
            let starts = places::joined(&list, *deep, &shape)
                .ok_or_else(|| inputs.refused(format!("places {list:?} in a value of shape {shape:?}")))?;
            let first: usize = shape[..*deep].iter().product();
            if starts.len().saturating_mul(first) > MOST_PICKED {
                return Err(inputs.refused(format!("{} places among {first}", starts.len())));
            }
            let apart = x()?.reshape(&[&[first], &shape[*deep..]].concat())?;
            under(&picked(&apart, 0, &starts)?, &[rows, &shape[*deep..]].concat())
        }
        Operator::Expand => {
            let wanted = inputs.list(1)?.ok_or_else(|| inputs.refused("the shape is missing".into()))?;
            let sizes: Option<Vec<usize>> = wanted.iter().map(|size| usize::try_from(*size).ok()).collect();
            let to = sizes.and_then(|sizes| broadcast(&shape, &sizes));
            let to =
                to.ok_or_else(|| inputs.refused(format!("the shape {wanted:?} for a value of shape {shape:?}")))?;
            Ok(vec![Value::of(expanded(&x()?, &to)?, kind)])
        }
        Operator::Tile => {
            let repeats = inputs.list(1)?.unwrap_or_default();
            let larger = shape.iter().zip(&repeats).try_fold(1_usize, |product, (size, times)| {
                product.checked_mul(size.checked_mul(usize::try_from(*times).ok()?)?)
            });
            let fits = larger.is_some_and(|elements| (1..=crate::MAX_ELEMENTS).contains(&elements));
            if repeats.len() != shape.len() || !fits {
                return Err(inputs.refused(format!("repeats {repeats:?} for a value of shape {shape:?}")));
            }
            let mut tiled = x()?;
            for (axis, times) in repeats.iter().enumerate().filter(|(_, times)| **times > 1) {
                tiled = Tensor::concatenate(&vec![tiled; *times as usize], axis)?;
            }
            Ok(vec![Value::of(tiled, kind)])
        }
        Operator::Pad(mode) => Ok(vec![Value::of(pad(&x()?, *mode, inputs)?, kind)]),
        Operator::DepthToSpace { block, columns_first } => {
            let [n, c, h, w] = inputs.image(0)?.image_shape(inputs.name)?;
            let depth = c / (block * block);
            if depth * block * block != c {
                return Err(inputs.refused(format!("{c} channels for blocks of {block} x {block}")));
            }
            let (apart, order) = match columns_first {
                false => ([n, *block, *block, depth, h, w], [0, 3, 4, 1, 5, 2]),
                true => ([n, depth, *block, *block, h, w], [0, 1, 4, 2, 5, 3]),
            };
            under(&x()?.reshape(&apart)?.permute(&order)?, &[n, depth, h * block, w * block])
        }
        Operator::SpaceToDepth { block } => {
            let [n, c, h, w] = inputs.image(0)?.image_shape(inputs.name)?;
            let (rows, columns) = (h / block, w / block);
            if rows * block != h || columns * block != w {
                return Err(inputs.refused(format!("{h} x {w} pixels for blocks of {block} x {block}")));
            }
            let apart = x()?.reshape(&[n, c, rows, *block, columns, *block])?.permute(&[0, 3, 5, 1, 2, 4])?;
            under(&apart, &[n, c * block * block, rows, columns])
        }
        Operator::Trilu { upper } => {
            let &[.., rows, columns] = shape.as_slice() else {
                return Err(inputs.refused(format!("a value of shape {shape:?}, expected matrices")));
            };
            let shift = inputs.list(1)?.and_then(|list| list.first().copied()).unwrap_or(0);
            let keeps = |at: usize| {
                let (row, column) = ((at / columns) as i64, (at % columns) as i64);
                let kept = if *upper { column >= row + shift } else { column <= row + shift };
                if kept { 1.0 } else { 0.0 }
            };
            let mask = Tensor::from_data(inputs.device, &[rows, columns], (0..rows * columns).map(keeps).collect())?;
            Ok(vec![Value::of(x()?.multiply(&mask)?, kind)])
        }
        Operator::CumSum { exclusive, reverse } => {
            let list = inputs.list(1)?.unwrap_or_default();
            let &[axis] = list.as_slice() else {
                return Err(inputs.refused(format!("axes {list:?}, expected one")));
            };
            let axis = inputs.axis(axis, shape.len())?;
            let size = shape[axis];
            if size.saturating_mul(size) > MOST_PICKED {
                return Err(inputs.refused(format!("an axis of {size} elements, expected at most 4096")));
            }
            let counts = |at: usize| {
                let (to, from) = (at / size, at % size);
                let before = if *reverse { from > to } else { from < to };
                if before || (from == to && !exclusive) { 1.0 } else { 0.0 }
            };
            let matrix = Tensor::from_data(inputs.device, &[size, size], (0..size * size).map(counts).collect())?;
            Ok(vec![Value::of(along(&x()?, axis, &matrix)?, kind)])
        }
        Operator::ConstantOfShape(_) | Operator::Range => {
            Err(inputs.refused("sizes that depend on the image, expected constants".into()))
        }
        _ => Err(inputs.refused("cannot be computed of values that depend on the image".into())),
    }
}

/// Numbers of the device as another kind. A fraction is cut off, and has no gradient then.
fn cast(inputs: &Inputs, to: Kind) -> Result<Value> {
    let value = inputs.value(0)?;
    let (x, scalar) = (inputs.tensor(0)?, value.shape().is_empty());
    let tensor = match (value.kind(), to) {
        (_, Kind::Float) => x,
        (_, Kind::Bool) => {
            let zero = Tensor::full(inputs.device, &[1], 0.0)?;
            x.greater(&zero)?.add(&zero.greater(&x)?)?
        }
        (_, Kind::Whole { bits: ..8, .. }) => {
            // Programs differ in what becomes of numbers that do not fit.
            return Err(inputs.refused(format!("numbers of type {to}, expected 8 bits or more")));
        }
        (Kind::Float, Kind::Whole { .. }) => {
            let x = x.detach()?;
            x.like(Dispatch::float_trunc(x.primitive()))
        }
        (from, to) => {
            let [low, high] = from.range();
            let [lowest, highest] = to.range();
            if low < lowest || high > highest {
                return Err(inputs.refused(format!("{from} that depend on the image to {to}, which may not hold them")));
            }
            x
        }
    };
    Ok(held(tensor, to, scalar))
}

/// One axis of a slice. A step is taken by grouping, so that every device and its gradient are exact.
fn stepped(x: &Tensor, taken: places::Taken, inputs: &Inputs) -> Result<Tensor> {
    let places::Taken { axis, start, count, step } = taken;
    let size = x.shape()[axis];
    if count == 0 {
        return Err(inputs.refused(format!("a slice without elements of axis {axis}")));
    }
    if step < 0 {
        let turned = x.flip(axis)?;
        return stepped(&turned, places::Taken { axis, start: size - 1 - start, count, step: -step }, inputs);
    }
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    if step == 1 || count == 1 {
        return x.slice(axis, start, start + count);
    }
    // All but the last one have the elements that they skip behind them.
    let groups = count - 1;
    let part = x.slice(axis, start, start + groups * step)?;
    let mut apart = part.shape();
    apart[axis] = groups;
    apart.insert(axis + 1, step);
    let mut together = part.shape();
    together[axis] = groups;
    let firsts = part.reshape(&apart)?.slice(axis + 1, 0, 1)?.reshape(&together)?;
    let at = start + groups * step;
    Tensor::concatenate(&[firsts, x.slice(axis, at, at + 1)?], axis)
}

/// Elements of the matrix that picks places, where they lie apart.
const MOST_PICKED: usize = 1 << 24;

/// The elements at `places` of an axis.
pub(super) fn picked(x: &Tensor, axis: usize, places: &[usize]) -> Result<Tensor> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some((_, end)) if end == place => *end += 1,
            _ => runs.push((*place, place + 1)),
        }
    }
    if runs.len() <= MOST_RUNS {
        let parts = runs.iter().map(|(start, end)| x.slice(axis, *start, *end)).collect::<Result<Vec<_>>>()?;
        return Tensor::concatenate(&parts, axis);
    }
    let size = x.shape()[axis];
    let mut matrix = vec![0.0; places.len() * size];
    places.iter().enumerate().for_each(|(row, place)| matrix[row * size + place] = 1.0);
    along(x, axis, &Tensor::from_data(x.device(), &[places.len(), size], matrix)?)
}

/// A matrix (to, from) applied along an axis of `from` elements.
pub(super) fn along(x: &Tensor, axis: usize, matrix: &Tensor) -> Result<Tensor> {
    let shape = x.shape();
    let mut order: Vec<usize> = (0..shape.len()).filter(|other| *other != axis).collect();
    order.push(axis);
    let last = x.permute(&order)?;
    let rows = shape.iter().product::<usize>() / shape[axis];
    let product = last.reshape(&[rows, shape[axis]])?.matrix_multiply(&matrix.permute(&[1, 0])?)?;
    let mut made: Vec<usize> = order.iter().map(|axis| shape[*axis]).collect();
    if let Some(size) = made.last_mut() {
        *size = matrix.shape()[0];
    }
    let mut back = vec![0; shape.len()];
    order.iter().enumerate().for_each(|(place, axis)| back[*axis] = place);
    product.reshape(&made)?.permute(&back)
}

pub(super) fn expanded(x: &Tensor, to: &[usize]) -> Result<Tensor> {
    if x.shape() == to {
        return Ok(x.clone());
    }
    x.multiply(&Tensor::full(x.device(), to, 1.0)?)
}

/// Numbers around the last two axes: top, left, bottom, right.
pub(super) fn surrounded(x: &Tensor, [top, left, bottom, right]: [usize; 4], value: f32) -> Result<Tensor> {
    let last = x.shape().len().saturating_sub(1);
    constant(&constant(x, last.saturating_sub(1), top, bottom, value)?, last, left, right, value)
}

/// Numbers before and after an axis.
pub(super) fn constant(x: &Tensor, axis: usize, before: usize, after: usize, value: f32) -> Result<Tensor> {
    if before + after == 0 {
        return Ok(x.clone());
    }
    let around = |amount: usize| -> Result<Option<Tensor>> {
        let mut shape = x.shape();
        shape[axis] = amount;
        (amount > 0).then(|| Tensor::full(x.device(), &shape, value)).transpose()
    };
    let parts = [around(before)?, Some(x.clone()), around(after)?];
    Tensor::concatenate(&parts.into_iter().flatten().collect::<Vec<_>>(), axis)
}

/// The first of `size` pixels that stays where `wanted` of them do.
pub(in crate::graph) fn first_kept(size: usize, wanted: usize, upper: bool) -> usize {
    let cut = size.saturating_sub(wanted);
    if upper { cut / 2 } else { cut - cut / 2 }
}

/// A result of a transposed convolution without padding, cut (or filled with 0) to the size that its file names. The odd
/// pixel is cut at the end if `upper`, else at the beginning.
pub(super) fn cropped(x: &Tensor, wanted: &[usize], upper: bool, inputs: &Inputs) -> Result<Tensor> {
    let mut made = x.clone();
    for (axis, &wanted) in (2..).zip(wanted) {
        let size = made.shape()[axis];
        if size < wanted {
            return Err(inputs.refused(format!("an output_shape of {wanted}, expected at most {size}")));
        }
        let start = first_kept(size, wanted, upper);
        made = made.slice(axis, start, start + wanted)?;
    }
    Ok(made)
}

/// So many numbers may come of any padding.
const FEW: u64 = 1 << 24;
/// Padding makes a frame; what grows more was damaged, and would fill the machine.
const MOST_PADDED: u64 = 64;

fn pad(x: &Tensor, mode: PadMode, inputs: &Inputs) -> Result<Tensor> {
    let rank = x.shape().len();
    let amounts = inputs.list(1)?.ok_or_else(|| inputs.refused("the amounts are missing".into()))?;
    let axes = match inputs.list(3)? {
        Some(axes) => axes.iter().map(|axis| inputs.axis(*axis, rank)).collect::<Result<Vec<_>>>()?,
        None => (0..rank).collect(),
    };
    if amounts.len() != 2 * axes.len() {
        return Err(inputs.refused(format!(
            "{} amounts for {} dimensions, expected two for each",
            amounts.len(),
            axes.len()
        )));
    }
    let value = match inputs.known(2)?.as_deref() {
        None | Some([]) => 0.0,
        Some([value, ..]) => value.clamp(f32::MIN, f32::MAX),
    };
    let added = |axis: usize| {
        let index = axes.iter().position(|padded| *padded == axis);
        index.map_or(0, |index| amounts[index].saturating_add(amounts[axes.len() + index]).max(0) as u64)
    };
    let sizes = x.shape().into_iter().enumerate().map(|(axis, size)| (size as u64).saturating_add(added(axis)));
    let (given, made) = (x.elements() as u64, sizes.fold(1, u64::saturating_mul));
    if made > FEW && made / given > MOST_PADDED {
        return Err(
            inputs.refused(format!("{given} numbers padded to {made}, expected at most {MOST_PADDED} times as many"))
        );
    }
    let mut padded = x.clone();
    for (index, axis) in axes.iter().enumerate() {
        let (before, after) = (amounts[index], amounts[axes.len() + index]);
        let size = padded.shape()[*axis] as i64;
        if before.saturating_add(after).saturating_add(size) < 1 || before.max(after) > 1 << 16 {
            return Err(inputs.refused(format!("amounts {before} and {after} for an axis of {size}")));
        }
        // Negative amounts cut off.
        let (start, end) = ((-before).max(0), size - (-after).max(0));
        if start >= end {
            return Err(inputs.refused(format!("amounts {before} and {after} for an axis of {size}")));
        }
        let (before, after) = (before.max(0), after.max(0));
        if (start, end) != (0, size) {
            padded = padded.slice(*axis, start as usize, end as usize)?;
        }
        let size = end - start;
        padded = match mode {
            PadMode::Constant => constant(&padded, *axis, before as usize, after as usize, value)?,
            _ if before + after == 0 => padded,
            _ => {
                if mode == PadMode::Reflect && before.max(after) >= size {
                    return Err(inputs.refused(format!("reflected by {} of an axis of {size}", before.max(after))));
                }
                let place = |at: i64| match mode {
                    PadMode::Edge => at.clamp(0, size - 1),
                    PadMode::Wrap => at.rem_euclid(size),
                    _ => (size - 1) - ((size - 1) - at.abs()).abs(),
                } as usize;
                picked(&padded, *axis, &(-before..size + after).map(place).collect::<Vec<_>>())?
            }
        };
    }
    Ok(padded)
}
