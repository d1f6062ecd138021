//! The nodes of a file, one after the other, as operators and constants.

use super::inline::{self, Call};
use super::nodes::refused;
use super::{attributes, constants, is_onnx, nodes, order, proto, quantized};
use crate::graph::array::{Array, Kind};
use crate::graph::value::Value;
use crate::graph::{Graph, Node, Operator, compile, run};
use crate::{Device, ReluRule, Result, Tensor};
use std::collections::{HashMap, HashSet, VecDeque};

/// More nodes than any network of today, by far: functions within functions multiply.
const MOST_NODES: usize = 1 << 20;

/// What a file's graph is read into.
pub(super) struct Reading<'a> {
    pub(super) file: &'a str,
    pub(super) functions: &'a [proto::FunctionProto],
    /// Still to be read, in the order of the file.
    pub(super) calls: VecDeque<Call>,
    pub(super) named: HashMap<String, Array>,
    pub(super) nodes: Vec<Node>,
    /// The input, and the shape in which it takes one image, where that is known.
    pub(super) image: Option<(String, Vec<usize>)>,
    /// What is known of the numbers of values that depend on the image.
    pub(super) kinds: HashMap<String, Kind>,
}

impl Reading<'_> {
    pub(super) fn run(&mut self, output: &str, external: &mut constants::External) -> Result<()> {
        let cpu = Device::cpu();
        let mut read = 0;
        while let Some(call) = self.calls.pop_front() {
            read += 1;
            if read > MOST_NODES {
                return Err(refused(self.file, format_args!("more than {MOST_NODES} nodes")));
            }
            let body = match inline::body(self.file, &call, self.functions)? {
                None => quantized::quantized(&call, &self.named),
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
            .filter(|name| *name == output || self.calls.iter().any(|call| order::reads(&call.node).contains(name)))
            .collect()
    }

    /// What a node makes when all that it reads are constants.
    fn folded(&self, node: &Node, cpu: &Device) -> Result<Option<Vec<Array>>> {
        let given = || node.inputs.iter().filter(|name| !name.is_empty());
        if !given().all(|name| self.named.contains_key(name)) {
            return Ok(None);
        }
        if matches!(node.operator, Operator::Conv { .. } | Operator::ConvTranspose { .. } | Operator::BatchNorm { .. })
        {
            return self.folded_alone(node, cpu).map(Some).map_err(|error| refused(self.file, error));
        }
        let inputs: Vec<Option<&Array>> = node.inputs.iter().map(|name| self.named.get(name)).collect();
        run::fold(node, &inputs, cpu).map(Some).map_err(|error| refused(self.file, error))
    }

    /// The same for a node whose weights are laid out before it runs: as a network of its own, with a constant as its image.
    fn folded_alone(&self, node: &Node, cpu: &Device) -> Result<Vec<Array>> {
        let input = node.inputs.first().cloned().unwrap_or_default();
        // A name that no weight has.
        let image = order::BETWEEN.to_string();
        let weights = node.inputs.iter().skip(1).filter_map(|name| Some((name.clone(), self.named.get(name)?.clone())));
        let given = self.named.get(&input).ok_or_else(|| refused(self.file, format_args!("`{input}` is missing")))?;
        let graph = Graph {
            input: image.clone(),
            output: node.output().to_owned(),
            nodes: vec![Node { inputs: [vec![image], node.inputs[1..].to_vec()].concat(), ..node.clone() }],
            constants: weights.collect(),
            declared: None,
        };
        let image = Value::of(Value::array(given.clone()).on(cpu)?, given.kind);
        Ok(vec![compile(graph, cpu)?.run_value(image, ReluRule::Plain)?])
    }

    /// A branch that a constant chooses takes the place of the choice.
    fn branch(&mut self, call: &Call, version: i64, external: &mut constants::External) -> Result<()> {
        let name = nodes::name(&call.node);
        let given = call.node.input.first().cloned().unwrap_or_default();
        let condition = match self.named.get(&given) {
            Some(condition) => Some(condition.clone()),
            None => self.of_sizes(&given)?,
        };
        let a = attributes::Reader::new(self.file, &call.node, &name, version, &mut self.named);
        let condition =
            condition.ok_or_else(|| a.refused("a branch that depends on the image; export the model without it"))?;
        let chosen = if condition.to_floats().iter().any(|x| *x != 0.0) { "then_branch" } else { "else_branch" };
        let branch = call.node.attribute.iter().find(|attribute| attribute.name == chosen);
        let graph = branch
            .and_then(|branch| branch.g.as_deref())
            .ok_or_else(|| refused(self.file, format_args!("node `{name}` (If): {chosen} is missing")))?;
        let (calls, weights) = inline::branch(call, graph);
        for tensor in &weights {
            let array = external.constant(tensor)?;
            self.named.insert(tensor.name.clone(), array);
        }
        calls.into_iter().rev().for_each(|call| self.calls.push_front(call));
        Ok(())
    }

    /// A value that depends on the size of the image alone, for one image of the size that the manifest says.
    fn of_sizes(&self, value: &str) -> Result<Option<Array>> {
        let (Some((input, shape)), true) = (&self.image, self.kinds.contains_key(value)) else { return Ok(None) };
        let mut needed: HashSet<&str> = HashSet::from([value]);
        let mut nodes: Vec<Node> = Vec::new();
        for node in self.nodes.iter().rev() {
            if node.outputs.iter().any(|output| needed.contains(output.as_str())) {
                needed.extend(node.inputs.iter().map(String::as_str));
                nodes.push(node.clone());
            }
        }
        nodes.reverse();
        let read = self.named.iter().filter(|(name, _)| needed.contains(name.as_str()));
        let constants = read.map(|(name, array)| (name.clone(), array.clone())).collect();
        let graph = Graph { input: input.clone(), output: value.to_owned(), nodes, constants, declared: None };
        let device = Device::cpu();
        let network = compile(graph, &device)?;
        if network.output_depends_on_images() {
            return Ok(None);
        }
        let kind = self.kinds.get(input).copied().unwrap_or(Kind::Float);
        let image = Value::of(Tensor::full(&device, shape, 0.5)?, kind);
        network.run_value(image, ReluRule::Plain).map(Some).map_err(|error| refused(self.file, error))
    }
}
