//! Features brought to mean 0 and variance 1, or to a norm of 1.

use super::{Inputs, shape};
use crate::graph::operator::{Normalized, Operator};
use crate::{Result, Tensor};

/// The result; of a layer's norm also the mean and 1 / deviation.
pub(super) fn normalize(operator: &Operator, inputs: &Inputs) -> Result<Vec<Tensor>> {
    let x = inputs.float(0)?;
    let shape = x.shape();
    let made = match operator {
        Operator::Normalize { over: Normalized::Layer { axis, centred }, epsilon } => {
            let from = inputs.axis(*axis, shape.len())?;
            let axes: Vec<usize> = (from..shape.len()).collect();
            let mean = x.mean(&axes)?;
            let (made, deviation) = standardised(&x, &axes, *epsilon, *centred)?;
            let made = made.multiply(&inputs.float(1)?)?;
            let made = match inputs.get(2) {
                Some(_) => made.add(&inputs.float(2)?)?,
                None => made,
            };
            return Ok(vec![made, mean, deviation.power(-1.0)?]);
        }
        Operator::Normalize { over, epsilon } => {
            let (channels, groups) = match (over, shape.as_slice()) {
                (Normalized::Group { groups, .. }, [_, channels, ..]) if channels % groups == 0 => (*channels, *groups),
                (Normalized::Instance, [_, channels, _, ..]) => (*channels, *channels),
                _ => {
                    return Err(
                        inputs.refused(format!("a value of shape {shape:?}, expected (N, C, ...) in equal groups"))
                    );
                }
            };
            let pixels = shape[2..].iter().product::<usize>();
            let grouped = x.reshape(&[shape[0], groups, channels / groups * pixels])?;
            let (grouped, _) = standardised(&grouped, &[2], *epsilon, true)?;
            let by_group = matches!(over, Normalized::Group { by_group: true, .. });
            // Scale and bias for each group, or for each channel.
            let (parts, each) = if by_group { (groups, channels / groups * pixels) } else { (channels, pixels) };
            let mut made = grouped.reshape(&[shape[0], parts, each])?;
            for (index, scales) in [(1, true), (2, false)] {
                let given = inputs.float(index)?;
                if given.elements() != parts {
                    return Err(
                        inputs.refused(format!("input {index} has {} numbers, expected {parts}", given.elements()))
                    );
                }
                let given = given.reshape(&[1, parts, 1])?;
                made = if scales { made.multiply(&given)? } else { made.add(&given)? };
            }
            made.reshape(&shape)?
        }
        Operator::LpNorm { axis, order } => {
            let axis = inputs.axis(*axis, shape.len())?;
            let norm = match order {
                1 => x.absolute()?.sum(&[axis])?,
                _ => x.multiply(&x)?.sum(&[axis])?.square_root()?,
            };
            // What is 0 everywhere stays 0.
            let zero = Tensor::full(inputs.device, &[1], 0.0)?;
            let empty = norm.greater(&zero)?.affine(-1.0, 1.0)?;
            x.divide(&norm.add(&empty)?)?
        }
        Operator::LocalResponseNorm { size, alpha, beta, bias } => {
            let &[_, channels, _, _, ..] = shape.as_slice() else {
                return Err(
                    inputs.refused(format!("a value of shape {shape:?}, expected (N, C, H, W) or (N, C, D, H, W)"))
                );
            };
            // From (size - 1) / 2 channels before to the rest of the window after.
            let (before, after) = ((size - 1) / 2, size / 2);
            let counts = |at: usize| {
                let (row, column) = (at / channels, at % channels);
                if column + before >= row && column <= row + after { alpha / *size as f32 } else { 0.0 }
            };
            let window = (0..channels * channels).map(counts).collect();
            let window = Tensor::from_data(inputs.device, &[channels, channels], window)?;
            let sums = shape::along(&x.multiply(&x)?, 1, &window)?.affine(1.0, *bias)?;
            // sums ^ -beta, of numbers above 0.
            x.multiply(&sums.logarithm()?.affine(-beta, 0.0)?.exponential()?)?
        }
        _ => return Err(inputs.refused("no norm".into())),
    };
    Ok(vec![made])
}

/// (x - mean) / sqrt(variance + epsilon) along axes, and that root; without `centred`, x / sqrt(mean of the squares + epsilon).
fn standardised(x: &Tensor, axes: &[usize], epsilon: f32, centred: bool) -> Result<(Tensor, Tensor)> {
    let x = if centred { x.subtract(&x.mean(axes)?)? } else { x.clone() };
    let deviation = x.multiply(&x)?.mean(axes)?.affine(1.0, epsilon)?.square_root()?;
    Ok((x.divide(&deviation)?, deviation))
}
