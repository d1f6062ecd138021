//! Calls that a file writes out of others: functions of its own, and operators of quantised graphs.

use super::is_onnx;
use super::nodes::{name, refused};
use super::proto::{AttributeProto, FunctionProto, NodeProto, OperatorSet};
use crate::Result;
use std::collections::HashMap;
use std::rc::Rc;

/// A node, and the operator sets that its file or function imports.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) node: NodeProto,
    pub(super) sets: Rc<Vec<OperatorSet>>,
    /// How many functions it stands in.
    pub(super) depth: usize,
}

impl Call {
    /// The version of ONNX's own operator set, or of the set of another domain; 0 where it is not imported.
    pub(super) fn version(&self) -> i64 {
        let same = |set: &&OperatorSet| match is_onnx(&self.node.domain) {
            true => is_onnx(&set.domain),
            false => set.domain == self.node.domain,
        };
        self.sets.iter().find(same).map_or(0, |set| set.version)
    }
}

/// Functions within functions beyond this are taken for an endless call.
const DEEPEST: usize = 32;

/// The nodes that a call stands for: the body of a function of the file. None for an operator.
pub(super) fn body(file: &str, call: &Call, functions: &[FunctionProto]) -> Result<Option<Vec<Call>>> {
    let node = &call.node;
    let function = functions.iter().find(|function| {
        function.name == node.op_type && function.domain == node.domain && function.overload == node.overload
    });
    let Some(function) = function else { return Ok(None) };
    if call.depth >= DEEPEST {
        return Err(refused(
            file,
            format_args!("function `{}` is called {DEEPEST} deep; export the model without functions", function.name),
        ));
    }
    // Values of the body get the name of the call before theirs, so that two calls do not meet.
    let prefix = name(node);
    let mut names: HashMap<&str, String> = HashMap::new();
    for (index, input) in function.input.iter().enumerate() {
        names.insert(input, node.input.get(index).cloned().unwrap_or_default());
    }
    for (index, output) in function.output.iter().enumerate() {
        if let Some(given) = node.output.get(index).filter(|given| !given.is_empty()) {
            names.insert(output, given.clone());
        }
    }
    let renamed = |value: &String| match names.get(value.as_str()) {
        Some(given) => given.clone(),
        None if value.is_empty() => String::new(),
        None => format!("{prefix}/{value}"),
    };
    let sets = Rc::new(function.opset_import.clone());
    let calls = function.node.iter().map(|inner| {
        let mut inner = inner.clone();
        inner.name = format!("{prefix}/{}", name(&inner));
        inner.input = inner.input.iter().map(renamed).collect();
        inner.output = inner.output.iter().map(renamed).collect();
        inner.attribute = inner.attribute.iter().filter_map(|attribute| given(attribute, node, function)).collect();
        Call { node: inner, sets: sets.clone(), depth: call.depth + 1 }
    });
    let mut calls: Vec<Call> = calls.collect();
    // A function may hand an input on as its output.
    for (index, output) in function.output.iter().enumerate() {
        if let (true, Some(given)) = (function.input.contains(output), node.output.get(index)) {
            let source = function.input.iter().position(|input| input == output).and_then(|at| node.input.get(at));
            let identity = NodeProto {
                op_type: "Identity".into(),
                input: source.cloned().into_iter().collect(),
                output: vec![given.clone()],
                ..NodeProto::default()
            };
            calls.push(Call { node: identity, sets: call.sets.clone(), depth: call.depth });
        }
    }
    Ok(Some(calls))
}

/// An attribute of a body: its own value, or what the call or the function's default gives for it.
fn given(attribute: &AttributeProto, call: &NodeProto, function: &FunctionProto) -> Option<AttributeProto> {
    if attribute.refers_to.is_empty() {
        return Some(attribute.clone());
    }
    let same = |found: &&AttributeProto| found.name == attribute.refers_to;
    let found = call.attribute.iter().find(same).or_else(|| function.attribute_proto.iter().find(same))?;
    Some(AttributeProto { name: attribute.name.clone(), ..found.clone() })
}

/// The operators of quantised graphs, written with those that put numbers on a scale and take them off it. Whole numbers
/// up to 2^24 are exact in single precision, so the result is that of whole numbers.
pub(super) fn quantized(call: &Call) -> Option<Vec<Call>> {
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
    let inner = |what: &str| format!("{at}\n{what}");
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
            off(0, "a", -1),
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
                    nodes.push(make("Cast", vec![zero], inner(&format!("{what} zero")), float()));
                    let both = vec![inner(&format!("{what} as it is")), inner(&format!("{what} zero"))];
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
    // Scales for channels came with operator set 13; the other operators that are used here are the same before.
    let set = OperatorSet { domain: String::new(), version: version.max(13) };
    let sets = Rc::new(vec![set]);
    Some(nodes.into_iter().map(|node| Call { node, sets: sets.clone(), depth: call.depth }).collect())
}
