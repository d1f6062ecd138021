//! Numbers put elsewhere: joined, cut out by places, counted up.

use super::{bounded, whole};
use crate::Result;
use crate::graph::array::{Array, Numbers, strides};
use crate::graph::run::{Inputs, places};

pub(super) fn flat(array: &Array) -> Array {
    array.reshaped(vec![array.len()])
}

pub(super) fn counted(inputs: &Inputs, [start, limit, step]: [&Array; 3]) -> Result<Array> {
    let missing = || inputs.refused("start, limit and step, expected one number each".into());
    if let (Some(start), Some(limit), Some(step)) = (start.as_whole(), limit.as_whole(), step.as_whole()) {
        let [Some(start), Some(limit), Some(step)] = [start.first(), limit.first(), step.first()] else {
            return Err(missing());
        };
        if *step == 0 {
            return Err(inputs.refused("a step of 0".into()));
        }
        let count = ((*limit as f64 - *start as f64) / *step as f64).ceil().max(0.0) as usize;
        bounded(inputs, &[count])?;
        return Ok(Array::list((0..count as i64).map(|index| start + index * step).collect()));
    }
    let number = |array: &Array| array.to_floats().first().map(|x| f64::from(*x)).ok_or_else(missing);
    let [start, limit, step] = [number(start)?, number(limit)?, number(step)?];
    let count = ((limit - start) / step).ceil().max(0.0) as usize;
    bounded(inputs, &[count])?;
    Ok(Array::floats(vec![count], (0..count).map(|index| (start + index as f64 * step) as f32).collect()))
}

pub(super) fn joined(inputs: &Inputs, given: &[Option<&Array>], axis: i64) -> Result<Array> {
    let parts: Vec<&Array> = given.iter().copied().flatten().collect();
    let Some(first) = parts.first() else { return Err(inputs.refused("nothing to join".into())) };
    let axis = inputs.axis(axis, first.shape.len())?;
    let mut shape = first.shape.clone();
    shape[axis] = 0;
    for part in &parts {
        let fits = part.shape.len() == shape.len()
            && part.kind == first.kind
            && (0..shape.len()).all(|other| other == axis || part.shape[other] == first.shape[other]);
        if !fits {
            return Err(inputs.refused(format!(
                "{} of shape {:?} beside {} of shape {:?}",
                part.kind, part.shape, first.kind, first.shape
            )));
        }
        shape[axis] += part.shape[axis];
    }
    let rows: usize = shape[..axis].iter().product();
    let after: usize = shape[axis + 1..].iter().product();
    fn gather<T: Copy>(parts: &[&[T]], widths: &[usize], rows: usize) -> Vec<T> {
        let row = |row: usize| {
            parts.iter().zip(widths).flat_map(move |(part, width)| part[row * width..][..*width].iter().copied())
        };
        (0..rows).flat_map(row).collect()
    }
    let widths: Vec<usize> = parts.iter().map(|part| part.shape[axis] * after).collect();
    let numbers = match &first.numbers {
        Numbers::Whole(_) => {
            let data: Vec<&[i64]> = parts.iter().filter_map(|part| part.as_whole()).collect();
            Numbers::Whole(gather(&data, &widths, rows))
        }
        Numbers::Floats(_) => {
            let data = parts.iter().map(|part| part.as_floats("part")).collect::<Result<Vec<_>>>()?;
            Numbers::Floats(gather(&data, &widths, rows))
        }
    };
    Ok(Array { kind: first.kind, shape, numbers })
}

/// Where the slices begin that the last axis of `list` names.
pub(super) fn starts(inputs: &Inputs, shape: &[usize], list: &Array) -> Result<Vec<usize>> {
    let deep = list.shape.last().copied().unwrap_or(0);
    if deep == 0 || deep > shape.len() {
        return Err(inputs.refused(format!("places of shape {:?} in a value of shape {shape:?}", list.shape)));
    }
    let steps = strides(shape);
    whole(inputs, list)?
        .chunks(deep)
        .map(|place| {
            let one = |(axis, at): (usize, &i64)| {
                places::resolved(*at, shape[axis])
                    .map(|at| at * steps[axis])
                    .ok_or_else(|| inputs.refused(format!("place {place:?} in a value of shape {shape:?}")))
            };
            place.iter().enumerate().map(one).sum()
        })
        .collect()
}

pub(super) fn triangle(inputs: &Inputs, array: &Array, upper: bool) -> Result<Array> {
    let &[.., rows, columns] = array.shape.as_slice() else {
        return Err(inputs.refused(format!("a value of shape {:?}, expected matrices", array.shape)));
    };
    let shift = inputs.list(1)?.and_then(|list| list.first().copied()).unwrap_or(0);
    let keeps = |at: usize| {
        let (row, column) = ((at / columns % rows) as i64, (at % columns) as i64);
        if upper { column >= row + shift } else { column <= row + shift }
    };
    let numbers = match &array.numbers {
        Numbers::Floats(data) => {
            Numbers::Floats(data.iter().enumerate().map(|(at, x)| if keeps(at) { *x } else { 0.0 }).collect())
        }
        Numbers::Whole(data) => {
            Numbers::Whole(data.iter().enumerate().map(|(at, x)| if keeps(at) { *x } else { 0 }).collect())
        }
    };
    Ok(Array { numbers, ..array.clone() })
}

/// The second of two values where an index is, along a new axis of `depth` elements; negative indices count from the end.
pub(super) fn one_hot(inputs: &Inputs, indices: &Array, [depth, values]: [&Array; 2], axis: i64) -> Result<Array> {
    let depth = depth.to_floats().first().copied().filter(|depth| *depth >= 1.0).unwrap_or_default() as usize;
    if values.len() != 2 || depth == 0 {
        return Err(inputs
            .refused(format!("{} values for a depth of {depth}, expected two for one of 1 or more", values.len())));
    }
    let axis = inputs.axis(axis, indices.shape.len() + 1)?;
    let mut shape = indices.shape.clone();
    shape.insert(axis, depth);
    bounded(inputs, &shape)?;
    let after: usize = indices.shape[axis..].iter().product();
    let numbers = indices.to_floats();
    let place = |at: usize| {
        let (column, level, row) = (at % after, at / after % depth, at / after / depth);
        let index = numbers[row * after + column];
        let index = if index < 0.0 { index + depth as f32 } else { index };
        usize::from(index == level as f32)
    };
    Ok(values.pick(shape.clone(), (0..shape.iter().product()).map(place)))
}
