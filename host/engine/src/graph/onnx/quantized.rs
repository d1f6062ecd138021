//! Operators of quantised graphs, written out of those that put numbers on a scale and take them off it.

use super::inline::Call;
use super::is_onnx;
use super::nodes::name;
use super::order::BETWEEN;
use super::proto::{AttributeProto, NodeProto, OperatorSet};
use crate::graph::array::Array;
use std::collections::HashMap;
use std::rc::Rc;

/// The operators of quantised graphs, written with those that put numbers on a scale and take them off it. Whole numbers
/// up to 2^24 are exact in single precision, so the result is that of whole numbers.
pub(super) fn quantized(call: &Call, constants: &HashMap<String, Array>) -> Option<Vec<Call>> {
    let node = &call.node;
    let contrib = node.domain == "com.microsoft";
    if !is_onnx(&node.domain) && !contrib {
        return None;
    }
    let at = name(node);
    let input = |index: usize| node.input.get(index).cloned().unwrap_or_default();
    let make = |kind: &str, inputs: Vec<String>, output: String, attributes: Vec<AttributeProto>| NodeProto {
        name: format!("{at}/{kind}"),
        op_type: kind.to_owned(),
        input: inputs,
        output: vec![output],
        attribute: attributes,
        ..NodeProto::default()
    };
    let inner = |what: &str| format!("{}{BETWEEN}{what}", node.output.first().map_or("", String::as_str));
    let whole = |name: &str, value: i64| AttributeProto { name: name.into(), i: value, kind: 2, ..Default::default() };
    let attribute = |wanted: &str| node.attribute.iter().filter(|a| a.name == wanted).cloned().collect::<Vec<_>>();
    let output = node.output.first().cloned().unwrap_or_default();
    let off = |index: usize, what: &str, axis: i64| {
        let inputs = vec![input(index), input(index + 1), input(index + 2)];
        make("DequantizeLinear", inputs, inner(what), vec![whole("axis", axis)])
    };
    let on = |value: &str, scale: usize| {
        make("QuantizeLinear", vec![inner(value), input(scale), input(scale + 1)], output.clone(), Vec::new())
    };
    let nodes = match (node.op_type.as_str(), contrib) {
        ("QLinearConv", false) => {
            let mut inputs = vec![inner("x"), inner("w")];
            let mut nodes = vec![off(0, "x", 1), off(3, "w", 0)];
            if !input(8).is_empty() {
                // Biases are on the scale of the products.
                let scale = make("Mul", vec![input(1), input(4)], inner("scale"), Vec::new());
                let bias = vec![input(8), inner("scale")];
                nodes.push(scale);
                nodes.push(make("DequantizeLinear", bias, inner("b"), vec![whole("axis", 0)]));
                inputs.push(inner("b"));
            }
            nodes.push(make("Conv", inputs, inner("y"), node.attribute.clone()));
            nodes.push(on("y", 6));
            nodes
        }
        ("QLinearMatMul", false) => vec![
            // A list of scales is for the rows of the first matrix, and for the columns of the second.
            off(0, "a", -2),
            off(3, "b", -1),
            make("MatMul", vec![inner("a"), inner("b")], inner("y"), Vec::new()),
            on("y", 6),
        ],
        ("ConvInteger" | "MatMulInteger", false) => {
            let conv = node.op_type == "ConvInteger";
            let mut nodes = Vec::new();
            for (index, what) in ["a", "b"].into_iter().enumerate() {
                let float = || vec![whole("to", 1)];
                nodes.push(make("Cast", vec![input(index)], inner(&format!("{what} as it is")), float()));
                let zero = input(index + 2);
                if zero.is_empty() {
                    nodes.push(make("Identity", vec![inner(&format!("{what} as it is"))], inner(what), Vec::new()));
                } else {
                    // A list of zero points is for the output channels of a kernel, for the rows of a first matrix, and for
                    // the columns of a second one.
                    let list = constants.get(&zero).is_some_and(|zero| zero.shape.len() == 1 && zero.len() > 1);
                    let rank = constants.get(&input(1)).map_or(4, |kernel| kernel.shape.len() as i64);
                    let axes: Vec<i64> = match (list, conv, index) {
                        (true, true, 1) => (1..rank).collect(),
                        (true, false, 0) => vec![1],
                        _ => Vec::new(),
                    };
                    let flat = inner(&format!("{what} zero in a list"));
                    let (to, at) = (inner(&format!("{what} zero")), inner(&format!("{what} axes")));
                    nodes.push(make("Cast", vec![zero], flat.clone(), float()));
                    let ints = AttributeProto { name: "value_ints".into(), ints: axes, kind: 7, ..Default::default() };
                    nodes.push(make("Constant", Vec::new(), at.clone(), vec![ints]));
                    nodes.push(make("Unsqueeze", vec![flat, at], to.clone(), Vec::new()));
                    let both = vec![inner(&format!("{what} as it is")), to];
                    nodes.push(make("Sub", both, inner(what), Vec::new()));
                }
            }
            let (kind, attributes) = if conv { ("Conv", node.attribute.clone()) } else { ("MatMul", Vec::new()) };
            nodes.push(make(kind, vec![inner("a"), inner("b")], inner("y"), attributes));
            nodes.push(make("Cast", vec![inner("y")], output.clone(), vec![whole("to", 6)]));
            nodes
        }
        ("QLinearAdd" | "QLinearMul", true) => {
            let kind = if node.op_type == "QLinearAdd" { "Add" } else { "Mul" };
            vec![
                off(0, "a", -1),
                off(3, "b", -1),
                make(kind, vec![inner("a"), inner("b")], inner("y"), Vec::new()),
                on("y", 6),
            ]
        }
        ("QLinearGlobalAveragePool", true) if attribute("channels_last").iter().all(|a| a.i == 0) => {
            vec![off(0, "x", 1), make("GlobalAveragePool", vec![inner("x")], inner("y"), Vec::new()), on("y", 3)]
        }
        // Programs differ in what padding counts where the number of windows is rounded up.
        ("QLinearAveragePool", true)
            if attribute("channels_last").iter().all(|a| a.i == 0)
                && !["ceil_mode", "count_include_pad"].iter().all(|name| attribute(name).iter().any(|a| a.i != 0)) =>
        {
            let pool = node.attribute.iter().filter(|a| a.name != "channels_last").cloned().collect();
            vec![off(0, "x", 1), make("AveragePool", vec![inner("x")], inner("y"), pool), on("y", 3)]
        }
        ("QLinearConcat", true) => {
            // Scale and zero point of the result, then values with theirs.
            let parts: Vec<usize> = (2..node.input.len()).step_by(3).collect();
            let part = |index: usize| inner(&format!("x{index}"));
            let mut nodes: Vec<NodeProto> = parts.iter().map(|index| off(*index, &format!("x{index}"), 1)).collect();
            let values = parts.iter().map(|index| part(*index)).collect();
            nodes.push(make("Concat", values, inner("y"), attribute("axis")));
            nodes.push(on("y", 0));
            nodes
        }
        ("QLinearSoftmax", true) => {
            vec![off(0, "x", 1), make("Softmax", vec![inner("x")], inner("y"), attribute("axis")), on("y", 3)]
        }
        ("QLinearSigmoid" | "QLinearLeakyRelu", true) => {
            vec![off(0, "x", 1), make(&node.op_type[7..], vec![inner("x")], inner("y"), attribute("alpha")), on("y", 3)]
        }
        ("QGemm", true) => {
            let mut inputs = vec![inner("a"), inner("b")];
            let mut nodes =
                vec![off(0, "a", 1), off(3, "b", if attribute("transB").iter().any(|a| a.i != 0) { 0 } else { 1 })];
            if !input(6).is_empty() {
                nodes.push(make("Mul", vec![input(1), input(4)], inner("scale"), Vec::new()));
                nodes.push(make(
                    "DequantizeLinear",
                    vec![input(6), inner("scale")],
                    inner("c"),
                    vec![whole("axis", -1)],
                ));
                inputs.push(inner("c"));
            }
            let attributes = ["transA", "transB", "alpha"].into_iter().flat_map(attribute).collect();
            if input(7).is_empty() {
                nodes.push(make("Gemm", inputs, output.clone(), attributes));
            } else {
                nodes.push(make("Gemm", inputs, inner("y"), attributes));
                nodes.push(on("y", 7));
            }
            nodes
        }
        _ => return None,
    };
    let version = call.sets.iter().find(|set| is_onnx(&set.domain)).map_or(0, |set| set.version);
    // Scales for channels came with operator set 13; the other operators that are used here are the same before. A Softmax
    // says itself by which set it is to be read.
    let of_its_own = attribute("opset").first().map_or(version, |a| a.i);
    let sets = |version| Rc::new(vec![OperatorSet { domain: String::new(), version }]);
    let (sets, own) = (sets(version.max(13)), sets(of_its_own));
    let set = |node: &NodeProto| if node.op_type == "Softmax" { own.clone() } else { sets.clone() };
    Some(nodes.into_iter().map(|node| Call { sets: set(&node), node, depth: call.depth }).collect())
}
