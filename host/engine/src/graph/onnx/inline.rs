//! Calls that a file writes out of others: functions of its own, and branches that a constant chooses.

use super::is_onnx;
use super::nodes::{name, refused};
use super::order::BETWEEN;
use super::proto::{AttributeProto, FunctionProto, GraphProto, NodeProto, OperatorSet, TensorProto};
use crate::Result;
use std::collections::{HashMap, HashSet};
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
    let place = place(node);
    let mut names: HashMap<&str, String> = HashMap::new();
    for (index, input) in function.input.iter().enumerate() {
        names.insert(input, node.input.get(index).cloned().unwrap_or_default());
    }
    for (index, output) in function.output.iter().enumerate() {
        if let Some(given) = node.output.get(index).filter(|given| !given.is_empty()) {
            names.insert(output, given.clone());
        }
    }
    let new_name = |value: &str| names.get(value).cloned().unwrap_or_else(|| within(&place, value));
    let sets = Rc::new(function.opset_import.clone());
    let calls = function.node.iter().map(|inner| {
        let mut inner = with_attributes(inner, node, function);
        inner.name = format!("{}/{}", name(node), name(&inner));
        Call { node: renamed(inner, &new_name), sets: sets.clone(), depth: call.depth + 1 }
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

/// The nodes of a branch that a constant chooses, under the names of the choice's own outputs. What its nodes make is
/// renamed: two branches may use the same names.
pub(super) fn branch(call: &Call, graph: &GraphProto) -> (Vec<Call>, Vec<TensorProto>) {
    let place = place(&call.node);
    let made = graph.node.iter().flat_map(|node| &node.output).map(String::as_str);
    let inner: HashSet<&str> = made.chain(graph.initializer.iter().map(|tensor| tensor.name.as_str())).collect();
    let new_name = |value: &str| if inner.contains(value) { within(&place, value) } else { value.to_owned() };
    let mut calls: Vec<Call> = graph
        .node
        .iter()
        .map(|node| {
            let mut node = node.clone();
            node.name = name(&node);
            Call { node: renamed(node, &new_name), ..call.clone() }
        })
        .collect();
    for (value, output) in graph.output.iter().zip(&call.node.output) {
        let identity = NodeProto {
            op_type: "Identity".into(),
            input: vec![new_name(&value.name)],
            output: vec![output.clone()],
            ..NodeProto::default()
        };
        calls.push(Call { node: identity, ..call.clone() });
    }
    let rename = |tensor: &TensorProto| TensorProto { name: new_name(&tensor.name), ..tensor.clone() };
    (calls, graph.initializer.iter().map(rename).collect())
}

/// A name that no other call has: a value is made once.
fn place(node: &NodeProto) -> String {
    node.output.iter().find(|output| !output.is_empty()).cloned().unwrap_or_default()
}

/// The name of a value inside of a call. No value of a file can have it: see [`super::order`].
fn within(place: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("{place}{BETWEEN}{value}") }
}

/// A node with other names for its values, those in its branches included.
fn renamed(mut node: NodeProto, new_name: &dyn Fn(&str) -> String) -> NodeProto {
    let all = |names: &mut Vec<String>| {
        names.iter_mut().filter(|name| !name.is_empty()).for_each(|name| *name = new_name(name));
    };
    all(&mut node.input);
    all(&mut node.output);
    for graph in node.attribute.iter_mut().filter_map(|attribute| attribute.g.as_deref_mut()) {
        graph.node = std::mem::take(&mut graph.node).into_iter().map(|node| renamed(node, new_name)).collect();
        graph.initializer.iter_mut().for_each(|tensor| tensor.name = new_name(&tensor.name));
        graph.output.iter_mut().for_each(|value| value.name = new_name(&value.name));
    }
    node
}

/// A node of a function with what the call gives for its attributes, those in its branches included.
fn with_attributes(node: &NodeProto, call: &NodeProto, function: &FunctionProto) -> NodeProto {
    let mut node = node.clone();
    node.attribute = node.attribute.iter().filter_map(|attribute| given(attribute, call, function)).collect();
    for graph in node.attribute.iter_mut().filter_map(|attribute| attribute.g.as_deref_mut()) {
        graph.node = graph.node.iter().map(|inner| with_attributes(inner, call, function)).collect();
    }
    node
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
