//! Nodes of an ONNX graph as operators: every operator that is known, and how its older forms are read.

use super::attributes::Reader;
use super::proto::NodeProto;
use super::{constants::External, types};
use crate::graph::array::{Array, Kind};
use crate::graph::operator::{
    Binary, Centres, Elementwise, Nearest, Normalized, Operator, PadMode, Proportions, Reduction, Resizing, Sampling,
};
use crate::graph::{Node, operator};
use crate::kernels::Nonlinearity;
use crate::{Error, Result};
use std::collections::{HashMap, HashSet};

/// The first and the last of ONNX's operator sets whose meaning is known.
pub(super) const SETS: [i64; 2] = [7, 28];

/// An operator of ONNX's own domain.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// The sets that have it.
    pub(super) sets: [i64; 2],
    /// How many inputs it may have; the sets before `SETS` have no say.
    inputs: usize,
    /// How many of its outputs are computed. Others may stand in the file if nothing reads them.
    outputs: usize,
    read: fn(&Reader) -> Result<Operator>,
}

const ANY: usize = usize::MAX;

const fn known(name: &'static str, since: i64, inputs: usize, read: fn(&Reader) -> Result<Operator>) -> Known {
    let since = if since < SETS[0] { SETS[0] } else { since };
    Known { name, sets: [since, SETS[1]], inputs, outputs: 1, read }
}

macro_rules! plain {
    ($operator:expr) => {
        |_| Ok($operator)
    };
}

use Binary as B;
use Elementwise as E;
use Operator as O;
use Reduction as R;

