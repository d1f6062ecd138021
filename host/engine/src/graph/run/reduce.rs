//! Sums, means, extremes and shares along axes.

use super::elementwise::held;
use super::{Inputs, places};
use crate::graph::array::Kind;
use crate::graph::operator::{Operator, Reduction};
use crate::graph::value::Value;
use crate::{Result, Tensor};

/// The axes that input 1 names, all of them where it names none; none where nothing is to be reduced.
pub(super) fn axes(inputs: &Inputs, rank: usize, empty_is_none: bool) -> Result<Option<Vec<usize>>> {
    match inputs.list(1)?.filter(|list| !list.is_empty()) {
        Some(list) => inputs.axes(&list, rank).map(Some),
        None if empty_is_none => Ok(None),
        None => Ok(Some((0..rank).collect())),
    }
}

pub(super) fn reduce(operator: &Operator, inputs: &Inputs) -> Result<Value> {
    let value = inputs.value(0)?;
    let (x, shape) = (inputs.tensor(0)?, value.shape());
    let rank = shape.len();
    match operator {
        Operator::Softmax { axis, flattened, log } => {
            let (rows, axis) = grouped(inputs, &shape, *axis, *flattened)?;
            let x = x.reshape(&rows)?;
            let made = if *log {
                let shifted = x.subtract(&x.max_along(axis)?.detach()?)?;
                shifted.subtract(&shifted.exponential()?.sum(&[axis])?.logarithm()?)?
            } else {
                x.softmax(axis)?
            };
            Ok(Value::float(made.reshape(&shape)?))
        }
        Operator::Hardmax { axis, flattened } => {
            let (rows, axis) = grouped(inputs, &shape, *axis, *flattened)?;
            let x = x.reshape(&rows)?.detach()?;
            let places = first_largest(&x, axis, false)?;
            let counted = counted(&x, axis)?;
            let off = counted.subtract(&places)?.absolute()?;
            Ok(Value::float(off.affine(-1.0, 1.0)?.clamp(0.0, 1.0)?.reshape(&shape)?))
        }
        Operator::ArgMax { axis, keep, last, smallest } => {
            let axis = inputs.axis(*axis, rank)?;
            let x = x.detach()?;
            let x = if *smallest { x.affine(-1.0, 0.0)? } else { x };
            let places = first_largest(&x, axis, *last)?;
            let made = if *keep { shape_with(&shape, &[axis]) } else { places::without(&shape, &[axis]) };
            let scalar = made.is_empty();
            Ok(held(places.reshape(if scalar { &[1] } else { &made })?, Kind::INT64, scalar))
        }
        Operator::Reduce { how, keep, empty_is_none } => {
            let axes = axes(inputs, rank, *empty_is_none)?;
            let kind = value.kind();
            if kind != Kind::Float && !matches!(how, Reduction::Sum | Reduction::Max | Reduction::Min) {
                return Err(
                    inputs.refused(format!("{kind} that depend on the image, expected numbers with a fraction"))
                );
            }
            let made = match &axes {
                Some(axes) => reduced(*how, &x, axes)?,
                // Each number is reduced by itself.
                None => reduced(*how, &x.reshape(&[&shape[..], &[1]].concat())?, &[rank])?,
            };
            let to = match axes {
                None => shape,
                Some(axes) if *keep => shape_with(&shape, &axes),
                Some(axes) => places::without(&shape, &axes),
            };
            let scalar = to.is_empty();
            Ok(held(made.reshape(if scalar { &[1] } else { &to })?, kind, scalar))
        }
        _ => Err(inputs.refused("no reduction".into())),
    }
}

pub(super) fn global(operator: &Operator, inputs: &Inputs) -> Result<Value> {
    let x = inputs.float(0)?;
    let rank = x.shape().len();
    if rank < 3 {
        return Err(inputs.refused(format!("a value of shape {:?}, expected (N, C, ...)", x.shape())));
    }
    let axes: Vec<usize> = (2..rank).collect();
    let how = if *operator == Operator::GlobalMaxPool { Reduction::Max } else { Reduction::Mean };
    Ok(Value::float(reduced(how, &x, &axes)?))
}

/// `x` reduced along axes, which stay with size 1.
pub(super) fn reduced(how: Reduction, x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let largest = |x: &Tensor| axes.iter().try_fold(x.clone(), |largest, axis| largest.max_along(*axis));
    match how {
        Reduction::Sum => x.sum(axes),
        Reduction::Mean => x.mean(axes),
        Reduction::Max => largest(x),
        Reduction::Min => largest(&x.affine(-1.0, 0.0)?)?.affine(-1.0, 0.0),
        Reduction::L1 => x.absolute()?.sum(axes),
        Reduction::L2 => x.multiply(x)?.sum(axes)?.square_root(),
        Reduction::SumOfSquares => x.multiply(x)?.sum(axes),
        Reduction::LogOfSum => x.sum(axes)?.logarithm(),
        Reduction::LogSumExp => {
            let top = largest(x)?.detach()?;
            x.subtract(&top)?.exponential()?.sum(axes)?.logarithm()?.add(&top)
        }
        Reduction::Product => axes.iter().try_fold(x.clone(), |product, axis| multiplied(&product, *axis)),
    }
}

/// The product along an axis, which stays with size 1: halves by halves, so that a number of 0 keeps its gradient.
fn multiplied(x: &Tensor, axis: usize) -> Result<Tensor> {
    let mut product = x.clone();
    loop {
        let size = product.shape()[axis];
        if size == 1 {
            return Ok(product);
        }
        let half = size / 2;
        let both = product.slice(axis, 0, half)?.multiply(&product.slice(axis, half, 2 * half)?)?;
        product = match size % 2 {
            0 => both,
            _ => Tensor::concatenate(&[both, product.slice(axis, size - 1, size)?], axis)?,
        };
    }
}

/// The shape in which one axis holds what a softmax is taken over. Before operator set 13, all axes from `axis` on are one.
fn grouped(inputs: &Inputs, shape: &[usize], axis: i64, flattened: bool) -> Result<(Vec<usize>, usize)> {
    if flattened {
        return Ok((inputs.flatten(shape, axis)?, 1));
    }
    let axis = inputs.axis(axis, shape.len())?;
    Ok((shape.to_vec(), axis))
}

fn shape_with(shape: &[usize], ones: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| if ones.contains(&axis) { 1 } else { shape[axis] }).collect()
}

/// 0, 1, 2, ... along an axis.
fn counted(x: &Tensor, axis: usize) -> Result<Tensor> {
    let size = x.shape()[axis];
    let mut shape = vec![1; x.shape().len()];
    shape[axis] = size;
    Tensor::from_data(x.device(), &shape, (0..size).map(|at| at as f32).collect())
}

/// The place of the first (or last) largest number along an axis, which stays with size 1.
fn first_largest(x: &Tensor, axis: usize, last: bool) -> Result<Tensor> {
    let top = x.max_along(axis)?;
    let reached = top.greater(x)?.affine(-1.0, 1.0)?;
    let size = x.shape()[axis] as f32;
    let counted = counted(x, axis)?;
    // The largest number of size - place, or of place + 1, over the places that reach the top.
    let rank = if last { counted.affine(1.0, 1.0)? } else { counted.affine(-1.0, size)? };
    let best = rank.multiply(&reached)?.max_along(axis)?;
    if last { best.affine(1.0, -1.0) } else { best.affine(-1.0, size) }
}
