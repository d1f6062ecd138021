//! Calls that a file writes out of others: functions of its own.

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
