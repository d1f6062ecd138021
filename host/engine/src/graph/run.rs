//! One step of a network: ONNX's semantics on the device's tensors.

use super::network::{Kernel, Step};
use super::operator::{Operator, Pool};
use super::value::Value;
use crate::cpu::conv::ConvGeometry;
use crate::kernels::{FrozenOps, MaxPool, Nonlinearity, Then};
use crate::{Error, Interpolation, ReluRule, Result, Tensor};
use burn::backend::Dispatch;
use burn::backend::ops::{FloatTensorOps, ModuleOps};

/// Computes what `step` makes from the values in its slots; without `relu`, what it makes before the ReLU at its end.
pub(super) fn step(step: &Step, slots: &[Option<Value>], rule: ReluRule, relu: bool) -> Result<Value> {
    let inputs = Inputs { step, slots };
    let tensor = match &step.kernel {
        Kernel::Conv { conv, weight, bias, relu: ends_with_relu } => {
            let x = inputs.tensor(0)?;
            let [_, channels, h, w] = x.image_shape(&step.name)?;
            let geometry = conv.geometry();
            if channels != geometry.channels_in || geometry.output_size([h, w]).is_none() {
                let expected = format!(
                    "(N, {}, H, W), at least as large as the kernel {:?}",
                    geometry.channels_in, geometry.kernel
                );
                return Err(Error::shape(&step.name, expected, &x.shape()));
            }
            let then = if *ends_with_relu && relu { Then::Relu(rule) } else { Then::Nothing };
            x.like(Dispatch::frozen_conv(x.primitive(), weight.primitive(), bias.primitive(), conv.clone(), then))
        }
        Kernel::ConvTranspose { conv, weight, zeros, bias, output_padding } => {
            let x = inputs.tensor(0)?;
            let [_, channels, h, w] = x.image_shape(&step.name)?;
            let geometry = conv.geometry();
            let size = transposed_size(geometry, [h, w], *output_padding);
            let Some(size) = size.filter(|_| channels == geometry.channels_out) else {
                let expected = format!("(N, {}, H, W) that leads to a picture", geometry.channels_out);
                return Err(Error::shape(&step.name, expected, &x.shape()));
            };
            let (conv, weight, zeros) = (conv.clone(), weight.primitive(), zeros.primitive());
            x.like(Dispatch::frozen_conv_transpose(x.primitive(), weight, zeros, conv, size)).add(bias)?
        }
        Kernel::ScaleShift { scale, shift, relu: true } if relu => {
            let x = inputs.tensor(0)?;
            channels_fit(&step.name, x, scale)?;
            x.like(Dispatch::scale_shift_relu(x.primitive(), scale.primitive(), shift.primitive(), rule))
        }
        Kernel::ScaleShift { scale, shift, .. } => {
            let x = inputs.tensor(0)?;
            channels_fit(&step.name, x, scale)?;
            x.multiply(scale)?.add(shift)?
        }
        Kernel::Silu => activated(inputs.tensor(0)?, Nonlinearity::Silu),
        Kernel::Operator(operator) => return operate(operator, &inputs, rule),
    };
    Ok(Value::Tensor(tensor))
}

/// (H, W) that a transposed convolution makes of `from`; the convolution must lead back to it.
fn transposed_size(conv: &ConvGeometry, from: [usize; 2], output_padding: [usize; 2]) -> Option<[usize; 2]> {
    let [top, left, bottom, right] = conv.padding;
    let along = |axis: usize, padding: usize| {
        let reach = conv.dilation[axis] * (conv.kernel[axis].max(1) - 1) + 1;
        ((from[axis].max(1) - 1) * conv.stride[axis] + reach + output_padding[axis]).checked_sub(padding)
    };
    let size = [along(0, top + bottom)?, along(1, left + right)?];
    (conv.output_size(size) == Some(from)).then_some(size)
}

fn channels_fit(name: &str, x: &Tensor, scale: &Tensor) -> Result<()> {
    let [_, channels, ..] = x.image_shape(name)?;
    if channels != scale.elements() {
        return Err(Error::shape(name, format!("(N, {}, H, W)", scale.elements()), &x.shape()));
    }
    Ok(())
}