/// All of them, by name.
pub(super) const KNOWN: &[Known] = &[
    known("Abs", 6, 1, plain!(O::Elementwise(E::Abs))),
    known("Add", 7, 2, plain!(O::Add)),
    known("And", 7, 2, plain!(O::Binary(B::And))),
    known("ArgMax", 1, 1, |a| arg_max(a, false)),
    known("ArgMin", 1, 1, |a| arg_max(a, true)),
    known("Attention", 23, 4, attention),
    known("AveragePool", 7, 1, average_pool),
    known("BatchNormalization", 7, 5, batch_norm),
    known("Cast", 6, 1, cast),
    known("CastLike", 15, 2, cast_like),
    known("Ceil", 6, 1, plain!(O::Elementwise(E::Ceil))),
    known("Celu", 12, 1, |a| {
        let alpha = a.float("alpha", 1.0)?;
        Ok(O::Activation(Nonlinearity::Elu { scale: 1.0, alpha, rate: 1.0 / alpha }))
    }),
    known("Clip", 6, 3, clip),
    known("Concat", 4, ANY, |a| match a.optional_integer("axis")? {
        Some(axis) => Ok(O::Concat { axis }),
        None => Err(a.refused("attribute axis is missing")),
    }),
    known("ConstantOfShape", 9, 1, plain!(O::ConstantOfShape(Array::scalar(0.0)))),
    known("Conv", 1, 3, conv),
    known("ConvTranspose", 1, 3, conv_transpose),
    known("Cos", 7, 1, plain!(O::Elementwise(E::Cos))),
    known("DepthToSpace", 1, 1, depth_to_space),
    known("DequantizeLinear", 10, 3, dequantize),
    known("Div", 7, 2, plain!(O::Divide)),
    known("Dropout", 7, 3, dropout),
    Known { outputs: 3, ..known("DynamicQuantizeLinear", 11, 1, plain!(O::DynamicQuantize)) },
    known("Einsum", 12, ANY, |a| Ok(O::Einsum { equation: a.text("equation")? })),
    known("Elu", 6, 1, |a| {
        Ok(O::Activation(Nonlinearity::Elu { scale: 1.0, alpha: a.float("alpha", 1.0)?, rate: 1.0 }))
    }),
    known("Equal", 7, 2, plain!(O::Binary(B::Equal))),
    known("Erf", 9, 1, plain!(O::Elementwise(E::Erf))),
    known("Exp", 6, 1, plain!(O::Elementwise(E::Exp))),
    known("Expand", 8, 2, plain!(O::Expand)),
    known("Flatten", 1, 1, |a| Ok(O::Flatten { axis: a.integer("axis", 1)? })),
    known("Floor", 6, 1, plain!(O::Elementwise(E::Floor))),
    known("Gather", 1, 2, |a| Ok(O::Gather { axis: a.integer("axis", 0)? })),
    known("GatherElements", 11, 2, |a| Ok(O::GatherElements { axis: a.integer("axis", 0)? })),
    known("GatherND", 11, 2, |a| match a.integer("batch_dims", 0)? {
        0 => Ok(O::GatherNd),
        other => Err(a.refused(&format!("attribute batch_dims is {other}, expected 0"))),
    }),
    known("Gelu", 20, 1, |a| {
        let by_tanh = a.choice("approximate", &[("none", false), ("tanh", true)])?;
        Ok(O::Activation(Nonlinearity::Gelu { by_tanh }))
    }),
    known("Gemm", 7, 3, |a| {
        Ok(O::Gemm {
            alpha: a.float("alpha", 1.0)?,
            beta: a.float("beta", 1.0)?,
            transpose_a: a.flag("transA")?,
            transpose_b: a.flag("transB")?,
        })
    }),
    known("GlobalAveragePool", 1, 1, plain!(O::GlobalAveragePool)),
    known("GlobalMaxPool", 1, 1, plain!(O::GlobalMaxPool)),
    known("Greater", 7, 2, plain!(O::Binary(B::Greater))),
    known("GreaterOrEqual", 12, 2, plain!(O::Binary(B::GreaterOrEqual))),
    known("GroupNormalization", 18, 3, |a| {
        // Until operator set 21, scale and bias were for groups.
        let over = Normalized::Group { groups: a.count("num_groups", 0)?, by_group: a.version < 21 };
        stash(a)?;
        Ok(O::Normalize { over, epsilon: a.float("epsilon", 1e-5)? })
    }),
    known("HardSigmoid", 6, 1, |a| {
        let (slope, offset) = (a.float("alpha", 0.2)?, a.float("beta", 0.5)?);
        Ok(O::Activation(Nonlinearity::HardSigmoid { slope, offset }))
    }),
    known("HardSwish", 14, 1, plain!(O::Activation(Nonlinearity::HardSwish))),
    known("Hardmax", 1, 1, |a| {
        let (axis, flattened) = softmax_axis(a)?;
        Ok(O::Hardmax { axis, flattened })
    }),
    known("Identity", 1, 1, plain!(O::Identity)),
    known("InstanceNormalization", 6, 3, |a| {
        Ok(O::Normalize { over: Normalized::Instance, epsilon: a.float("epsilon", 1e-5)? })
    }),
    known("LRN", 1, 1, |a| {
        Ok(O::LocalResponseNorm {
            size: a.count("size", 0)?,
            alpha: a.float("alpha", 1e-4)?,
            beta: a.float("beta", 0.75)?,
            bias: a.float("bias", 1.0)?,
        })
    }),
    Known {
        outputs: 3,
        ..known("LayerNormalization", 17, 3, |a| {
            stash(a)?;
            let over = Normalized::Layer { axis: a.integer("axis", -1)?, centred: true };
            Ok(O::Normalize { over, epsilon: a.float("epsilon", 1e-5)? })
        })
    },
    known("LeakyRelu", 6, 1, |a| Ok(O::Activation(Nonlinearity::LeakyRelu { slope: a.float("alpha", 0.01)? }))),
    known("Less", 7, 2, plain!(O::Binary(B::Less))),
    known("LessOrEqual", 12, 2, plain!(O::Binary(B::LessOrEqual))),
    known("Log", 6, 1, plain!(O::Elementwise(E::Log))),
    known("LogSoftmax", 1, 1, |a| softmax(a, true)),
    known("LpNormalization", 1, 1, |a| match a.integer("p", 2)? {
        order @ (1 | 2) => Ok(O::LpNorm { axis: a.integer("axis", -1)?, order }),
        other => Err(a.refused(&format!("attribute p is {other}, expected 1 or 2"))),
    }),
    known("MatMul", 1, 2, plain!(O::MatMul)),
    known("Max", 8, ANY, plain!(O::Binary(B::Maximum))),
    known("MaxPool", 1, 1, |a| {
        // The order of the indices, which are not computed.
        a.integer("storage_order", 0)?;
        Ok(O::MaxPool(a.pool()?))
    }),
    known("Mean", 8, ANY, plain!(O::Binary(B::Mean))),
    known("Min", 8, ANY, plain!(O::Binary(B::Minimum))),
    known("Mish", 18, 1, plain!(O::Activation(Nonlinearity::Mish))),
    known("Mod", 10, 2, |a| Ok(O::Binary(B::Modulo(a.flag("fmod")?)))),
    known("Mul", 7, 2, plain!(O::Multiply)),
    known("Neg", 6, 1, plain!(O::Elementwise(E::Neg))),
    known("Not", 1, 1, plain!(O::Elementwise(E::Not))),
    known("Or", 7, 2, plain!(O::Binary(B::Or))),
    known("PRelu", 7, 2, plain!(O::PRelu)),
    known("Pad", 2, 4, pad),
    known("Pow", 7, 2, plain!(O::Binary(B::Power))),
    known("QuantizeLinear", 10, 3, quantize),
    known("RMSNormalization", 23, 2, |a| {
        stash(a)?;
        let over = Normalized::Layer { axis: a.integer("axis", -1)?, centred: false };
        Ok(O::Normalize { over, epsilon: a.float("epsilon", 1e-5)? })
    }),
    known("Range", 11, 3, |a| {
        a.integer("stash_type", 1)?;
        Ok(O::Range)
    }),
    known("Reciprocal", 6, 1, plain!(O::Elementwise(E::Reciprocal))),
    known("ReduceL1", 1, 2, |a| reduce(a, R::L1, 18)),
    known("ReduceL2", 1, 2, |a| reduce(a, R::L2, 18)),
    known("ReduceLogSum", 1, 2, |a| reduce(a, R::LogOfSum, 18)),
    known("ReduceLogSumExp", 1, 2, |a| reduce(a, R::LogSumExp, 18)),
    known("ReduceMax", 1, 2, |a| reduce(a, R::Max, 18)),
    known("ReduceMean", 1, 2, |a| reduce(a, R::Mean, 18)),
    known("ReduceMin", 1, 2, |a| reduce(a, R::Min, 18)),
    known("ReduceProd", 1, 2, |a| reduce(a, R::Product, 18)),
    known("ReduceSum", 1, 2, |a| reduce(a, R::Sum, 13)),
    known("ReduceSumSquare", 1, 2, |a| reduce(a, R::SumOfSquares, 18)),
    known("Relu", 6, 1, plain!(O::Relu)),
    known("Reshape", 5, 2, |a| Ok(O::Reshape { zero_is_empty: a.flag("allowzero")? })),
    known("Resize", 10, 4, resize),
    known("Round", 11, 1, plain!(O::Elementwise(E::Round))),
    known("ScatterND", 11, 3, |a| match a.text("reduction")?.as_str() {
        "" | "none" => Ok(O::ScatterNd),
        other => Err(a.refused(&format!("reduction `{other}`, expected none"))),
    }),
    known("Selu", 6, 1, |a| {
        let (scale, alpha) = (a.float("gamma", 1.050_701)?, a.float("alpha", 1.673_263_2)?);
        Ok(O::Activation(Nonlinearity::Elu { scale, alpha, rate: 1.0 }))
    }),
    known("Shape", 1, 1, |a| Ok(O::Shape { start: a.integer("start", 0)?, end: a.optional_integer("end")? })),
    known("Sigmoid", 6, 1, plain!(O::Sigmoid)),
    known("Sign", 9, 1, plain!(O::Elementwise(E::Sign))),
    known("Sin", 7, 1, plain!(O::Elementwise(E::Sin))),
    known("Size", 1, 1, plain!(O::Size)),
    known("Slice", 1, 5, slice),
    known("Softmax", 1, 1, |a| softmax(a, false)),
    known("Softplus", 1, 1, plain!(O::Activation(Nonlinearity::Softplus))),
    known("Softsign", 1, 1, plain!(O::Activation(Nonlinearity::Softsign))),
    known("SpaceToDepth", 1, 1, |a| {
        a.choice("mode", &[("DCR", ())])?;
        Ok(O::SpaceToDepth { block: a.count("blocksize", 0)? })
    }),
    Known { outputs: ANY, ..known("Split", 2, 2, split) },
    known("Sqrt", 6, 1, plain!(O::Elementwise(E::Sqrt))),
    known("Squeeze", 1, 2, |a| {
        a.list("axes", 1, 13)?;
        Ok(O::Squeeze)
    }),
    known("Sub", 7, 2, plain!(O::Subtract)),
    known("Sum", 8, ANY, plain!(O::Add)),
    known("Swish", 24, 1, |a| Ok(O::Activation(Nonlinearity::Swish { alpha: a.float("alpha", 1.0)? }))),
    known("Tanh", 6, 1, plain!(O::Tanh)),
    known("ThresholdedRelu", 10, 1, |a| {
        Ok(O::Activation(Nonlinearity::ThresholdedRelu { alpha: a.float("alpha", 1.0)? }))
    }),
    known("Tile", 6, 2, plain!(O::Tile)),
    known("Transpose", 1, 1, |a| Ok(O::Transpose { order: a.integers("perm")? })),
    known("Trilu", 14, 2, |a| Ok(O::Trilu { upper: a.integer("upper", 1)? != 0 })),
    known("Unsqueeze", 1, 2, |a| {
        a.list("axes", 1, 13)?;
        Ok(O::Unsqueeze)
    }),
    Known { sets: [7, 9], ..known("Upsample", 7, 2, upsample) },
    known("Where", 9, 3, plain!(O::Where)),
    known("Xor", 7, 2, plain!(O::Binary(B::Xor))),
];

