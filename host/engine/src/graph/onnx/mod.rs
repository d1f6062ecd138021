//! Reads an ONNX file into a [`Graph`](super::Graph).

mod attributes;
mod constants;
mod nodes;
mod proto;

use super::{Constant, Graph};
use crate::model_file::ModelFiles;
use crate::{Error, Result};
use prost::Message;
use std::collections::HashMap;

/// Reads the graph in `bytes`; `file` names it in messages, `files` finds external weights beside it.
///
/// # Errors
/// [`Error::Model`] when the bytes are no ONNX, an operator or attribute is unknown, or a weights
/// file is missing; the message names the node or the file.
pub(crate) fn read(file: &str, bytes: &[u8], files: &ModelFiles) -> Result<Graph> {
    let model = proto::ModelProto::decode(bytes).map_err(|error| {
        Error::Model(format!("{file}: not an ONNX file ({error}); export the model again with torch.onnx.export"))
    })?;
    let graph = model.graph.filter(|graph| !graph.node.is_empty()).ok_or_else(|| {
        Error::Model(format!("{file}: an ONNX file without a graph ({} bytes); export the model again", bytes.len()))
    })?;
    let version = model
        .opset_import
        .iter()
        .find(|set| set.domain.is_empty() || set.domain == "ai.onnx")
        .map_or(0, |set| set.version);
    if version < 9 {
        return Err(Error::Model(format!(
            "{file}: ONNX operator set {version}, expected 9 or later; export it again with opset_version=17"
        )));
    }

    let mut external = constants::External::new(file, files);
    let mut named = HashMap::new();
    for tensor in &graph.initializer {
        named.insert(tensor.name.clone(), external.constant(tensor)?);
    }
    let mut nodes = Vec::with_capacity(graph.node.len());
    for node in &graph.node {
        if node.op_type == "Constant" {
            let (name, constant) = nodes::constant(file, node, &mut external)?;
            named.insert(name, constant);
        } else if let Some((name, constant)) = other_name(node, &named) {
            named.insert(name, constant);
        } else {
            nodes.push(nodes::node(file, node, version)?);
        }
    }
    // Old exporters list the weights among the inputs.
    let input =
        only(file, "input", graph.input.iter().map(|value| &value.name).filter(|name| !named.contains_key(*name)))?;
    let output = only(file, "output", graph.output.iter().map(|value| &value.name))?;
    Ok(Graph { input, output, nodes, constants: named })
}

/// PyTorch writes equal weights once, and an Identity for each other place that reads them.
fn other_name(node: &proto::NodeProto, named: &HashMap<String, Constant>) -> Option<(String, Constant)> {
    let (input, output) = (node.input.first()?, node.output.first()?);
    let constant = named.get(input).filter(|_| node.op_type == "Identity")?;
    Some((output.clone(), constant.clone()))
}

fn only<'a>(file: &str, what: &str, names: impl Iterator<Item = &'a String>) -> Result<String> {
    let names: Vec<&String> = names.collect();
    match names.as_slice() {
        [name] => Ok((*name).clone()),
        _ => Err(Error::Model(format!(
            "{file}: the graph has {} {what}s ({names:?}), expected one: images in, logits out",
            names.len()
        ))),
    }
}
