//! Nodes of an ONNX graph, each by the rules of its operator set.

use super::attributes::Reader;
use super::constants::External;
use super::operators::{KNOWN, Known, SETS};
use super::proto::NodeProto;
use crate::graph::array::{Array, Kind};
use crate::graph::{Node, Operator};
use crate::{Error, Result};
use std::collections::{HashMap, HashSet};

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
    let name = if node.name.is_empty() { node.output.first().cloned().unwrap_or_default() } else { node.name.clone() };
    // It stands in messages and in lists of layers, a line each.
    if name.contains(|c: char| c.is_control()) { name.replace(|c: char| c.is_control(), " ") } else { name }
}

/// The operator of a node, or the reason why there is none.
fn find(a: &Reader) -> Result<&'static Known> {
    let domain = &a.node.domain;
    if !super::is_onnx(domain) {
        let what = match domain.as_str() {
            "ai.onnx.ml" => "classical machine learning (trees, linear models, tables), which is not known",
            "ai.onnx.training" | "ai.onnx.preview.training" => "training, which is not known",
            "com.microsoft" => "onnxruntime's own, which is not known, or not in this form",
            _ => "which is no part of ONNX",
        };
        return Err(a.refused(&format!(
            "an operator of domain `{domain}`, {what}; export the model with operators of ONNX's own domain"
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

/// The error for a file that is refused as a whole.
pub(super) fn refused(file: &str, why: impl std::fmt::Display) -> Error {
    Error::Model(format!("{file}: {why}"))
}