/// A node that computes, read by the rules of its operator set. `wanted` holds the values that anything reads.
pub(super) fn node(
    file: &str,
    node: &NodeProto,
    version: i64,
    wanted: &HashSet<&str>,
    constants: &mut HashMap<String, Array>,
    external: &mut External,
) -> Result<Node> {
    let name = name(node);
    let a = Reader::new(file, node, &name, version, constants);
    let entry = find(&a)?;
    let mut operator = (entry.read)(&a)?;
    if let Operator::ConstantOfShape(value) = &mut operator
        && let Some(tensor) = a.tensor("value")?
    {
        *value = external.constant(tensor)?;
        if value.len() != 1 {
            return Err(a.refused(&format!("a value of {} numbers, expected 1", value.len())));
        }
    }
    if let Some(unread) = a.unread() {
        return Err(a.refused(&format!("attribute {unread} is not known in this operator set")));
    }
    if node.input.len() > entry.inputs {
        return Err(a.refused(&format!("{} inputs, expected at most {}", node.input.len(), entry.inputs)));
    }
    let read_too = node.output.iter().skip(entry.outputs).find(|output| wanted.contains(output.as_str()));
    if let Some(output) = read_too {
        return Err(a.refused(&format!("its output `{output}` is used, and only the first {} computed", entry.outputs)));
    }
    let outputs: Vec<String> = node.output.iter().take(entry.outputs).cloned().collect();
    if outputs.first().is_none_or(String::is_empty) {
        return Err(a.refused("no output"));
    }
    let inputs = a.inputs.into_inner();
    Ok(Node { name, operator, inputs, outputs })
}

