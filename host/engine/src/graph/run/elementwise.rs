//! Functions of each number, and of two numbers at the same place.

use super::{Inputs, Value};
use crate::graph::array::{Array, Kind, broadcast};
use crate::graph::operator::{Binary, Elementwise, Operator};
use crate::graph::value::Held;
use crate::kernels::{FrozenOps, Nonlinearity};
use crate::{Result, Tensor};
use burn::backend::Dispatch;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::BoolDType;

pub(super) fn activated(x: &Tensor, function: Nonlinearity) -> Tensor {
    x.like(Dispatch::nonlinearity(x.primitive(), function))
}

/// What `function` makes of the first input.
pub(super) fn one(function: Elementwise, inputs: &Inputs) -> Result<Value> {
    let value = inputs.value(0)?;
    let x = value.on(inputs.device)?;
    let like = |primitive| x.like(primitive);
    let made = match function {
        Elementwise::Abs => x.absolute()?,
        Elementwise::Neg => x.affine(-1.0, 0.0)?,
        Elementwise::Exp => x.exponential()?,
        Elementwise::Log => x.logarithm()?,
        Elementwise::Sqrt => x.square_root()?,
        Elementwise::Reciprocal => like(Dispatch::float_recip(x.primitive())),
        Elementwise::Erf => like(Dispatch::float_erf(x.primitive())),
        Elementwise::Sin => like(Dispatch::float_sin(x.primitive())),
        Elementwise::Cos => like(Dispatch::float_cos(x.primitive())),
        Elementwise::Floor => like(Dispatch::float_floor(x.primitive())),
        Elementwise::Ceil => like(Dispatch::float_ceil(x.primitive())),
        Elementwise::Round => like(Dispatch::float_round(x.primitive())),
        Elementwise::Sign => like(Dispatch::float_sign(x.primitive())),
        Elementwise::Not => x.affine(-1.0, 1.0)?,
    };
    Ok(held(made, value.kind(), value.shape().is_empty()))
}

/// The limits as inputs 1 and 2.
pub(super) fn clip(inputs: &Inputs) -> Result<Value> {
    let limit = |index: usize| Ok(inputs.known(index)?.and_then(|list| list.first().copied()));
    let low = limit(1)?.unwrap_or(f32::MIN).max(f32::MIN);
    let high = limit(2)?.unwrap_or(f32::MAX).min(f32::MAX);
    if low.is_nan() || high.is_nan() {
        return Err(inputs.refused(format!("limits {low} and {high}, expected numbers")));
    }
    let x = inputs.value(0)?;
    // ONNX: with the lower limit above the upper one, every number becomes the upper one.
    let low = low.min(high);
    Ok(held(activated(&x.on(inputs.device)?, Nonlinearity::Clip { low, high }), x.kind(), x.shape().is_empty()))
}

pub(super) fn prelu(inputs: &Inputs) -> Result<Value> {
    let (x, slope) = (inputs.float(0)?, inputs.float(1)?);
    // relu(x) - slope relu(-x): the slope of what is below 0, and none at 0, as in PyTorch.
    let below = x.affine(-1.0, 0.0)?.relu()?.multiply(&slope)?;
    Ok(Value::float(x.relu()?.subtract(&below)?))
}

/// Arithmetic and comparisons of two inputs; of some operators, of any number of them.
pub(super) fn several(operator: &Operator, inputs: &Inputs) -> Result<Value> {
    let count = inputs.values.len();
    let first = inputs.value(0)?;
    let kinds = (0..count).map(|index| inputs.value(index).map(Value::kind)).collect::<Result<Vec<_>>>()?;
    let compares = matches!(operator, Operator::Binary(binary) if binary.compares());
    let kind = if compares { Kind::Bool } else { first.kind() };
    let fraction =
        matches!(operator, Operator::Divide | Operator::Binary(Binary::Power | Binary::Mean | Binary::Modulo(_)));
    if kinds[0] != Kind::Float && fraction {
        return Err(inputs.refused(format!("{} that depend on the image, expected numbers with a fraction", kinds[0])));
    }
    let mut made = inputs.tensor(0)?;
    let mut scalar = first.shape().is_empty();
    if let Operator::Binary(Binary::Power) = operator {
        return Ok(held(power(&made, inputs)?, kind, scalar && inputs.value(1)?.shape().is_empty()));
    }
    for index in 1..count {
        let (other, shape) = (inputs.tensor(index)?, inputs.value(index)?.shape());
        scalar &= shape.is_empty();
        if broadcast(&made.shape(), &other.shape()).is_none() {
            return Err(inputs.refused(format!(
                "shapes {:?} and {:?}, which do not broadcast",
                made.shape(),
                other.shape()
            )));
        }
        made = match operator {
            Operator::Add | Operator::Binary(Binary::Mean) => made.add(&other)?,
            Operator::Subtract => made.subtract(&other)?,
            Operator::Multiply => made.multiply(&other)?,
            Operator::Divide => made.divide(&other)?,
            Operator::Binary(binary) => two(*binary, &made, &other, inputs)?,
            _ => return Err(inputs.refused("no operator of two numbers".into())),
        };
    }
    if let Operator::Binary(Binary::Mean) = operator {
        made = made.affine(1.0 / count as f32, 0.0)?;
    }
    Ok(held(made, kind, scalar))
}

