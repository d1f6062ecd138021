//! Nodes of an ONNX graph as operators.

use super::attributes::Attributes;
use super::constants::External;
use super::proto::NodeProto;
use crate::graph::operator::{KNOWN, Padding};
use crate::graph::{Constant, Node, Operator};
use crate::{Error, Interpolation, Result};

/// A node that computes.
pub(super) fn node(file: &str, node: &NodeProto, version: i64) -> Result<Node> {
    let first_output = node.output.first().cloned().unwrap_or_default();
    // Exporters may leave names out; the value that a node makes always has one.
    let name = if node.name.is_empty() { first_output.clone() } else { node.name.clone() };
    let attributes = Attributes { file, node, name: &name };
    if node.output.iter().skip(1).any(|output| !output.is_empty())
        && !matches!(node.op_type.as_str(), "Dropout" | "BatchNormalization")
    {
        return Err(attributes.refused("more than one output"));
    }
    let operator = operator(&attributes, version)?;
    Ok(Node { name, operator, inputs: node.input.clone(), output: first_output })
}

/// A node that only holds a constant: the name of its value, and the value.
pub(super) fn constant(file: &str, node: &NodeProto, external: &mut External) -> Result<(String, Constant)> {
    let name = node.output.first().cloned().unwrap_or_default();
    let attributes = Attributes { file, node, name: &name };
    let constant = if let Some(tensor) = attributes.find("value").and_then(|attribute| attribute.t.as_ref()) {
        external.constant(tensor)?
    } else if let Some(attribute) = attributes.find("value_float") {
        Constant::Floats { shape: vec![], data: vec![attribute.f] }
    } else if let Some(attribute) = attributes.find("value_floats") {
        Constant::Floats { shape: vec![attribute.floats.len()], data: attribute.floats.clone() }
    } else if let Some(attribute) = attributes.find("value_int") {
        Constant::Integers(vec![attribute.i])
    } else if let Some(attribute) = attributes.find("value_ints") {
        Constant::Integers(attribute.ints.clone())
    } else {
        return Err(attributes.refused("a constant without numbers"));
    };
    Ok((name, constant))
}

fn operator(a: &Attributes, version: i64) -> Result<Operator> {
    let foreign = !(a.node.domain.is_empty() || a.node.domain == "ai.onnx");
    Ok(match a.node.op_type.as_str() {
        _ if foreign => return Err(unknown(a)),
        "Conv" => Operator::Conv {
            stride: a.pair("strides", 1)?,
            padding: a.padding()?,
            dilation: a.pair("dilations", 1)?,
            groups: usize::try_from(a.integer("group", 1)).unwrap_or(0).max(1),
        },
        "ConvTranspose" => {
            let Padding::Explicit(padding) = a.padding()? else {
                return Err(a.refused("auto_pad; export the model with explicit padding"));
            };
            if a.find("output_shape").is_some() {
                return Err(a.refused("attribute output_shape; export the model with explicit padding"));
            }
            let output_padding = match a.integers("output_padding").as_deref() {
                None | Some([]) => [0; 2],
                Some([rows, columns]) if *rows >= 0 && *columns >= 0 => [*rows as usize, *columns as usize],
                Some(other) => return Err(a.refused(&format!("attribute output_padding is {other:?}"))),
            };
            Operator::ConvTranspose {
                stride: a.pair("strides", 1)?,
                padding,
                output_padding,
                dilation: a.pair("dilations", 1)?,
                groups: usize::try_from(a.integer("group", 1)).unwrap_or(0).max(1),
            }
        }
        "Resize" | "Upsample" => Operator::Resize { how: resizing(a)? },
        "BatchNormalization" => {
            if a.flag("training_mode") {
                return Err(a.refused("exported in training mode; call model.eval() and export again"));
            }
            Operator::BatchNorm { epsilon: a.float("epsilon", 1e-5) }
        }
        "Relu" => Operator::Relu,
        "LeakyRelu" => Operator::LeakyRelu { slope: a.float("alpha", 0.01) },
        "Clip" => Operator::Clip { low: a.find("min").map(|low| low.f), high: a.find("max").map(|high| high.f) },
        "Sigmoid" => Operator::Sigmoid,
        "HardSigmoid" => Operator::HardSigmoid { slope: a.float("alpha", 0.2), offset: a.float("beta", 0.5) },
        "HardSwish" => Operator::HardSwish,
        "Tanh" => Operator::Tanh,
        "Softmax" if version >= 13 => Operator::Softmax { axis: a.integer("axis", -1) },
        "Softmax" => Operator::Softmax { axis: a.integer("axis", 1) },
        "MaxPool" => Operator::MaxPool(a.pool()?),
        "AveragePool" => Operator::AveragePool { pool: a.pool()?, count_padding: a.flag("count_include_pad") },
        "GlobalAveragePool" => Operator::GlobalAveragePool,
        "Gemm" => Operator::Gemm {
            alpha: a.float("alpha", 1.0),
            beta: a.float("beta", 1.0),
            transpose_a: a.flag("transA"),
            transpose_b: a.flag("transB"),
        },
        "MatMul" => Operator::MatMul,
        "Add" => Operator::Add,
        "Sub" => Operator::Subtract,
        "Mul" => Operator::Multiply,
        "Div" => Operator::Divide,
        "Concat" => Operator::Concat { axis: a.integer("axis", 0) },
        "Flatten" => Operator::Flatten { axis: a.integer("axis", 1) },
        "Reshape" => Operator::Reshape,
        "ReduceMean" => Operator::ReduceMean { axes: a.integers("axes"), keep: a.integer("keepdims", 1) != 0 },
        "Squeeze" => Operator::Squeeze { axes: a.integers("axes") },
        "Unsqueeze" => Operator::Unsqueeze { axes: a.integers("axes") },
        "Transpose" => Operator::Transpose { order: a.integers("perm") },
        "Pad" => match a.text("mode").as_str() {
            "" | "constant" if a.float("value", 0.0) == 0.0 => Operator::Pad { amounts: a.integers("pads") },
            mode => return Err(a.refused(&format!("padding mode `{mode}`, expected zeros"))),
        },
        // At inference a dropout passes everything; a cast between number types changes nothing here.
        "Identity" | "Dropout" | "Cast" => Operator::Identity,
        "Shape" => Operator::Shape { start: a.integer("start", 0), end: a.find("end").map(|end| end.i) },
        "Gather" => Operator::Gather,
        "Slice" => Operator::Slice,
        _ => return Err(unknown(a)),
    })
}

/// How a `Resize` samples. With whole factors every rule for nearest neighbours is the same one.
fn resizing(a: &Attributes) -> Result<Interpolation> {
    let centres = a.text("coordinate_transformation_mode");
    match a.text("mode").as_str() {
        "" | "nearest" => Ok(Interpolation::Nearest),
        "linear"
            if matches!(centres.as_str(), "" | "half_pixel" | "pytorch_half_pixel") && a.node.op_type == "Resize" =>
        {
            Ok(Interpolation::Bilinear)
        }
        "linear" => Err(a.refused(&format!("coordinate mode `{centres}`, expected half_pixel (align_corners=False)"))),
        mode => Err(a.refused(&format!("mode `{mode}`, expected nearest or linear"))),
    }
}

fn unknown(a: &Attributes) -> Error {
    let domain = if a.node.domain.is_empty() { String::new() } else { format!(" of domain `{}`", a.node.domain) };
    a.refused(&format!("operator{domain} is not known; known are {}", KNOWN.join(", ")))
}
