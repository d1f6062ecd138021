//! Numbers put on a scale of whole numbers, and taken off it. Neither has a useful gradient.

use super::Inputs;
use crate::graph::array::Kind;
use crate::graph::operator::Operator;
use crate::graph::value::Value;
use crate::{Result, Tensor};
use burn::backend::Dispatch;
use burn::backend::ops::FloatTensorOps;

pub(super) fn quantize(operator: &Operator, inputs: &Inputs) -> Result<Vec<Value>> {
    let value = inputs.value(0)?;
    let (x, scalar) = (inputs.tensor(0)?, value.shape().is_empty());
    match operator {
        Operator::Quantize { axis, kind } => {
            let scale = aligned(inputs, 1, *axis)?;
            let kind = inputs.get(2).map(Value::kind).or(*kind).unwrap_or(Kind::UINT8);
            let [low, high] = kind.range();
            let x = x.detach()?.divide(&scale)?;
            let mut made = x.like(Dispatch::float_round(x.primitive()));
            if inputs.get(2).is_some() {
                made = made.add(&aligned(inputs, 2, *axis)?)?;
            }
            Ok(vec![super::elementwise::held(made.clamp(low as f32, high as f32)?, kind, scalar)])
        }
        Operator::Dequantize { axis } => {
            let scale = aligned(inputs, 1, *axis)?;
            let mut x = x;
            if inputs.get(2).is_some() {
                x = x.subtract(&aligned(inputs, 2, *axis)?)?;
            }
            Ok(vec![super::elementwise::held(x.multiply(&scale)?, Kind::Float, scalar)])
        }
        Operator::DynamicQuantize => {
            // ONNX: the range of the numbers and 0 is laid over 0 to 255.
            let numbers = x.detach()?;
            let all: Vec<usize> = (0..numbers.shape().len()).collect();
            let extreme = |x: &Tensor| -> Result<Tensor> {
                let largest = all.iter().try_fold(x.clone(), |largest, axis| largest.max_along(*axis))?;
                largest.reshape(&[1])?.clamp(0.0, f32::MAX)
            };
            let (high, low) = (extreme(&numbers)?, extreme(&numbers.affine(-1.0, 0.0)?)?);
            let scale = high.add(&low)?.affine(1.0 / 255.0, 0.0)?;
            let zero = low.divide(&scale)?;
            let zero = zero.like(Dispatch::float_round(zero.primitive())).clamp(0.0, 255.0)?;
            let made = numbers.divide(&scale)?;
            let made = made.like(Dispatch::float_round(made.primitive())).add(&zero)?.clamp(0.0, 255.0)?;
            let one = |tensor, kind| super::elementwise::held(tensor, kind, true);
            Ok(vec![
                super::elementwise::held(made, Kind::UINT8, scalar),
                one(scale, Kind::Float),
                one(zero, Kind::UINT8),
            ])
        }
        _ => Err(inputs.refused("no scale of whole numbers".into())),
    }
}

/// A scale or zero point: one number, or one for each place of an axis of the first input.
fn aligned(inputs: &Inputs, index: usize, axis: i64) -> Result<Tensor> {
    let given = inputs.tensor(index)?;
    let (count, shape) = (given.elements(), inputs.value(0)?.shape());
    if count == 1 {
        return given.reshape(&[1]);
    }
    let axis = inputs.axis(axis, shape.len())?;
    if shape[axis] != count || given.shape().len() != 1 {
        return Err(inputs.refused(format!(
            "input {index} of shape {:?} for an axis of {}",
            given.shape(),
            shape[axis]
        )));
    }
    let mut to = vec![1; shape.len()];
    to[axis] = count;
    given.reshape(&to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;
    use crate::graph::Array;
    use crate::graph::Node;

    /// The example of ONNX's documentation of `DynamicQuantizeLinear`.
    #[test]
    fn the_range_of_numbers_is_laid_over_a_byte() {
        let node = Node {
            name: "scale".into(),
            operator: Operator::DynamicQuantize,
            inputs: vec!["x".into()],
            outputs: vec![String::new(); 3],
        };
        let x = Array::floats(vec![6], vec![0.0, 2.0, -3.0, -2.5, 1.34, 0.5]);
        let made = super::super::fold(&node, &[Some(&x)], &Device::cpu()).unwrap();
        assert_eq!(made[0].as_whole(), Some(&[153, 255, 0, 26, 221, 179][..]));
        assert_eq!(made[2].as_whole(), Some(&[153][..]));
    }
}
