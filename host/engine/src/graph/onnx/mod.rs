//! Reads an ONNX file into a [`Graph`](super::Graph).
//!
//! `bytes -> ModelProto -> calls (functions and quantised operators written out) -> nodes of known operators, each by the
//! rules of its operator set -> constants folded -> Graph`. A call whose inputs are all constants becomes one itself, by the
//! same code that runs the network.

mod attributes;
mod constants;
mod file_kind;
mod inline;
mod nodes;
mod proto;
mod types;

use super::array::{Array, Kind};
use super::{Declared, Graph, Node, Operator, run};
use crate::model_file::ModelFiles;
use crate::{Device, Result};
use inline::Call;
use nodes::refused;
use prost::Message;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

/// More nodes than any network of today, by far: functions within functions multiply.
const MOST_NODES: usize = 1 << 20;

/// Reads the graph in `bytes`; `file` names it in messages, `files` finds external weights beside it. Of several outputs,
/// `output` names the one that is used.
///
/// # Errors
/// [`Error::Model`] when the bytes are no ONNX, an operator or attribute is unknown, or a weights
/// file is missing; the message names the node or the file.
pub(crate) fn read(file: &str, bytes: &[u8], files: &ModelFiles, output: Option<&str>) -> Result<Graph> {
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
    let [first, last] = nodes::SETS;
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
    let input = one_input(file, &inputs, &graph)?;
    let output = one_output(file, &graph, output)?;
    let declared = declared(file, input)?;
    let input = (input.name.clone(), declared.kind);
    let read =
        assemble(file, (graph, model.opset_import, &model.functions), files, &output, HashMap::new(), Some(input))?;
    Ok(Graph { declared: Some(declared), ..read })
}

/// Reads the nodes between an input and an output; `named` holds what is known beside the file's weights.
fn assemble(
    file: &str,
    (graph, sets, functions): (proto::GraphProto, Vec<proto::OperatorSet>, &[proto::FunctionProto]),
    files: &ModelFiles,
    output: &str,
    mut named: HashMap<String, Array>,
    input: Option<(String, Kind)>,
) -> Result<Graph> {
    let mut external = constants::External::new(file, files);
    for tensor in &graph.initializer {
        named.insert(tensor.name.clone(), external.constant(tensor)?);
    }
    let sets = Rc::new(sets);
    let calls = graph.node.into_iter().map(|node| Call { node, sets: sets.clone(), depth: 0 }).collect();
    let kinds = input.iter().cloned().collect();
    let mut reading = Reading { file, functions, calls, named, nodes: Vec::new(), kinds };
    reading.run(output, &mut external)?;
    let Reading { nodes, named: constants, .. } = reading;
    let input = input.map(|(name, _)| name).unwrap_or_default();
    Ok(Graph { input, output: output.to_owned(), nodes, constants, declared: None })
}

/// Whether a domain is that of ONNX's own operators.
fn is_onnx(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

/// What a file's graph is read into.
struct Reading<'a> {
    file: &'a str,
    functions: &'a [proto::FunctionProto],
    /// Still to be read, in the order of the file.
    calls: VecDeque<Call>,
    named: HashMap<String, Array>,
    nodes: Vec<Node>,
    /// What is known of the numbers of values that depend on the image.
    kinds: HashMap<String, Kind>,
}

