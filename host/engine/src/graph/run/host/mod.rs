//! Operators on arrays of the host: exporters' arithmetic on shapes, and constants that a file computes.

mod arithmetic;
mod moves;

use super::Inputs;
use crate::Result;
use crate::graph::array::{Array, Kind, Numbers, broadcast, broadcast_places, places as places_of, strides};
use crate::graph::operator::{Binary, Operator};
use arithmetic::{elementwise, pair, reduced};
use moves::{counted, flat, joined, one_hot, starts, triangle};

/// More elements than any constant has that is worth keeping.
const MOST: usize = 1 << 28;

/// What an operator makes of arrays; none where a value lies on the device, or the device computes it.
pub(super) fn evaluate(operator: &Operator, inputs: &Inputs) -> Result<Option<Vec<Array>>> {
    // The kind of a second input, and nothing else of it, is used.
    if let Operator::CastLike = operator {
        let kind = inputs.value(1)?.kind();
        return Ok(inputs.value(0)?.as_array().map(|array| vec![cast(array, kind)]));
    }
    let given: Option<Vec<Option<&Array>>> =
        inputs.values.iter().map(|value| value.map_or(Some(None), |value| value.as_array().map(Some))).collect();
    let Some(given) = given else { return Ok(None) };
    let array = |index: usize| -> Result<&Array> {
        given.get(index).copied().flatten().ok_or_else(|| inputs.refused(format!("input {index} is missing")))
    };
    let one = |array: Array| Ok(Some(vec![array]));
    let first = match operator {
        Operator::ConstantOfShape(value) => {
            let shape = sizes(inputs, array(0)?)?;
            let count = bounded(inputs, &shape)?;
            return one(value.pick(shape, std::iter::repeat_n(0, count)));
        }
        Operator::Range => return one(counted(inputs, [array(0)?, array(1)?, array(2)?])?),
        _ => array(0)?,
    };
    let shape = &first.shape;
    match operator {
        Operator::Identity | Operator::Dropout { .. } => one(first.clone()),
        Operator::Cast(kind) => one(cast(first, *kind)),
        Operator::Size => one(Array::whole(Kind::INT64, Vec::new(), vec![first.len() as i64])),
        Operator::Reshape { zero_is_empty } => {
            let wanted = inputs.list(1)?.ok_or_else(|| inputs.refused("the shape is missing".into()))?;
            one(first.reshaped(inputs.reshape(shape, &wanted, *zero_is_empty)?))
        }
        Operator::Flatten { axis } => one(first.reshaped(inputs.flatten(shape, *axis)?)),
        Operator::Squeeze => one(first.reshaped(inputs.squeeze(shape)?)),
        Operator::Unsqueeze => one(first.reshaped(inputs.unsqueeze(shape)?)),
        Operator::Transpose { order } => {
            let order = inputs.order(order.as_ref(), shape.len())?;
            let steps = strides(shape);
            let to = order.iter().map(|axis| shape[*axis]).collect::<Vec<_>>();
            let steps = order.iter().map(|axis| steps[*axis] as isize).collect();
            one(first.pick(to.clone(), places_of(to, steps, 0)))
        }
        Operator::Slice => {
            let (mut to, mut steps) =
                (shape.clone(), strides(shape).iter().map(|step| *step as isize).collect::<Vec<_>>());
            let mut start = 0;
            for taken in inputs.slices(shape)? {
                start += taken.start as isize * steps[taken.axis];
                steps[taken.axis] *= taken.step as isize;
                to[taken.axis] = taken.count;
            }
            one(first.pick(to.clone(), places_of(to, steps, start)))
        }
        Operator::Split { axis, parts } => {
            let axis = inputs.axis(*axis, shape.len())?;
            let steps: Vec<isize> = strides(shape).iter().map(|step| *step as isize).collect();
            let mut start = 0;
            let mut made = Vec::new();
            for size in inputs.parts(shape[axis], *parts)? {
                let mut to = shape.clone();
                to[axis] = size;
                made.push(first.pick(to.clone(), places_of(to, steps.clone(), start * steps[axis])));
                start += size as isize;
            }
            Ok(Some(made))
        }
        Operator::Concat { axis } => one(joined(inputs, &given, *axis)?),
        Operator::Gather { axis } => {
            let axis = inputs.axis(*axis, shape.len())?;
            let list = whole(inputs, array(1)?)?;
            let picked = inputs.places(list, shape[axis])?;
            let (before, after): (usize, usize) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
            let to = [&shape[..axis], &array(1)?.shape, &shape[axis + 1..]].concat();
            bounded(inputs, &to)?;
            let size = shape[axis];
            let at = (0..before).flat_map(|row| {
                picked.iter().flat_map(move |place| (0..after).map(move |column| (row * size + place) * after + column))
            });
            one(first.pick(to, at))
        }
        Operator::GatherElements { axis } => {
            let axis = inputs.axis(*axis, shape.len())?;
            let list = whole(inputs, array(1)?)?;
            let picked = inputs.places(list, shape[axis])?;
            let to = array(1)?.shape.clone();
            if to.len() != shape.len() {
                return Err(inputs.refused(format!("places of shape {to:?} in a value of shape {shape:?}")));
            }
            let mut steps: Vec<isize> = strides(shape).iter().map(|step| *step as isize).collect();
            let along = steps[axis] as usize;
            steps[axis] = 0;
            let starts = places_of(to.clone(), steps, 0);
            one(first.pick(to, starts.zip(picked).map(|(start, place)| start + place * along)))
        }
        Operator::GatherNd => {
            let starts = starts(inputs, shape, array(1)?)?;
            let deep = array(1)?.shape.last().copied().unwrap_or(0);
            let each: usize = shape[deep..].iter().product();
            let rows = array(1)?.shape.split_last().map_or(&[][..], |(_, rows)| rows);
            let to = [rows, &shape[deep..]].concat();
            one(first.pick(to, starts.into_iter().flat_map(|start| start..start + each)))
        }
        Operator::ScatterNd => {
            let starts = starts(inputs, shape, array(1)?)?;
            let deep = array(1)?.shape.last().copied().unwrap_or(0);
            let each: usize = shape[deep..].iter().product();
            let updates = array(2)?;
            if updates.len() != starts.len() * each {
                return Err(inputs.refused(format!("updates of shape {:?}", updates.shape)));
            }
            // Each element: its own place in the data, or behind them its place in the updates.
            let mut at: Vec<usize> = (0..first.len()).collect();
            for (row, start) in starts.into_iter().enumerate() {
                (0..each).for_each(|column| at[start + column] = first.len() + row * each + column);
            }
            let both = joined(inputs, &[Some(&flat(first)), Some(&flat(updates))], 0)?;
            one(both.pick(shape.clone(), at.into_iter()))
        }
        Operator::Expand => {
            let wanted = sizes(inputs, array(1)?)?;
            let to = broadcast(shape, &wanted)
                .ok_or_else(|| inputs.refused(format!("the shape {wanted:?} for a value of shape {shape:?}")))?;
            bounded(inputs, &to)?;
            one(first.pick(to.clone(), broadcast_places(shape, &to)))
        }
        Operator::Tile => {
            let repeats = sizes(inputs, array(1)?)?;
            if repeats.len() != shape.len() {
                return Err(inputs.refused(format!("repeats {repeats:?} for a value of shape {shape:?}")));
            }
            let to: Vec<usize> = shape.iter().zip(&repeats).map(|(size, times)| size * times).collect();
            bounded(inputs, &to)?;
            let steps = strides(shape);
            let at = (0..to.iter().product::<usize>()).map(|mut place| {
                let mut from = 0;
                for axis in (0..to.len()).rev() {
                    from += place % to[axis] % shape[axis] * steps[axis];
                    place /= to[axis];
                }
                from
            });
            one(first.pick(to.clone(), at.collect::<Vec<_>>().into_iter()))
        }
        Operator::OneHot { axis } => one(one_hot(inputs, first, [array(1)?, array(2)?], *axis)?),
        Operator::Trilu { upper } => one(triangle(inputs, first, *upper)?),
        Operator::Where => {
            let (x, y) = (array(1)?, array(2)?);
            let to = broadcast(shape, &x.shape).and_then(|both| broadcast(&both, &y.shape));
            let to = to.ok_or_else(|| inputs.refused("shapes that do not broadcast".into()))?;
            let length = x.len();
            let both = joined(inputs, &[Some(&flat(x)), Some(&flat(y))], 0)?;
            let condition: Vec<bool> = first.to_floats().iter().map(|x| *x != 0.0).collect();
            let at = broadcast_places(shape, &to)
                .zip(broadcast_places(&x.shape, &to))
                .zip(broadcast_places(&y.shape, &to))
                .map(|((c, x), y)| if condition[c] { x } else { length + y });
            one(both.pick(to.clone(), at.collect::<Vec<_>>().into_iter()))
        }
        Operator::Elementwise(function) => Ok(elementwise(*function, first).map(|array| vec![array])),
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Binary(_) => {
            let mut made = first.clone();
            for index in 1..given.len() {
                made = pair(operator, &made, array(index)?, inputs)?;
            }
            if let (Operator::Binary(Binary::Mean), Numbers::Floats(data)) = (operator, &mut made.numbers) {
                data.iter_mut().for_each(|x| *x /= given.len() as f32);
            }
            one(made)
        }
        Operator::Reduce { how, keep, empty_is_none } => reduced(inputs, first, *how, *keep, *empty_is_none),
        _ => Ok(None),
    }
}

