//! Operators on arrays of the host: exporters' arithmetic on shapes, and constants that a file computes.

use super::{Inputs, places};
use crate::Result;
use crate::graph::array::{Array, Kind, Numbers, broadcast, broadcast_places, places as places_of, strides};
use crate::graph::operator::{Binary, Elementwise, Operator, Reduction};

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

fn flat(array: &Array) -> Array {
    array.reshaped(vec![array.len()])
}

fn counted(inputs: &Inputs, [start, limit, step]: [&Array; 3]) -> Result<Array> {
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

fn joined(inputs: &Inputs, given: &[Option<&Array>], axis: i64) -> Result<Array> {
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
fn starts(inputs: &Inputs, shape: &[usize], list: &Array) -> Result<Vec<usize>> {
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

fn triangle(inputs: &Inputs, array: &Array, upper: bool) -> Result<Array> {
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

fn elementwise(function: Elementwise, array: &Array) -> Option<Array> {
    let numbers = match (&array.numbers, function) {
        (Numbers::Whole(data), Elementwise::Abs) => Numbers::Whole(data.iter().map(|x| x.wrapping_abs()).collect()),
        (Numbers::Whole(data), Elementwise::Neg) => Numbers::Whole(data.iter().map(|x| x.wrapping_neg()).collect()),
        (Numbers::Whole(data), Elementwise::Sign) => Numbers::Whole(data.iter().map(|x| x.signum()).collect()),
        (Numbers::Whole(data), Elementwise::Not) => Numbers::Whole(data.iter().map(|x| i64::from(*x == 0)).collect()),
        (Numbers::Floats(data), function) => {
            let of = |x: &f32| match function {
                Elementwise::Abs => Some(x.abs()),
                Elementwise::Neg => Some(-x),
                Elementwise::Floor => Some(x.floor()),
                Elementwise::Ceil => Some(x.ceil()),
                Elementwise::Round => Some(x.round_ties_even()),
                Elementwise::Sqrt => Some(x.sqrt()),
                Elementwise::Reciprocal => Some(1.0 / x),
                Elementwise::Exp => Some(f64::from(*x).exp() as f32),
                Elementwise::Log => Some(f64::from(*x).ln() as f32),
                _ => None,
            };
            Numbers::Floats(data.iter().map(of).collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Some(Array { numbers, ..array.clone() })
}

/// Arithmetic and comparisons at the same place; shapes broadcast.
fn pair(operator: &Operator, left: &Array, right: &Array, inputs: &Inputs) -> Result<Array> {
    let shape = broadcast(&left.shape, &right.shape).ok_or_else(|| {
        inputs.refused(format!("shapes {:?} and {:?}, which do not broadcast", left.shape, right.shape))
    })?;
    bounded(inputs, &shape)?;
    let places = || broadcast_places(&left.shape, &shape).zip(broadcast_places(&right.shape, &shape));
    let compared = |holds: &dyn Fn(std::cmp::Ordering) -> bool| -> Vec<i64> {
        let one = |(a, b): (usize, usize)| match (&left.numbers, &right.numbers) {
            (Numbers::Whole(x), Numbers::Whole(y)) => holds(x[a].cmp(&y[b])),
            (Numbers::Floats(x), Numbers::Floats(y)) => x[a].partial_cmp(&y[b]).is_some_and(holds),
            _ => false,
        };
        places().map(|places| i64::from(one(places))).collect()
    };
    use std::cmp::Ordering::{Equal, Greater, Less};
    let mixed = left.as_whole().is_some() != right.as_whole().is_some();
    if let (Operator::Binary(Binary::Power), Numbers::Floats(x)) = (operator, &left.numbers) {
        let y = right.to_floats();
        let data = places().map(|(a, b)| f64::from(x[a]).powf(f64::from(y[b])) as f32).collect();
        return Ok(Array::floats(shape, data));
    }
    if mixed {
        return Err(inputs.refused(format!("{} and {}", left.kind, right.kind)));
    }
    let truth = |data| Ok(Array::whole(Kind::Bool, shape.clone(), data));
    if let Operator::Binary(binary) = operator {
        match binary {
            Binary::Equal => return truth(compared(&|order| order == Equal)),
            Binary::Less => return truth(compared(&|order| order == Less)),
            Binary::Greater => return truth(compared(&|order| order == Greater)),
            Binary::LessOrEqual => return truth(compared(&|order| order != Greater)),
            Binary::GreaterOrEqual => return truth(compared(&|order| order != Less)),
            _ => {}
        }
    }
    match (&left.numbers, &right.numbers) {
        (Numbers::Floats(x), Numbers::Floats(y)) => {
            let of = |a: f32, b: f32| match operator {
                Operator::Add | Operator::Binary(Binary::Mean) => Some(a + b),
                Operator::Subtract => Some(a - b),
                Operator::Multiply => Some(a * b),
                Operator::Divide => Some(a / b),
                Operator::Binary(Binary::Minimum) => Some(if a.is_nan() || a < b { a } else { b }),
                Operator::Binary(Binary::Maximum) => Some(if a.is_nan() || a > b { a } else { b }),
                Operator::Binary(Binary::Modulo(true)) => Some(a % b),
                Operator::Binary(Binary::Modulo(false)) => {
                    let rest = a % b;
                    Some(if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest })
                }
                _ => None,
            };
            let data: Option<Vec<f32>> = places().map(|(a, b)| of(x[a], y[b])).collect();
            let data = data.ok_or_else(|| inputs.refused("numbers with a fraction, expected whole ones".into()))?;
            Ok(Array::floats(shape, data))
        }
        (Numbers::Whole(x), Numbers::Whole(y)) => {
            let of = |a: i64, b: i64| match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                Operator::Divide => a.checked_div(b),
                Operator::Binary(Binary::Power) => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
                Operator::Binary(Binary::Minimum) => Some(a.min(b)),
                Operator::Binary(Binary::Maximum) => Some(a.max(b)),
                Operator::Binary(Binary::And) => Some(i64::from(a != 0 && b != 0)),
                Operator::Binary(Binary::Or) => Some(i64::from(a != 0 || b != 0)),
                Operator::Binary(Binary::Xor) => Some(i64::from((a != 0) != (b != 0))),
                Operator::Binary(Binary::Modulo(true)) => a.checked_rem(b),
                Operator::Binary(Binary::Modulo(false)) => {
                    a.checked_rem(b).map(|rest| if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
                }
                _ => None,
            };
            let one = |(a, b): (usize, usize)| {
                of(x[a], y[b]).ok_or_else(|| inputs.refused(format!("cannot compute with {} and {}", x[a], y[b])))
            };
            let array = Array::whole(left.kind, shape.clone(), places().map(one).collect::<Result<_>>()?);
            // Numbers of few bits wrap around.
            Ok(cast(&array, left.kind))
        }
        _ => Err(inputs.refused(format!("{} and {}", left.kind, right.kind))),
    }
}

/// Sums, products and extremes of whole numbers; numbers with a fraction are the device's.
fn reduced(
    inputs: &Inputs,
    array: &Array,
    how: Reduction,
    keep: bool,
    empty_is_none: bool,
) -> Result<Option<Vec<Array>>> {
    let rank = array.shape.len();
    let Some(axes) = super::reduce::axes(inputs, rank, empty_is_none)? else {
        return Ok(matches!(
            how,
            Reduction::Sum | Reduction::Mean | Reduction::Max | Reduction::Min | Reduction::Product
        )
        .then(|| vec![array.clone()]));
    };
    let product_of_fractions = how == Reduction::Product && array.kind == Kind::Float;
    if array.as_whole().is_none() && !product_of_fractions {
        return Ok(None);
    }
    let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    let steps = strides(&array.shape);
    let of = |axes: &[usize]| {
        let shape: Vec<usize> = axes.iter().map(|axis| array.shape[*axis]).collect();
        let steps = axes.iter().map(|axis| steps[*axis] as isize).collect();
        places_of(shape, steps, 0).collect::<Vec<_>>()
    };
    let (starts, within) = (of(&kept), of(&axes));
    let numbers = match &array.numbers {
        Numbers::Floats(data) => Numbers::Floats(
            starts.iter().map(|start| within.iter().map(|at| data[start + at]).product::<f32>()).collect(),
        ),
        Numbers::Whole(data) => {
            let one = |start: &usize| {
                let mut list = within.iter().map(|at| data[start + at]);
                match how {
                    Reduction::Sum => list.try_fold(0_i64, i64::checked_add),
                    Reduction::Product => list.try_fold(1_i64, i64::checked_mul),
                    Reduction::Max => list.max(),
                    Reduction::Min => list.min(),
                    _ => None,
                }
            };
            let made: Option<Vec<i64>> = starts.iter().map(one).collect();
            Numbers::Whole(made.ok_or_else(|| inputs.refused(format!("cannot be computed of {}", array.kind)))?)
        }
    };
    let shape = match keep {
        true => (0..rank).map(|axis| if axes.contains(&axis) { 1 } else { array.shape[axis] }).collect(),
        false => places::without(&array.shape, &axes),
    };
    Ok(Some(vec![Array { kind: array.kind, shape, numbers }]))
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