impl Reading<'_> {
    fn run(&mut self, output: &str, external: &mut constants::External) -> Result<()> {
        let cpu = Device::cpu();
        let mut read = 0;
        while let Some(call) = self.calls.pop_front() {
            read += 1;
            if read > MOST_NODES {
                return Err(refused(self.file, format_args!("more than {MOST_NODES} nodes")));
            }
            let body = match inline::body(self.file, &call, self.functions)? {
                None => inline::quantized(&call),
                body => body,
            };
            if let Some(body) = body {
                body.into_iter().rev().for_each(|call| self.calls.push_front(call));
                continue;
            }
            let version = call.version();
            if is_onnx(&call.node.domain) && call.node.op_type == "Constant" {
                let array = nodes::constant(self.file, &call.node, version, &mut self.named, external)?;
                self.named.insert(call.node.output.first().cloned().unwrap_or_default(), array);
                continue;
            }
            if is_onnx(&call.node.domain) && call.node.op_type == "If" {
                self.branch(&call, version, external)?;
                continue;
            }
            let wanted = self.wanted(output, &call.node);
            let mut node = nodes::node(self.file, &call.node, version, &wanted, &mut self.named, external)?;
            self.settle_kinds(&mut node);
            match self.folded(&node, &cpu)? {
                Some(arrays) => self.named.extend(node.outputs.into_iter().zip(arrays)),
                None => self.nodes.push(node),
            }
        }
        Ok(())
    }

    /// Notes what numbers a node makes, and makes a plain cast of one that takes its kind from another value.
    fn settle_kinds(&mut self, node: &mut Node) {
        let kind = |name: &String| self.named.get(name).map(|array| array.kind).or(self.kinds.get(name).copied());
        if let (Operator::CastLike, Some(like)) = (&node.operator, node.inputs.get(1).and_then(kind)) {
            node.operator = Operator::Cast(like);
            node.inputs.truncate(1);
        }
        let made = match &node.operator {
            Operator::Cast(kind) => Some(*kind),
            Operator::Shape { .. } | Operator::Size | Operator::ArgMax { .. } => Some(Kind::INT64),
            Operator::Binary(function) if function.compares() => Some(Kind::Bool),
            Operator::Where => node.inputs.get(1).and_then(kind),
            Operator::Dequantize { .. } => Some(Kind::Float),
            Operator::Quantize { kind: Some(kind), .. } => Some(*kind),
            Operator::Quantize { .. } => Some(node.inputs.get(2).and_then(kind).unwrap_or(Kind::UINT8)),
            Operator::DynamicQuantize => None,
            _ => node.inputs.first().and_then(kind),
        };
        if let Some(made) = made {
            self.kinds.extend(node.outputs.iter().map(|output| (output.clone(), made)));
        }
    }

    /// Which of a node's further outputs anything reads.
    fn wanted<'n>(&self, output: &str, node: &'n proto::NodeProto) -> HashSet<&'n str> {
        let further = node.output.iter().skip(1).filter(|name| !name.is_empty());
        further
            .map(String::as_str)
            .filter(|name| {
                *name == output || self.calls.iter().any(|call| call.node.input.iter().any(|input| input == name))
            })
            .collect()
    }

    /// What a node makes when all that it reads are constants.
    fn folded(&self, node: &Node, cpu: &Device) -> Result<Option<Vec<Array>>> {
        let given = || node.inputs.iter().filter(|name| !name.is_empty());
        if !given().all(|name| self.named.contains_key(name)) {
            return Ok(None);
        }
        let inputs: Vec<Option<&Array>> = node.inputs.iter().map(|name| self.named.get(name)).collect();
        run::fold(node, &inputs, cpu).map(Some).map_err(|error| refused(self.file, error))
    }

    /// A branch that a constant chooses takes the place of the choice.
    fn branch(&mut self, call: &Call, version: i64, external: &mut constants::External) -> Result<()> {
        let name = nodes::name(&call.node);
        let chosen = {
            let a = attributes::Reader::new(self.file, &call.node, &name, version, &mut self.named);
            let condition = a
                .constant(0)
                .ok_or_else(|| a.refused("a branch that depends on the image; export the model without it"))?;
            if condition.to_floats().iter().any(|x| *x != 0.0) { "then_branch" } else { "else_branch" }
        };
        let branch = call.node.attribute.iter().find(|attribute| attribute.name == chosen);
        let graph = branch
            .and_then(|branch| branch.g.as_deref())
            .ok_or_else(|| refused(self.file, format_args!("node `{name}` (If): {chosen} is missing")))?;
        for tensor in &graph.initializer {
            let array = external.constant(tensor)?;
            self.named.insert(tensor.name.clone(), array);
        }
        for (inner, outer) in graph.output.iter().zip(&call.node.output) {
            let identity = proto::NodeProto {
                op_type: "Identity".into(),
                input: vec![inner.name.clone()],
                output: vec![outer.clone()],
                ..proto::NodeProto::default()
            };
            self.calls.push_front(Call { node: identity, ..call.clone() });
        }
        for node in graph.node.iter().rev() {
            self.calls.push_front(Call { node: node.clone(), ..call.clone() });
        }
        Ok(())
    }
}

