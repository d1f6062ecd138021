//! One step of a network: ONNX's semantics on the device's tensors, and on arrays of the host.

mod attention;
mod elementwise;
mod host;
mod normalize;
mod places;
mod pool;
mod product;
mod quantize;
mod reduce;
mod resize;
mod shape;

pub(super) use shape::first_kept;

use super::Node;
use super::array::{Array, Kind};
use super::network::{Kernel, Step};
use super::operator::Operator;
use super::value::{Held, Value};
use crate::kernels::{self, FrozenConv, FrozenOps, Nonlinearity, Then};
use crate::{Device, Error, ReluRule, Result, Tensor};
use burn::backend::Dispatch;
use burn::backend::ops::FloatTensorOps;

/// Computes what `step` makes from the values in its slots; without `relu`, what it makes before the ReLU at its end.
pub(super) fn step(
    step: &Step,
    slots: &[Option<Value>],
    device: &Device,
    rule: ReluRule,
    relu: bool,
) -> Result<Vec<Value>> {
    let value = |slot: &Option<usize>| slot.and_then(|slot| slots.get(slot)?.as_ref());
    let inputs =
        Inputs { name: &step.name, kind: step.kernel.name(), values: step.inputs.iter().map(value).collect(), device };
    kernel(&step.kernel, &inputs, rule, relu).map_err(|error| inputs.named(error))
}

/// What a node makes of constants, on the host.
pub(super) fn fold(node: &Node, given: &[Option<&Array>], cpu: &Device) -> Result<Vec<Array>> {
    let values: Vec<Option<Value>> = given.iter().map(|array| array.map(|array| Value::array(array.clone()))).collect();
    let values = values.iter().map(Option::as_ref).collect();
    let inputs = Inputs { name: &node.name, kind: node.operator.name(), values, device: cpu };
    let folded = |error| inputs.named(error);
    let made = operate(&node.operator, &inputs, ReluRule::Plain).map_err(folded)?;
    made.iter().map(read_back).collect::<Result<_>>().map_err(folded)
}

/// A value on the host.
pub(super) fn read_back(value: &Value) -> Result<Array> {
    match value {
        Value::Array(shared) => Ok(shared.array.clone()),
        Value::Tensor(Held { tensor, kind, .. }) => {
            let (shape, data) = (value.shape(), tensor.read()?);
            Ok(match kind {
                Kind::Float => Array::floats(shape, data),
                kind => Array::whole(*kind, shape, data.iter().map(|x| *x as i64).collect()),
            })
        }
    }
}

fn kernel(kernel: &Kernel, inputs: &Inputs, rule: ReluRule, relu: bool) -> Result<Vec<Value>> {
    let tensor = match kernel {
        Kernel::Conv { conv, weight, bias, relu: ends_with_relu, same, line } => {
            let mut x = inputs.float(0)?;
            if *line {
                x = inputs.as_picture(&x)?;
            }
            let geometry = conv.geometry();
            let refused = |x: &Tensor| {
                let (axes, kernel) = match conv.depth() {
                    None => ("H, W", geometry.kernel.to_vec()),
                    Some(depth) => ("D, H, W", [&[depth.kernel], &geometry.kernel[..]].concat()),
                };
                inputs.refused(format!(
                    "a value of shape {:?}, expected (N, {}, {axes}), at least as large as the kernel {kernel:?}",
                    x.shape(),
                    conv.channels_in()
                ))
            };
            let shape = x.shape();
            if shape.len() != 2 + conv.axes() || shape[1] != conv.channels_in() {
                return Err(refused(&x));
            }
            if let Some(same) = same {
                let (h, w) = (shape[shape.len() - 2], shape[shape.len() - 1]);
                let around = same.amounts([h, w], geometry.kernel, geometry.stride, geometry.dilation);
                x = shape::surrounded(&x, around, 0.0)?;
                if let Some(kernels::Depth { kernel, stride, dilation, .. }) = conv.depth() {
                    let [before, _, after, _] = same.amounts([shape[2], 1], [*kernel, 1], [*stride, 1], [*dilation, 1]);
                    x = shape::constant(&x, 2, before, after, 0.0)?;
                }
            }
            if conv.output_size(&x.shape()[2..]).is_none() {
                return Err(refused(&x));
            }
            let then = if *ends_with_relu && relu { Then::Relu(rule) } else { Then::Nothing };
            let made =
                x.like(Dispatch::frozen_conv(x.primitive(), weight.primitive(), bias.primitive(), conv.clone(), then));
            if *line { as_line(&made)? } else { made }
        }
        Kernel::ConvTranspose { conv, weight, zeros, bias, output_padding, output_shape } => {
            let x = inputs.tensor(0)?;
            let (shape, channels) = (x.shape(), conv.geometry().channels_out);
            let fits = shape.len() == 2 + conv.axes() && shape[1] == channels;
            let size = if fits { transposed_size(conv, &shape[2..], output_padding) } else { None };
            let Some(size) = size else {
                let expected = match conv.axes() {
                    2 => format!("(N, {channels}, H, W) that leads to a picture"),
                    _ => format!("(N, {channels}, D, H, W) that leads to a volume"),
                };
                return Err(inputs.refused(format!("a value of shape {shape:?}, expected {expected}")));
            };
            let (conv, weight, zeros) = (conv.clone(), weight.primitive(), zeros.primitive());
            let made = x.like(Dispatch::frozen_conv_transpose(x.primitive(), weight, zeros, conv, size));
            let made = match output_shape {
                Some((wanted, upper)) => shape::cropped(&made, wanted, *upper, inputs)?,
                None => made,
            };
            made.add(bias)?
        }
        Kernel::ScaleShift { scale, shift, relu: ends_with_relu } => {
            let x = inputs.float(0)?;
            // (N, C), (N, C, L) and so on, as (N, C, 1, 1) and (N, C, L, 1); volumes as images of all rows of all slices.
            let shape = x.shape();
            if shape.get(1) != Some(&scale.elements()) || shape.len() > 5 {
                return Err(inputs.refused(format!(
                    "a value of shape {shape:?}, expected up to five dimensions and {} channels on axis 1",
                    scale.elements()
                )));
            }
            let image = match shape[..] {
                [n, c, d, h, w] => x.reshape(&[n, c, d * h, w])?,
                _ => x.reshape(&[&shape[..], &[1, 1][..4 - shape.len()]].concat())?,
            };
            let made = if *ends_with_relu && relu {
                image.like(Dispatch::scale_shift_relu(image.primitive(), scale.primitive(), shift.primitive(), rule))
            } else {
                image.multiply(scale)?.add(shift)?
            };
            made.reshape(&shape)?
        }
        Kernel::Silu => elementwise::activated(&inputs.float(0)?, Nonlinearity::Silu),
        Kernel::Operator(operator) => return operate(operator, inputs, rule),
    };
    Ok(vec![Value::float(tensor)])
}