/// Exporters may leave names out; the value that a node makes always has one.
pub(super) fn name(node: &NodeProto) -> String {
    if node.name.is_empty() { node.output.first().cloned().unwrap_or_default() } else { node.name.clone() }
}

/// The operator of a node, or the reason why there is none.
fn find(a: &Reader) -> Result<&'static Known> {
    let domain = &a.node.domain;
    if !super::is_onnx(domain) {
        return Err(a.refused(&format!(
            "an operator of domain `{domain}`, which is no part of ONNX; export the model with ONNX's own operators"
        )));
    }
    if a.version < SETS[0] || a.version > SETS[1] {
        return Err(a.refused(&format!(
            "operator sets {} to {} are known; convert the file with onnx.version_converter.convert_version(model, 17)",
            SETS[0], SETS[1]
        )));
    }
    let entry = KNOWN.iter().find(|entry| entry.name == a.node.op_type);
    let entry = entry.ok_or_else(|| a.refused("this operator is not known; export the model without it"))?;
    let [first, last] = entry.sets;
    if !(first..=last).contains(&a.version) {
        return Err(a.refused(&format!("this operator is in the operator sets {first} to {last} only")));
    }
    Ok(entry)
}

/// The value of a node that only holds a constant.
pub(super) fn constant(
    file: &str,
    node: &NodeProto,
    version: i64,
    constants: &mut HashMap<String, Array>,
    external: &mut External,
) -> Result<Array> {
    let name = name(node);
    let a = Reader::new(file, node, &name, version, constants);
    if let Some(tensor) = a.tensor("value")? {
        return external.constant(tensor);
    }
    if a.find("value_float").is_some() {
        return Ok(Array::scalar(a.float("value_float", 0.0)?));
    }
    if let Some(list) = a.floats("value_floats")? {
        return Ok(Array::floats(vec![list.len()], list));
    }
    if let Some(value) = a.optional_integer("value_int")? {
        return Ok(Array::whole(Kind::INT64, Vec::new(), vec![value]));
    }
    if let Some(list) = a.integers("value_ints")? {
        return Ok(Array::list(list));
    }
    let held: Vec<&str> = node.attribute.iter().map(|attribute| attribute.name.as_str()).collect();
    Err(a.refused(&format!("a constant with {}, expected numbers", held.join(", "))))
}

