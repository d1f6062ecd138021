//! Functions of each number, of two numbers, and of all numbers along axes.

use super::{bounded, cast};
use crate::Result;
use crate::graph::array::{Array, Kind, Numbers, broadcast, broadcast_places, places as places_of, strides};
use crate::graph::operator::{Binary, Elementwise, Operator, Reduction};
use crate::graph::run::{Inputs, places, reduce};

pub(super) fn elementwise(function: Elementwise, array: &Array) -> Option<Array> {
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
pub(super) fn pair(operator: &Operator, left: &Array, right: &Array, inputs: &Inputs) -> Result<Array> {
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
pub(super) fn reduced(
    inputs: &Inputs,
    array: &Array,
    how: Reduction,
    keep: bool,
    empty_is_none: bool,
) -> Result<Option<Vec<Array>>> {
    let rank = array.shape.len();
    let Some(axes) = reduce::axes(inputs, rank, empty_is_none)? else {
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