/// The values that a step reads.
struct Inputs<'a> {
    step: &'a Step,
    slots: &'a [Option<Value>],
}

impl<'a> Inputs<'a> {
    fn get(&self, index: usize) -> Option<&'a Value> {
        let slot = self.step.inputs.get(index).copied().flatten()?;
        self.slots.get(slot)?.as_ref()
    }

    fn value(&self, index: usize) -> Result<&'a Value> {
        self.get(index).ok_or_else(|| self.refused(format!("input {index} is missing")))
    }

    fn tensor(&self, index: usize) -> Result<&'a Tensor> {
        self.value(index)?.tensor(&self.step.name)
    }

    /// A list that is an attribute in older operator sets and an input in newer ones.
    fn list(&self, attribute: Option<&Vec<i64>>, index: usize) -> Result<Option<Vec<i64>>> {
        match (attribute, self.get(index)) {
            (Some(list), _) => Ok(Some(list.clone())),
            (None, Some(value)) => Ok(Some(value.integers(&self.step.name)?.to_vec())),
            (None, None) => Ok(None),
        }
    }

    /// A limit that is an attribute in older operator sets and an input in newer ones.
    fn limit(&self, attribute: Option<f32>, index: usize) -> Result<Option<f32>> {
        match (attribute, self.get(index)) {
            (Some(limit), _) => Ok(Some(limit)),
            (None, Some(value)) => Ok(value.tensor(&self.step.name)?.read()?.first().copied()),
            (None, None) => Ok(None),
        }
    }

    fn refused(&self, why: String) -> Error {
        Error::Model(format!("node `{}`: {why}", self.step.name))
    }
}