fn arg_max(a: &Reader, smallest: bool) -> Result<Operator> {
    Ok(O::ArgMax {
        axis: a.integer("axis", 0)?,
        keep: a.integer("keepdims", 1)? != 0,
        last: a.flag("select_last_index")?,
        smallest,
    })
}

fn attention(a: &Reader) -> Result<Operator> {
    // Only for outputs that are not computed.
    a.integer("qk_matmul_output_mode", 0)?;
    a.integer("softmax_precision", 1)?;
    let softcap = a.float("softcap", 0.0)?;
    if softcap != 0.0 {
        return Err(a.refused(&format!("attribute softcap is {softcap}, expected 0")));
    }
    for window in ["left_window_size", "right_window_size"] {
        let size = a.integer(window, -1)?;
        if size != -1 {
            return Err(a.refused(&format!("attribute {window} is {size}, expected -1: every token sees every other")));
        }
    }
    let heads = |name: &str| -> Result<Option<usize>> {
        Ok(a.optional_integer(name)?.and_then(|heads| usize::try_from(heads).ok()))
    };
    let scale = match a.find("scale") {
        Some(_) => Some(a.float("scale", 0.0)?),
        None => None,
    };
    let heads = [heads("q_num_heads")?, heads("kv_num_heads")?];
    Ok(O::Attention(operator::Attention { scale, causal: a.flag("is_causal")?, heads }))
}

fn average_pool(a: &Reader) -> Result<Operator> {
    let pool = a.pool()?;
    if pool.dilation != [1, 1] {
        return Err(a.refused(&format!("an average over a window with dilations {:?}, expected 1", pool.dilation)));
    }
    Ok(O::AveragePool { pool, count_padding: a.flag("count_include_pad")? })
}

fn batch_norm(a: &Reader) -> Result<Operator> {
    if a.flag("training_mode")? {
        return Err(a.refused("exported in training mode; call model.eval() and export again"));
    }
    if a.version < 9 && a.integer("spatial", 1)? != 1 {
        return Err(a.refused("statistics for each pixel (spatial = 0), expected one for each channel"));
    }
    // How running statistics are updated in training.
    a.float("momentum", 0.9)?;
    Ok(O::BatchNorm { epsilon: a.float("epsilon", 1e-5)? })
}