/// Pictures of one row as lines.
fn as_line(pictures: &Tensor) -> Result<Tensor> {
    let [n, c, _, l] = pictures.image_shape("line")?;
    pictures.reshape(&[n, c, l])
}

/// The sizes that a transposed convolution makes of those of `from`; the convolution must lead back to them.
fn transposed_size(conv: &FrozenConv, from: &[usize], output_padding: &[usize]) -> Option<Vec<usize>> {
    let g = conv.geometry();
    let [top, left, bottom, right] = g.padding;
    let sides = [
        (g.kernel[0], g.stride[0], g.dilation[0], top + bottom),
        (g.kernel[1], g.stride[1], g.dilation[1], left + right),
    ];
    let depth = conv.depth().map(|d| (d.kernel, d.stride, d.dilation, d.padding[0] + d.padding[1]));
    let axes = depth.into_iter().chain(sides).zip(from.iter().zip(output_padding));
    let along =
        |((kernel, stride, dilation, padding), (from, more)): ((usize, usize, usize, usize), (&usize, &usize))| {
            let reach = dilation * (kernel.max(1) - 1) + 1;
            ((from.max(&1) - 1) * stride + reach + more).checked_sub(padding)
        };
    let size = axes.map(along).collect::<Option<Vec<_>>>()?;
    (conv.output_size(&size).as_deref() == Some(from)).then_some(size)
}

/// The values that a step reads.
struct Inputs<'a> {
    /// The name of the node.
    name: &'a str,
    /// Its operator.
    kind: &'a str,
    values: Vec<Option<&'a Value>>,
    device: &'a Device,
}

impl<'a> Inputs<'a> {
    fn get(&self, index: usize) -> Option<&'a Value> {
        self.values.get(index).copied().flatten()
    }

    fn value(&self, index: usize) -> Result<&'a Value> {
        self.get(index).ok_or_else(|| self.refused(format!("input {index} is missing")))
    }

    /// A value on the device, whatever its numbers are.
    fn tensor(&self, index: usize) -> Result<Tensor> {
        self.value(index)?.on(self.device)
    }

    /// Numbers with a fraction, on the device.
    fn float(&self, index: usize) -> Result<Tensor> {
        let value = self.value(index)?;
        match value.kind() {
            Kind::Float => value.on(self.device),
            kind => Err(self.refused(format!("input {index} holds {kind}, expected numbers with a fraction"))),
        }
    }

    /// Numbers of shape (N, C, H, W).
    fn image(&self, index: usize) -> Result<Tensor> {
        let x = self.tensor(index)?;
        match x.shape().len() {
            4 => Ok(x),
            rank => {
                Err(self.refused(format!("a value of shape {:?}, {rank} dimensions, expected (N, C, H, W)", x.shape())))
            }
        }
    }

    /// Lines (N, C, L) as pictures of one row.
    fn as_picture(&self, lines: &Tensor) -> Result<Tensor> {
        match lines.shape()[..] {
            [n, c, l] => lines.reshape(&[n, c, 1, l]),
            ref other => Err(self.refused(format!("a value of shape {other:?}, expected (N, C, L)"))),
        }
    }

    /// A list of whole numbers that is known without the image.
    fn list(&self, index: usize) -> Result<Option<Vec<i64>>> {
        let Some(value) = self.get(index) else { return Ok(None) };
        let list = value.as_array().and_then(Array::as_whole);
        list.map(|list| Some(list.to_vec())).ok_or_else(|| {
            self.refused(format!(
                "input {index} holds {} that depend on the image, expected a list of whole numbers",
                value.kind()
            ))
        })
    }

    /// Numbers that are known without the image.
    fn known(&self, index: usize) -> Result<Option<Vec<f32>>> {
        let Some(value) = self.get(index) else { return Ok(None) };
        match value {
            Value::Array(shared) => Ok(Some(shared.array.to_floats())),
            Value::Tensor(held) if !held.tensor.is_tracked() => Ok(Some(held.tensor.read()?)),
            Value::Tensor(_) => Err(self.refused(format!("input {index} depends on the image, expected a constant"))),
        }
    }

    fn refused(&self, why: String) -> Error {
        Error::Model(format!("node `{}` ({}): {why}", self.name, self.kind))
    }

    /// An error of the device's operations as one of this node.
    fn named(&self, error: Error) -> Error {
        match error {
            Error::Shape { .. } | Error::Argument { .. } => self.refused(error.to_string()),
            other => other,
        }
    }
}