/// Booleans are 0 and 1. Made by arithmetic: not every GPU can store booleans.
fn two(binary: Binary, x: &Tensor, y: &Tensor, inputs: &Inputs) -> Result<Tensor> {
    let not = |x: Tensor| x.affine(-1.0, 1.0);
    match binary {
        Binary::Greater => x.greater(y),
        Binary::Less => y.greater(x),
        Binary::LessOrEqual => not(x.greater(y)?),
        Binary::GreaterOrEqual => not(y.greater(x)?),
        Binary::Equal => not(x.greater(y)?.add(&y.greater(x)?)?),
        Binary::And => x.multiply(y),
        Binary::Or => not(not(x.clone())?.multiply(&not(y.clone())?)?),
        Binary::Xor => x.subtract(y)?.absolute(),
        // The larger one and its gradient, exactly; where both are equal each has half of it, as in PyTorch.
        Binary::Maximum => mixed(&share(x, y)?, x, y),
        Binary::Minimum => mixed(&share(y, x)?, x, y),
        Binary::Modulo(as_in_c) => {
            if !y.is_finite()? {
                return Err(inputs.refused("a remainder of a division by what is not finite".into()));
            }
            let ratio = x.divide(y)?.detach()?;
            let whole = match as_in_c {
                true => ratio.like(Dispatch::float_trunc(ratio.primitive())),
                false => ratio.like(Dispatch::float_floor(ratio.primitive())),
            };
            x.subtract(&whole.multiply(y)?)
        }
        Binary::Power | Binary::Mean => Err(inputs.refused("no operator of two numbers".into())),
    }
}

/// 1 where x is the larger one, 0 where y is, 1/2 where they are equal.
fn share(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    x.greater(y)?.add(&y.greater(x)?.affine(-1.0, 1.0)?)?.affine(0.5, 0.0)
}

/// share x + (1 - share) y.
fn mixed(share: &Tensor, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    x.multiply(share)?.add(&y.multiply(&share.affine(-1.0, 1.0)?)?)
}

fn power(x: &Tensor, inputs: &Inputs) -> Result<Tensor> {
    let exponents = inputs.value(1)?.as_array().map(Array::to_floats);
    let same = exponents.as_deref().and_then(|list| list.first().filter(|first| list.iter().all(|x| x == *first)));
    let single = inputs.value(1)?.shape().iter().all(|size| *size == 1);
    match same.filter(|_| single) {
        Some(0.5) => x.square_root(),
        Some(1.0) => Ok(x.clone()),
        Some(2.0) => x.multiply(x),
        Some(3.0) => x.multiply(x)?.multiply(x),
        Some(-1.0) => Ok(x.like(Dispatch::float_recip(x.primitive()))),
        Some(exponent) => x.power(*exponent),
        None => {
            let exponents = inputs.tensor(1)?;
            let shape = broadcast(&x.shape(), &exponents.shape())
                .ok_or_else(|| inputs.refused(format!("shapes {:?} and {:?}", x.shape(), exponents.shape())))?;
            let (x, exponents) = (super::shape::expanded(x, &shape)?, super::shape::expanded(&exponents, &shape)?);
            Ok(x.like(Dispatch::float_powf(x.primitive(), exponents.primitive())))
        }
    }
}

/// Inputs condition, x, y. A GPU may not be able to store booleans: what is not chosen counts 0 times there, so an infinite
/// constant is replaced by the largest number.
pub(super) fn choose(inputs: &Inputs) -> Result<Value> {
    let condition = inputs.tensor(0)?;
    let finite = |index: usize| -> Result<Tensor> {
        match inputs.value(index)? {
            Value::Array(shared) => {
                let array = &shared.array;
                let data = array.to_floats().into_iter().map(|x| x.clamp(f32::MIN, f32::MAX)).collect();
                let shape = if array.shape.is_empty() { vec![1] } else { array.shape.clone() };
                Tensor::from_data(inputs.device, &shape, data)
            }
            Value::Tensor(held) => Ok(held.tensor.clone()),
        }
    };
    let scalar = (0..3).map(|index| Ok(inputs.value(index)?.shape().is_empty())).collect::<Result<Vec<_>>>()?;
    let made = if inputs.device.is_cpu() {
        let (x, y) = (inputs.tensor(1)?, inputs.tensor(2)?);
        let shape = broadcast(&condition.shape(), &x.shape()).and_then(|both| broadcast(&both, &y.shape()));
        let shape = shape.ok_or_else(|| inputs.refused("shapes that do not broadcast".into()))?;
        let [condition, x, y] = [condition.detach()?, x, y].map(|tensor| super::shape::expanded(&tensor, &shape));
        let chosen = Dispatch::float_greater_elem(condition?.primitive(), 0.5.into(), BoolDType::Native);
        let (x, y) = (x?, y?);
        x.like(Dispatch::float_mask_where(y.primitive(), chosen, x.primitive()))
    } else {
        mixed(&condition.detach()?, &finite(1)?, &finite(2)?)?
    };
    Ok(held(made, inputs.value(1)?.kind(), scalar.iter().all(|scalar| *scalar)))
}

/// A value on the device.
pub(super) fn held(tensor: Tensor, kind: Kind, scalar: bool) -> Value {
    Value::Tensor(Held { tensor, kind, scalar })
}