fn cast(a: &Reader) -> Result<Operator> {
    // For the 8-bit floats, which are refused as a kind.
    a.integer("saturate", 1)?;
    a.text("round_mode")?;
    match a.kind("to")? {
        // Programs differ in what becomes of numbers that do not fit.
        Some(kind @ Kind::Whole { bits: ..8, .. }) => {
            Err(a.refused(&format!("numbers of type {kind}, expected 8 bits or more")))
        }
        Some(kind) => Ok(O::Cast(kind)),
        None => Err(a.refused("attribute to is missing")),
    }
}

fn cast_like(a: &Reader) -> Result<Operator> {
    a.integer("saturate", 1)?;
    a.text("round_mode")?;
    Ok(O::CastLike)
}

fn clip(a: &Reader) -> Result<Operator> {
    if a.version < 11 {
        a.as_input(1, "min", Some(Array::scalar(a.float("min", f32::MIN)?)));
        a.as_input(2, "max", Some(Array::scalar(a.float("max", f32::MAX)?)));
    }
    Ok(O::Clip)
}

/// Its size stands in the weights as well.
fn kernel_shape(a: &Reader) -> Result<()> {
    let Some(kernel) = a.integers("kernel_shape")? else { return Ok(()) };
    let weights = a.constant(1).map(|weights| weights.shape);
    match weights {
        Some(shape) if !shape.iter().skip(2).map(|size| *size as i64).eq(kernel.iter().copied()) => {
            Err(a.refused(&format!("attribute kernel_shape is {kernel:?} and the weights are {shape:?}")))
        }
        _ => Ok(()),
    }
}

fn conv(a: &Reader) -> Result<Operator> {
    kernel_shape(a)?;
    Ok(O::Conv {
        stride: a.pair("strides", 1)?,
        padding: a.padding()?,
        dilation: a.pair("dilations", 1)?,
        groups: a.count("group", 1)?,
    })
}

fn conv_transpose(a: &Reader) -> Result<Operator> {
    kernel_shape(a)?;
    let output_padding = match a.integers("output_padding")?.as_deref() {
        None | Some([]) => [0; 2],
        Some([rows, columns]) if *rows >= 0 && *columns >= 0 => [*rows as usize, *columns as usize],
        Some(other) => return Err(a.refused(&format!("attribute output_padding is {other:?}, expected two amounts"))),
    };
    let output_shape = match a.integers("output_shape")?.as_deref() {
        None | Some([]) => None,
        Some([rows, columns] | [_, _, rows, columns]) if *rows > 0 && *columns > 0 => {
            Some([*rows as usize, *columns as usize])
        }
        Some(other) => return Err(a.refused(&format!("attribute output_shape is {other:?}, expected two sizes"))),
    };
    Ok(O::ConvTranspose {
        stride: a.pair("strides", 1)?,
        padding: a.padding()?,
        output_padding,
        output_shape,
        dilation: a.pair("dilations", 1)?,
        groups: a.count("group", 1)?,
    })
}

fn depth_to_space(a: &Reader) -> Result<Operator> {
    let columns_first = a.choice("mode", &[("DCR", false), ("CRD", true)])?;
    Ok(O::DepthToSpace { block: a.count("blocksize", 0)?, columns_first })
}

/// Scales for blocks of numbers are not known.
fn blocks(a: &Reader) -> Result<()> {
    match a.integer("block_size", 0)? {
        0 => Ok(()),
        size => Err(a.refused(&format!("attribute block_size is {size}, expected 0: one scale for each channel"))),
    }
}

fn quantize(a: &Reader) -> Result<Operator> {
    blocks(a)?;
    a.integer("saturate", 1)?;
    // The type that the division is done in.
    a.integer("precision", 0)?;
    Ok(O::Quantize { axis: a.integer("axis", 1)?, kind: a.kind("output_dtype")? })
}