fn operate(operator: &Operator, inputs: &Inputs, rule: ReluRule) -> Result<Value> {
    let name = inputs.step.name.as_str();
    let first = inputs.value(0)?;
    if let Value::Integers(list) = first {
        return integers(operator, list, inputs).map(Value::Integers);
    }
    let x = first.tensor(name)?;
    let rank = x.shape().len();
    let axis =
        |axis: i64| resolved(axis, rank).ok_or_else(|| inputs.refused(format!("axis {axis} of {rank} dimensions")));
    let tensor = match operator {
        Operator::Identity | Operator::Dropout { .. } => x.clone(),
        Operator::Relu => x.like(Dispatch::ruled_relu(x.primitive(), rule)),
        Operator::LeakyRelu { slope } => activated(x, Nonlinearity::LeakyRelu { slope: *slope }),
        Operator::Clip { low, high } => {
            let low = inputs.limit(*low, 1)?.unwrap_or(f32::MIN);
            let high = inputs.limit(*high, 2)?.unwrap_or(f32::MAX);
            if low.is_nan() || high.is_nan() || low > high {
                return Err(inputs.refused(format!("limits {low} and {high}, expected the lower one first")));
            }
            activated(x, Nonlinearity::Clip { low, high })
        }
        Operator::Sigmoid => activated(x, Nonlinearity::Sigmoid),
        Operator::HardSigmoid { slope, offset } => {
            activated(x, Nonlinearity::HardSigmoid { slope: *slope, offset: *offset })
        }
        Operator::HardSwish => activated(x, Nonlinearity::HardSwish),
        Operator::Tanh => x.like(Dispatch::float_tanh(x.primitive())),
        Operator::Softmax { axis: a } => x.softmax(axis(*a)?)?,
        Operator::MaxPool(pool) => max_pool(x, pool, inputs)?,
        Operator::AveragePool { pool, count_padding } => average_pool(x, pool, *count_padding, inputs)?,
        Operator::GlobalAveragePool => x.mean(&(2..rank).collect::<Vec<_>>())?,
        Operator::Gemm { alpha, beta, transpose_a, transpose_b } => {
            let turned = |t: &Tensor, turn: bool| if turn { t.permute(&[1, 0]) } else { Ok(t.clone()) };
            let product = turned(x, *transpose_a)?.matrix_multiply(&turned(inputs.tensor(1)?, *transpose_b)?)?;
            let product = if *alpha == 1.0 { product } else { product.affine(*alpha, 0.0)? };
            match inputs.get(2) {
                Some(bias) => product.add(&bias.tensor(name)?.affine(*beta, 0.0)?)?,
                None => product,
            }
        }
        Operator::MatMul => x.matrix_multiply(inputs.tensor(1)?)?,
        Operator::Add => x.add(inputs.tensor(1)?)?,
        Operator::Subtract => x.subtract(inputs.tensor(1)?)?,
        Operator::Multiply => x.multiply(inputs.tensor(1)?)?,
        Operator::Divide => x.divide(inputs.tensor(1)?)?,
        Operator::Concat { axis: a } => {
            let parts = (0..inputs.step.inputs.len()).map(|i| inputs.tensor(i).cloned()).collect::<Result<Vec<_>>>()?;
            Tensor::concatenate(&parts, axis(*a)?)?
        }
        Operator::Flatten { axis: a } => {
            let at = if *a == rank as i64 { rank } else { axis(*a)? };
            let shape = x.shape();
            x.reshape(&[shape[..at].iter().product(), shape[at..].iter().product()])?
        }
        Operator::Reshape => reshape(x, inputs.value(1)?.integers(name)?, inputs)?,
        Operator::ReduceMean { axes, keep } => {
            let axes = inputs.list(axes.as_ref(), 1)?.unwrap_or_default();
            let axes = axes.iter().map(|a| axis(*a)).collect::<Result<Vec<_>>>()?;
            let mean = x.mean(&axes)?;
            if *keep { mean } else { without(&mean, &axes)? }
        }
        Operator::Squeeze { axes } => {
            let shape = x.shape();
            let axes = match inputs.list(axes.as_ref(), 1)? {
                Some(axes) => axes.iter().map(|a| axis(*a)).collect::<Result<Vec<_>>>()?,
                None => (0..rank).filter(|axis| shape[*axis] == 1).collect(),
            };
            without(x, &axes)?
        }
        Operator::Unsqueeze { axes } => {
            let mut shape = x.shape();
            let mut axes = inputs.list(axes.as_ref(), 1)?.unwrap_or_default();
            let rank = rank + axes.len();
            axes.iter_mut().for_each(|a| *a = if *a < 0 { *a + rank as i64 } else { *a });
            axes.sort_unstable();
            for a in axes {
                let at = usize::try_from(a).ok().filter(|at| *at <= shape.len());
                shape.insert(at.ok_or_else(|| inputs.refused(format!("axis {a} of {rank} dimensions")))?, 1);
            }
            x.reshape(&shape)?
        }
        Operator::Transpose { order } => {
            let order = match order {
                Some(order) => order.iter().map(|a| axis(*a)).collect::<Result<Vec<_>>>()?,
                None => (0..rank).rev().collect(),
            };
            x.permute(&order)?
        }
        Operator::Pad { amounts } => pad(x, &inputs.list(amounts.as_ref(), 1)?.unwrap_or_default(), inputs)?,
        Operator::Slice => slice(x, inputs)?,
        Operator::Resize { how } => resize(x, *how, inputs)?,
        Operator::Shape { start, end } => {
            let shape: Vec<i64> = x.shape().iter().map(|size| *size as i64).collect();
            let (from, to) = range(*start, end.unwrap_or(i64::MAX), shape.len());
            return Ok(Value::Integers(shape[from..to.max(from)].to_vec()));
        }
        Operator::Gather | Operator::Conv { .. } | Operator::ConvTranspose { .. } | Operator::BatchNorm { .. } => {
            return Err(inputs.refused(format!("{operator:?} of a tensor that is no constant of the file")));
        }
    };
    Ok(Value::Tensor(tensor))
}

