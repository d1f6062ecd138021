//! Reads an ONNX file into a [`Graph`](super::Graph).
//!
//! `bytes -> ModelProto -> calls (functions and quantised operators written out) -> nodes of known operators, each by the
//! rules of its operator set -> constants folded -> Graph`. A call whose inputs are all constants becomes one itself, by the
//! same code that runs the network.

mod attributes;
mod constants;
mod ends;
mod file_kind;
mod forms;
mod inline;
mod nodes;
mod operators;
mod order;
mod proto;
mod quantized;
mod reading;
mod types;

use super::Graph;
use super::array::{Array, Kind};
use crate::Result;
use crate::input::Input;
use crate::model_file::ModelFiles;
pub(crate) use ends::Wanted;
use inline::Call;
use nodes::refused;
use prost::Message;
use reading::Reading;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// Reads the graph in `bytes`; `file` names it in messages, `files` finds external weights beside it, `wanted` says what the
/// graph is for. `input` is what a manifest says of its images: branches are chosen by their size.
///
/// # Errors
/// [`Error::Model`] when the bytes are no ONNX, an operator or attribute is unknown, or a weights
/// file is missing; the message names the node or the file.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    files: &ModelFiles,
    wanted: Wanted,
    input: Option<&Input>,
) -> Result<Graph> {
    if let Some(other) = file_kind::of(bytes) {
        return Err(refused(file, other));
    }
    let model = proto::ModelProto::decode(bytes).map_err(|error| {
        refused(
            file,
            format_args!("no ONNX file, or one that is cut off ({error}); export or download the model again"),
        )
    })?;
    let graph = model.graph.filter(|graph| !graph.node.is_empty()).ok_or_else(|| {
        refused(file, format_args!("no ONNX graph in its {} bytes; export or download the model again", bytes.len()))
    })?;
    let version = model.opset_import.iter().find(|set| is_onnx(&set.domain)).map_or(0, |set| set.version);
    if version == 0 {
        return Err(refused(file, "the file names no operator set of ONNX's own domain; export the model again"));
    }
    let [first, last] = operators::SETS;
    if !(first..=last).contains(&version) {
        return Err(refused(
            file,
            format_args!(
                "ONNX operator set {version}, and {first} to {last} are known; convert the file with \
                 onnx.version_converter.convert_version(model, 17)"
            ),
        ));
    }

    let weights: HashSet<&String> = graph.initializer.iter().map(|tensor| &tensor.name).collect();
    // Old exporters list the weights among the inputs.
    let inputs: Vec<&proto::ValueInfo> = graph.input.iter().filter(|value| !weights.contains(&value.name)).collect();
    ends::takes_images(file, &inputs, &graph, wanted)?;
    let output = ends::output(file, &graph, wanted)?;
    let declared = ends::input(file, &inputs, &graph, &output)?;
    let rank =
        declared.shape.as_ref().map_or(4 + usize::from(input.is_some_and(|input| input.depth.is_some())), Vec::len);
    let image = input.map(|input| input.one_image(rank));
    let input = (declared.name.clone(), declared.kind);
    let file_parts = (graph, model.opset_import, model.functions.as_slice());
    let read = assemble(file, file_parts, files, &output, HashMap::new(), (Some(input), image))?;
    Ok(Graph { declared: Some(declared), ..read })
}

/// The files that a graph keeps weights in, each once. Empty for what is no graph.
pub(crate) fn external_files(bytes: &[u8]) -> Vec<String> {
    // Most graphs hold all of their weights, and are not decoded for this.
    if !bytes.windows(LOCATION.len()).any(|part| part == LOCATION) {
        return Vec::new();
    }
    let graph = proto::ModelProto::decode(bytes).ok().and_then(|model| model.graph).unwrap_or_default();
    let constants = graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
    let tensors = graph.initializer.iter().chain(constants);
    let names: BTreeSet<String> = tensors.filter_map(constants::location).map(str::to_owned).collect();
    names.into_iter().collect()
}

/// The key under which a tensor names the file that it lies in.
const LOCATION: &[u8] = b"location";

/// Reads the nodes between an input and an output; `named` holds what is known beside the file's weights.
fn assemble(
    file: &str,
    (graph, sets, functions): (proto::GraphProto, Vec<proto::OperatorSet>, &[proto::FunctionProto]),
    files: &ModelFiles,
    output: &str,
    mut named: HashMap<String, Array>,
    (input, image): (Option<(String, Kind)>, Option<Vec<usize>>),
) -> Result<Graph> {
    if let Some(name) = graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref()).next() {
        return Err(refused(
            file,
            format_args!(
                "constant `{}`: sparse weights, expected dense ones; export the model with dense weights",
                name.name
            ),
        ));
    }
    let mut external = constants::External::new(file, files);
    let nodes = order::ordered(file, graph.node, output)?;
    let read: HashSet<&str> = nodes.iter().flat_map(order::reads).chain([output]).collect();
    for tensor in graph.initializer.iter().filter(|tensor| read.contains(tensor.name.as_str())) {
        named.insert(tensor.name.clone(), external.constant(tensor)?);
    }
    let sets = Rc::new(sets);
    let calls = nodes.into_iter().map(|node| Call { node, sets: sets.clone(), depth: 0 }).collect();
    let kinds = input.iter().cloned().collect();
    let image = input.as_ref().map(|(name, _)| name.clone()).zip(image);
    let mut reading = Reading { file, functions, calls, named, nodes: Vec::new(), image, kinds };
    reading.run(output, &mut external)?;
    let Reading { nodes, named: constants, .. } = reading;
    let input = input.map(|(name, _)| name).unwrap_or_default();
    Ok(Graph { input, output: output.to_owned(), nodes, constants, declared: None })
}

/// Whether a domain is that of ONNX's own operators.
fn is_onnx(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

/// Reads a graph of which some inputs are known already, for tests.
#[cfg(test)]
fn read_with(
    file: &str,
    bytes: &[u8],
    files: &ModelFiles,
    output: &str,
    known: HashMap<String, Array>,
    input: Option<(&str, Kind)>,
) -> Result<Graph> {
    let model = proto::ModelProto::decode(bytes).map_err(|error| refused(file, error))?;
    let graph = model.graph.unwrap_or_default();
    let input = input.map(|(name, kind)| (name.to_owned(), kind));
    assemble(file, (graph, model.opset_import, &model.functions), files, output, known, (input, Some(vec![1, 1, 2, 2])))
}

#[cfg(test)]
pub(crate) mod build;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod rules;