fn dequantize(a: &Reader) -> Result<Operator> {
    blocks(a)?;
    a.kind("output_dtype")?;
    Ok(O::Dequantize { axis: a.integer("axis", 1)? })
}

fn dropout(a: &Reader) -> Result<Operator> {
    // Both only matter in training.
    a.float("ratio", 0.5)?;
    a.integer("seed", 0)?;
    let training = match a.constant(2) {
        Some(array) => array.to_floats().iter().any(|flag| *flag != 0.0),
        None => a.has(2),
    };
    if training {
        return Err(
            a.refused("training_mode is on, so features are dropped at random; call model.eval() and export again")
        );
    }
    Ok(O::Dropout { rate: 0.0 })
}

fn pad(a: &Reader) -> Result<Operator> {
    if a.version < 11 {
        a.list("pads", 1, 11)?;
        a.as_input(2, "value", Some(Array::scalar(a.float("value", 0.0)?)));
    }
    if a.has(3) && a.version < 18 {
        return Err(a.refused("axes as an input, which operator set 18 brought"));
    }
    let modes = [
        ("constant", PadMode::Constant),
        ("reflect", PadMode::Reflect),
        ("edge", PadMode::Edge),
        ("wrap", PadMode::Wrap),
    ];
    Ok(O::Pad(a.choice("mode", &modes)?))
}

/// Axes are an input since operator set `since`.
fn reduce(a: &Reader, how: Reduction, since: i64) -> Result<Operator> {
    a.list("axes", 1, since)?;
    let keep = a.integer("keepdims", 1)? != 0;
    let empty_is_none = a.version >= since && a.flag("noop_with_empty_axes")?;
    Ok(O::Reduce { how, keep, empty_is_none })
}

fn resize(a: &Reader) -> Result<Operator> {
    let mode =
        a.choice("mode", &[("nearest", Sampling::Nearest), ("linear", Sampling::Linear), ("cubic", Sampling::Cubic)])?;
    if a.version < 11 {
        a.as_input(2, "scales", None);
        let mut inputs = a.inputs.borrow_mut();
        if inputs.len() != 2 {
            return Err(a.refused(&format!("{} inputs, expected the image and its factors", inputs.len())));
        }
        inputs.insert(1, String::new());
        return Ok(O::Resize(Resizing { centres: Centres::Asymmetric, nearest: Nearest::Simple, ..resizing(mode) }));
    }
    let centres = a.choice(
        "coordinate_transformation_mode",
        &[
            ("half_pixel", Centres::HalfPixel),
            ("pytorch_half_pixel", Centres::PytorchHalfPixel),
            ("align_corners", Centres::AlignCorners),
            ("asymmetric", Centres::Asymmetric),
            ("half_pixel_symmetric", Centres::HalfPixelSymmetric),
            ("tf_half_pixel_for_nn", Centres::HalfPixelForNearest),
        ],
    )?;
    let nearest = a.choice(
        "nearest_mode",
        &[
            ("round_prefer_floor", Nearest::RoundPreferFloor),
            ("round_prefer_ceil", Nearest::RoundPreferCeil),
            ("floor", Nearest::Floor),
            ("ceil", Nearest::Ceil),
        ],
    )?;
    let policy = a.choice(
        "keep_aspect_ratio_policy",
        &[
            ("stretch", Proportions::Stretch),
            ("not_larger", Proportions::NotLarger),
            ("not_smaller", Proportions::NotSmaller),
        ],
    )?;
    // Only for a region of the image, which is refused above.
    a.float("extrapolation_value", 0.0)?;
    Ok(O::Resize(Resizing {
        mode,
        centres,
        nearest,
        cubic: f64::from(a.float("cubic_coeff_a", -0.75)?),
        exclude_outside: a.flag("exclude_outside")?,
        antialias: a.flag("antialias")?,
        axes: a.integers("axes")?,
        policy,
    }))
}

fn resizing(mode: Sampling) -> Resizing {
    Resizing {
        mode,
        centres: Centres::HalfPixel,
        nearest: Nearest::RoundPreferFloor,
        cubic: -0.75,
        exclude_outside: false,
        antialias: false,
        axes: None,
        policy: Proportions::Stretch,
    }
}