/// Shape arithmetic of exporters: on lists, on the host.
fn integers(operator: &Operator, list: &[i64], inputs: &Inputs) -> Result<Vec<i64>> {
    let name = inputs.step.name.as_str();
    Ok(match operator {
        Operator::Identity | Operator::Squeeze { .. } | Operator::Unsqueeze { .. } | Operator::Reshape => list.to_vec(),
        Operator::Concat { .. } => {
            let parts =
                (0..inputs.step.inputs.len()).map(|i| inputs.value(i)?.integers(name)).collect::<Result<Vec<_>>>()?;
            parts.concat()
        }
        Operator::Gather => {
            let places = inputs.value(1)?.integers(name)?;
            let at = |place: i64| resolved(place, list.len()).map(|at| list[at]);
            places
                .iter()
                .map(|place| {
                    at(*place).ok_or_else(|| inputs.refused(format!("element {place} of a list of {}", list.len())))
                })
                .collect::<Result<_>>()?
        }
        Operator::Slice => {
            let ends = [inputs.value(1)?.integers(name)?, inputs.value(2)?.integers(name)?];
            let (from, to) =
                range(ends[0].first().copied().unwrap_or(0), ends[1].first().copied().unwrap_or(i64::MAX), list.len());
            list[from..to.max(from)].to_vec()
        }
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide => {
            let other = inputs.value(1)?.integers(name)?;
            let combine = |a: i64, b: i64| match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                _ => a.checked_div(b),
            };
            let pairs = (0..list.len().max(other.len())).map(|i| (list[i % list.len()], other[i % other.len()]));
            pairs
                .map(|(a, b)| combine(a, b).ok_or_else(|| inputs.refused(format!("cannot compute with {a} and {b}"))))
                .collect::<Result<_>>()?
        }
        _ => return Err(inputs.refused(format!("{operator:?} of a list of integers"))),
    })
}

fn activated(x: &Tensor, function: Nonlinearity) -> Tensor {
    x.like(Dispatch::nonlinearity(x.primitive(), function))
}

fn resolved(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(axis).ok().filter(|axis| *axis < rank)
}

fn range(start: i64, end: i64, size: usize) -> (usize, usize) {
    let clamp = |at: i64| (if at < 0 { at.saturating_add(size as i64) } else { at }).clamp(0, size as i64) as usize;
    (clamp(start), clamp(end))
}

fn without(x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let shape: Vec<usize> =
        x.shape().iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, size)| *size).collect();
    x.reshape(if shape.is_empty() { &[1] } else { &shape })
}

fn reshape(x: &Tensor, wanted: &[i64], inputs: &Inputs) -> Result<Tensor> {
    let from = x.shape();
    let mut shape = Vec::with_capacity(wanted.len());
    for (axis, size) in wanted.iter().enumerate() {
        shape.push(match size {
            0 => from.get(axis).copied().unwrap_or(1),
            -1 => 0,
            size => usize::try_from(*size).map_err(|_| inputs.refused(format!("a size of {size}")))?,
        });
    }
    let known: usize = shape.iter().filter(|size| **size > 0).product();
    if let Some(open) = shape.iter_mut().find(|size| **size == 0) {
        *open = x.elements() / known.max(1);
    }
    // An exported batch size of 1 stands for any batch.
    if shape.first() == Some(&1) && from[0] > 1 && shape.iter().product::<usize>() * from[0] == x.elements() {
        shape[0] = from[0];
    }
    x.reshape(&shape)
}

fn pad(x: &Tensor, amounts: &[i64], inputs: &Inputs) -> Result<Tensor> {
    let rank = x.shape().len();
    if amounts.len() != 2 * rank || amounts.iter().any(|amount| *amount < 0) {
        return Err(inputs.refused(format!(
            "padding {amounts:?} for {rank} dimensions, expected an amount of at least 0 for each end"
        )));
    }
    let mut padded = x.clone();
    for axis in 0..rank {
        for (amount, before) in [(amounts[axis], true), (amounts[rank + axis], false)] {
            if amount > 0 {
                let mut shape = padded.shape();
                shape[axis] = amount as usize;
                let zeros = Tensor::full(x.device(), &shape, 0.0)?;
                let parts = if before { [zeros, padded] } else { [padded, zeros] };
                padded = Tensor::concatenate(&parts, axis)?;
            }
        }
    }
    Ok(padded)
}