/// The numbers as another kind: fractions are cut off, and whole numbers wrap around.
pub(super) fn cast(array: &Array, kind: Kind) -> Array {
    let wrapped = |x: i64| match kind {
        Kind::Bool => i64::from(x != 0),
        Kind::Whole { bits, signed } if bits < 64 => {
            let low = x & ((1 << bits) - 1);
            if signed && low >= 1 << (bits - 1) { low - (1 << bits) } else { low }
        }
        _ => x,
    };
    let shape = array.shape.clone();
    match (&array.numbers, kind) {
        (Numbers::Floats(_), Kind::Float) => array.clone(),
        (Numbers::Whole(data), Kind::Float) => Array::floats(shape, data.iter().map(|x| *x as f32).collect()),
        (Numbers::Floats(data), Kind::Bool) => {
            Array::whole(kind, shape, data.iter().map(|x| i64::from(*x != 0.0)).collect())
        }
        (Numbers::Floats(data), _) => Array::whole(kind, shape, data.iter().map(|x| wrapped(*x as i64)).collect()),
        (Numbers::Whole(data), _) => Array::whole(kind, shape, data.iter().map(|x| wrapped(*x)).collect()),
    }
}

fn whole<'a>(inputs: &Inputs, array: &'a Array) -> Result<&'a [i64]> {
    array.as_whole().ok_or_else(|| inputs.refused(format!("{} where whole numbers are needed", array.kind)))
}

fn sizes(inputs: &Inputs, array: &Array) -> Result<Vec<usize>> {
    let list = whole(inputs, array)?;
    list.iter().map(|size| usize::try_from(*size).map_err(|_| inputs.refused(format!("sizes {list:?}")))).collect()
}

fn bounded(inputs: &Inputs, shape: &[usize]) -> Result<usize> {
    let count = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    count
        .filter(|count| *count <= MOST)
        .ok_or_else(|| inputs.refused(format!("a constant of shape {shape:?}, expected at most {MOST} elements")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_few_bits_wrap_around() {
        let array = Array::floats(vec![3], vec![-1.5, 200.9, 300.0]);
        let bytes = cast(&array, Kind::UINT8);
        assert_eq!(bytes.as_whole(), Some(&[255, 200, 44][..]));
        let signed = cast(&bytes, Kind::Whole { bits: 8, signed: true });
        assert_eq!(signed.as_whole(), Some(&[-1, -56, 44][..]));
    }
}