fn operate(operator: &Operator, inputs: &Inputs, rule: ReluRule) -> Result<Vec<Value>> {
    let made = on_host_or_device(operator, inputs, rule)?;
    // What is computed of sizes alone is known without the image, wherever it was computed.
    let known = inputs.values.iter().flatten().all(|value| value.as_array().is_some());
    if known { made.iter().map(|value| read_back(value).map(Value::array)).collect() } else { Ok(made) }
}

fn on_host_or_device(operator: &Operator, inputs: &Inputs, rule: ReluRule) -> Result<Vec<Value>> {
    if let Operator::Shape { start, end } = operator {
        let shape: Vec<i64> = inputs.value(0)?.shape().iter().map(|size| *size as i64).collect();
        let (from, to) = places::range(*start, end.unwrap_or(i64::MAX), shape.len());
        return Ok(vec![Value::array(Array::list(shape[from..to.max(from)].to_vec()))]);
    }
    if let Some(arrays) = host::evaluate(operator, inputs)? {
        return Ok(arrays.into_iter().map(Value::array).collect());
    }
    let one = |value: Value| Ok(vec![value]);
    match operator {
        Operator::Relu => {
            let x = inputs.float(0)?;
            one(Value::float(x.like(Dispatch::ruled_relu(x.primitive(), rule))))
        }
        Operator::Sigmoid => one(Value::float(elementwise::activated(&inputs.float(0)?, Nonlinearity::Sigmoid))),
        Operator::Activation(function) => one(Value::float(elementwise::activated(&inputs.float(0)?, *function))),
        Operator::Tanh => {
            let x = inputs.float(0)?;
            one(Value::float(x.like(Dispatch::float_tanh(x.primitive()))))
        }
        Operator::Clip => one(elementwise::clip(inputs)?),
        Operator::PRelu => one(elementwise::prelu(inputs)?),
        Operator::Elementwise(function) => one(elementwise::one(*function, inputs)?),
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Binary(_) => {
            one(elementwise::several(operator, inputs)?)
        }
        Operator::Where => one(elementwise::choose(inputs)?),
        Operator::Softmax { .. } | Operator::Hardmax { .. } | Operator::Reduce { .. } | Operator::ArgMax { .. } => {
            one(reduce::reduce(operator, inputs)?)
        }
        Operator::GlobalAveragePool | Operator::GlobalMaxPool => one(reduce::global(operator, inputs)?),
        Operator::MaxPool(pool) => {
            let kind = inputs.value(0)?.kind();
            one(Value::of(pool::max(&inputs.tensor(0)?, pool, inputs)?, kind))
        }
        Operator::AveragePool { pool, count_padding } => {
            one(Value::float(pool::average(&inputs.float(0)?, pool, *count_padding, inputs)?))
        }
        Operator::Gemm { .. } | Operator::MatMul | Operator::Einsum { .. } => one(product::product(operator, inputs)?),
        Operator::Attention(with) => one(Value::float(attention::attention(with, inputs)?)),
        Operator::Normalize { .. } | Operator::LpNorm { .. } | Operator::LocalResponseNorm { .. } => {
            Ok(normalize::normalize(operator, inputs)?.into_iter().map(Value::float).collect())
        }
        Operator::Resize(resizing) => one(Value::of(resize::resize(resizing, inputs)?, inputs.value(0)?.kind())),
        Operator::Quantize { .. } | Operator::Dequantize { .. } | Operator::DynamicQuantize => {
            quantize::quantize(operator, inputs)
        }
        Operator::Conv { .. } | Operator::ConvTranspose { .. } | Operator::BatchNorm { .. } => {
            Err(inputs.refused("weights that depend on the image, expected constants of the file".into()))
        }
        _ => shape::shape(operator, inputs),
    }
}