fn slice(x: &Tensor, inputs: &Inputs) -> Result<Tensor> {
    let name = inputs.step.name.as_str();
    let (starts, ends) = (inputs.value(1)?.integers(name)?, inputs.value(2)?.integers(name)?);
    let axes = inputs.list(None, 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    if inputs.list(None, 4)?.is_some_and(|steps| steps.iter().any(|step| *step != 1)) {
        return Err(inputs.refused("a slice with a step other than 1".into()));
    }
    let mut part = x.clone();
    for ((axis, start), end) in axes.iter().zip(starts).zip(ends) {
        let axis = resolved(*axis, part.shape().len()).ok_or_else(|| inputs.refused(format!("axis {axis}")))?;
        let (from, to) = range(*start, *end, part.shape()[axis]);
        part = part.slice(axis, from, to)?;
    }
    Ok(part)
}

/// Factors are input 1 of the old `Upsample` and input 2 of `Resize`, whose input 3 may give sizes instead.
fn resize(x: &Tensor, how: Interpolation, inputs: &Inputs) -> Result<Tensor> {
    let name = inputs.step.name.as_str();
    let [_, _, h, w] = x.image_shape(name)?;
    let sizes = match inputs.get(3) {
        Some(sizes) => sizes.integers(name)?.iter().map(|size| *size as f32).collect(),
        None => {
            let factors = inputs.get(2).or(inputs.get(1)).ok_or_else(|| inputs.refused("no factors".into()))?;
            let factors = factors.tensor(name)?.read()?;
            factors.iter().zip(x.shape()).map(|(factor, size)| (factor * size as f32).floor()).collect::<Vec<f32>>()
        }
    };
    match sizes[..] {
        [_, _, height, width] if height >= h as f32 && width >= w as f32 => {
            let (height, width) = (height as usize, width as usize);
            if how == Interpolation::Nearest && (height % h != 0 || width % w != 0) {
                return Err(inputs.refused(format!(
                    "nearest neighbours from {h} x {w} to {height} x {width}, expected whole factors"
                )));
            }
            x.resize(height, width, how)
        }
        _ => Err(inputs
            .refused(format!("sizes {sizes:?} for {h} x {w}, expected larger images of the same batch and channels"))),
    }
}

/// The symmetric padding of a pooling window, which is what the device's operators take.
fn window(x: &Tensor, pool: &Pool, inputs: &Inputs) -> Result<[usize; 2]> {
    let [_, _, h, w] = x.image_shape(&inputs.step.name)?;
    let [top, left, bottom, right] = pool.padding.amounts([h, w], pool.kernel, pool.stride, pool.dilation);
    if (top, left) != (bottom, right) {
        return Err(inputs.refused(format!("padding {:?} that differs between the ends", [top, left, bottom, right])));
    }
    let extent = |axis: usize| pool.dilation[axis] * (pool.kernel[axis].max(1) - 1) + 1;
    if h + top + bottom < extent(0) || w + left + right < extent(1) {
        let window = [extent(0), extent(1)];
        return Err(Error::shape(&inputs.step.name, format!("at least the window {window:?}"), &x.shape()));
    }
    Ok([top, left])
}

fn max_pool(x: &Tensor, pool: &Pool, inputs: &Inputs) -> Result<Tensor> {
    let padding = window(x, pool, inputs)?;
    let Pool { kernel, stride, dilation, round_up, .. } = *pool;
    let pool = MaxPool { kernel, stride, padding, dilation, round_up };
    Ok(x.like(Dispatch::max_pool(x.primitive(), pool)))
}

fn average_pool(x: &Tensor, pool: &Pool, count_padding: bool, inputs: &Inputs) -> Result<Tensor> {
    let padding = window(x, pool, inputs)?;
    if pool.dilation != [1, 1] {
        return Err(inputs.refused("an average over a dilated window".into()));
    }
    Ok(x.like(Dispatch::avg_pool2d(x.primitive(), pool.kernel, pool.stride, padding, count_padding, pool.round_up)))
}