/// The input that takes the images.
fn one_input<'a>(
    file: &str,
    inputs: &[&'a proto::ValueInfo],
    graph: &proto::GraphProto,
) -> Result<&'a proto::ValueInfo> {
    match inputs {
        [input] => Ok(input),
        _ => Err(refused(
            file,
            format_args!(
                "the graph has {} inputs ({}) and the outputs {}, expected one input, the images: a classifier of images \
                 takes nothing else; export the part that does",
                inputs.len(),
                listed(inputs.iter().copied()),
                listed(graph.output.iter())
            ),
        )),
    }
}

/// The output that holds the logits.
fn one_output(file: &str, graph: &proto::GraphProto, chosen: Option<&str>) -> Result<String> {
    match (graph.output.as_slice(), chosen) {
        (outputs, Some(chosen)) => match outputs.iter().find(|output| output.name == chosen) {
            Some(output) => Ok(output.name.clone()),
            None => Err(refused(
                file,
                format_args!("no output `{chosen}`, which [output] output names; expected one of {}", listed(outputs)),
            )),
        },
        ([output], None) => Ok(output.name.clone()),
        (outputs, None) => Err(refused(
            file,
            format_args!(
                "the graph has {} outputs, {}; write which one holds the logits into [output], for example output = \"{}\"",
                outputs.len(),
                listed(outputs),
                outputs.first().map_or("", |output| output.name.as_str())
            ),
        )),
    }
}

/// Values by name, type and shape.
fn listed<'a>(values: impl IntoIterator<Item = &'a proto::ValueInfo>) -> String {
    let one = |value: &proto::ValueInfo| {
        let Some(tensor) = value.kind.as_ref().and_then(|kind| kind.tensor.as_ref()) else {
            return format!("`{}`", value.name);
        };
        let sizes: Vec<String> =
            dimensions(tensor).iter().map(|size| size.map_or("?".into(), |size| size.to_string())).collect();
        format!("`{}` {} ({})", value.name, types::name(tensor.element), sizes.join(", "))
    };
    values.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

fn dimensions(tensor: &proto::TensorType) -> Vec<Option<usize>> {
    let size = |dimension: &proto::Dimension| {
        dimension.size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
    };
    tensor.shape.iter().flat_map(|shape| &shape.dimension).map(size).collect()
}

/// What the file says of its input.
fn declared(file: &str, input: &proto::ValueInfo) -> Result<Declared> {
    let Some(tensor) = input.kind.as_ref().and_then(|kind| kind.tensor.as_ref()) else {
        return Ok(Declared { name: input.name.clone(), kind: Kind::Float, shape: None });
    };
    let kind = types::kind(tensor.element).ok_or_else(|| {
        refused(
            file,
            format_args!(
                "the input `{}` is of type {}, expected numbers: a classifier of images",
                input.name,
                types::name(tensor.element)
            ),
        )
    })?;
    let shape = tensor.shape.as_ref().map(|_| dimensions(tensor));
    Ok(Declared { name: input.name.clone(), kind, shape })
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
    assemble(file, (graph, model.opset_import, &model.functions), files, output, known, input)
}

#[cfg(test)]
mod cases;