fn upsample(a: &Reader) -> Result<Operator> {
    let mode = a.choice("mode", &[("nearest", Sampling::Nearest), ("linear", Sampling::Linear)])?;
    if a.version < 9 {
        let scales = a.floats("scales")?.ok_or_else(|| a.refused("attribute scales is missing"))?;
        a.as_input(2, "scales", Some(Array::floats(vec![scales.len()], scales)));
    } else {
        a.inputs.borrow_mut().insert(1, String::new());
    }
    Ok(O::Resize(Resizing { centres: Centres::Asymmetric, nearest: Nearest::Floor, ..resizing(mode) }))
}

fn slice(a: &Reader) -> Result<Operator> {
    if a.version < 10 {
        for (index, attribute) in ["starts", "ends", "axes"].into_iter().enumerate() {
            a.list(attribute, index + 1, 10)?;
        }
    }
    if !a.has(1) || !a.has(2) {
        return Err(a.refused("starts and ends are missing"));
    }
    Ok(O::Slice)
}

/// Before operator set 13 all axes from this one on were one.
fn softmax_axis(a: &Reader) -> Result<(i64, bool)> {
    if a.version < 13 { Ok((a.integer("axis", 1)?, true)) } else { Ok((a.integer("axis", -1)?, false)) }
}

fn softmax(a: &Reader, log: bool) -> Result<Operator> {
    let (axis, flattened) = softmax_axis(a)?;
    Ok(O::Softmax { axis, flattened, log })
}

fn split(a: &Reader) -> Result<Operator> {
    a.list("split", 1, 13)?;
    let parts = a.node.output.len();
    if let Some(number) = a.optional_integer("num_outputs")?
        && number != parts as i64
    {
        return Err(a.refused(&format!("attribute num_outputs is {number}, and there are {parts} outputs")));
    }
    Ok(O::Split { axis: a.integer("axis", 0)?, parts })
}

/// In what precision a norm is computed.
fn stash(a: &Reader) -> Result<()> {
    match a.integer("stash_type", 1)? {
        number if types::kind(number as i32) == Some(Kind::Float) => Ok(()),
        number => Err(a.refused(&format!("attribute stash_type is {}", types::name(number as i32)))),
    }
}

/// For messages about a file that is refused as a whole.
pub(super) fn refused(file: &str, why: impl std::fmt::Display) -> Error {
    Error::Model(format!("{file}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document that lists what is claimed.
    fn document() -> String {
        let [first, last] = SETS;
        let mut text = format!(
            "# Operators of ONNX that Lacuna reads\n\nMade from the table in `src/graph/onnx/nodes.rs`; a test holds it. Domain \
             `ai.onnx`, operator sets {first} to {last}. Each\nis read by the rules of the set that the file is written in; an \
             attribute, a form or a set that is not known is\nrefused by name. Windows and convolutions are those of images, \
             with rows and columns.\n\n| operator | sets |\n|---|---|\n"
        );
        for known in KNOWN {
            text += &format!("| {} | {} to {} |\n", known.name, known.sets[0], known.sets[1]);
        }
        text + "\nRead as well: `Constant`, `If` with a constant condition, functions of the file, and the operators of quantised \
                graphs\n`QLinearConv`, `QLinearMatMul`, `ConvInteger`, `MatMulInteger`, and of the domain `com.microsoft` \
                `QGemm`, `QLinearAdd`,\n`QLinearMul`, `QLinearGlobalAveragePool`, `QLinearSigmoid` and `QLinearLeakyRelu`. \
                Quantised graphs have no gradients.\n"
    }

    #[test]
    fn the_list_of_operators_is_that_of_the_table() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("OPERATORS.md");
        if std::env::var_os("LACUNA_WRITE_DOCUMENTS").is_some() {
            std::fs::write(&file, document()).unwrap();
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, document(), "{}: run this test with LACUNA_WRITE_DOCUMENTS=1", file.display());
    }

    #[test]
    fn operators_are_sorted_and_each_once() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
