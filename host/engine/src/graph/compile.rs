//! From a graph to steps on a device: fold, join, and lay out the weights.
//!
//! A frozen BatchNorm is a scale and a shift for each channel. After a convolution it disappears
//! into the weights; before a ReLU the two become one kernel.

mod convolution;

use super::array::Numbers;
use super::network::{Kernel, Network, Step};
use super::value::Value;
use super::{Graph, Node, Operator};
use crate::{Device, Error, Result, Tensor};
use std::collections::{HashMap, HashSet};

/// Constants of more numbers than this are kept on the device alone.
const LARGE: usize = 4096;

/// Builds the network that computes `graph` on `device`.
///
/// # Errors
/// [`Error::Model`] when a value is used before it is made, or weights have the wrong size.
pub(crate) fn compile(graph: Graph, device: &Device) -> Result<Network> {
    let mut compiler = Compiler {
        device,
        readers: readers(&graph),
        slots: HashMap::new(),
        next: 0,
        names: HashSet::new(),
        constants: Vec::new(),
        steps: Vec::new(),
        graph: &graph,
    };
    compiler.slot_of(&graph.input);
    let mut index = 0;
    while index < graph.nodes.len() {
        index += compiler.step(index)?;
    }
    let find = |name: &str| compiler.slots.get(name).copied();
    let (Some(input), Some(output)) = (find(&graph.input), find(&graph.output)) else {
        let name = shown(&graph.output);
        return Err(Error::Model(match graph.constants.contains_key(&graph.output) {
            true => format!("the output `{name}` is a constant: it does not depend on the image"),
            false => format!("no node makes the output `{name}`"),
        }));
    };
    Ok(Network::new(device.clone(), input, output, compiler.next, compiler.constants, compiler.steps))
}

struct Compiler<'a> {
    device: &'a Device,
    graph: &'a Graph,
    /// How many inputs each value feeds.
    readers: HashMap<&'a str, usize>,
    slots: HashMap<String, usize>,
    /// The next free slot.
    next: usize,
    /// The names that the layers so far have.
    names: HashSet<String>,
    constants: Vec<(usize, Value)>,
    steps: Vec<Step>,
}

fn readers(graph: &Graph) -> HashMap<&str, usize> {
    let mut readers = HashMap::new();
    for input in graph.nodes.iter().flat_map(|node| &node.inputs).chain([&graph.output]) {
        *readers.entry(input.as_str()).or_insert(0) += 1;
    }
    readers
}

impl<'a> Compiler<'a> {
    /// Compiles the node at `index` and those after it that join it; returns how many.
    fn step(&mut self, index: usize) -> Result<usize> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        match &node.operator {
            Operator::Identity | Operator::Dropout { .. } => {
                let source = self.input(node, 0)?;
                self.slots.insert(node.output().to_owned(), source);
                Ok(1)
            }
            Operator::Conv { .. }
                if self.graph.constants.contains_key(node.inputs.get(1).map_or("", String::as_str)) =>
            {
                self.conv(index)
            }
            Operator::ConvTranspose { .. } => self.conv_transpose(node),
            Operator::BatchNorm { .. } => self.batch_norm(index),
            Operator::Sigmoid if self.times_its_input(index).is_some() => self.silu(index),
            _ => {
                let inputs =
                    (0..node.inputs.len())
                        .map(|i| {
                            if self.is_absent(node, &node.inputs[i]) { Ok(None) } else { self.input(node, i).map(Some) }
                        })
                        .collect::<Result<Vec<_>>>()?;
                self.push(&node.name, Kernel::Operator(node.operator.clone()), inputs, node.output());
                let more = node.outputs.iter().skip(1).map(|output| self.slot_of(output)).collect();
                if let Some(step) = self.steps.last_mut() {
                    step.more = more;
                }
                Ok(1)
            }
        }
    }

    /// Whether an optional input is left out; exporters also write factors without elements beside sizes.
    fn is_absent(&self, node: &Node, name: &str) -> bool {
        let empty = || self.graph.constants.get(name).is_some_and(|array| array.len() == 0);
        name.is_empty() || (matches!(node.operator, Operator::Resize(_)) && empty())
    }

    /// A BatchNorm that follows no convolution, with the ReLU after it.
    fn batch_norm(&mut self, index: usize) -> Result<usize> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let channels = self.floats(node, 1)?.1.len();
        let (scale, shift) = self.scale_and_shift(node, channels)?;
        let relu = self.joined(index + 1, node).filter(|next| next.operator == Operator::Relu);
        let last = relu.unwrap_or(node);
        let tensor = |numbers: Vec<f64>| {
            let numbers = numbers.into_iter().map(|number| number as f32).collect();
            Tensor::from_data(self.device, &[1, channels, 1, 1], numbers)
        };
        let kernel = Kernel::ScaleShift { scale: tensor(scale)?, shift: tensor(shift)?, relu: relu.is_some() };
        let input = self.input(node, 0)?;
        self.push(&last.name, kernel, vec![Some(input)], last.output());
        if relu.is_some() {
            self.name_before_relu(&node.name);
        }
        Ok(1 + usize::from(relu.is_some()))
    }

    /// The product of x and its sigmoid, which exporters write as two nodes.
    fn silu(&mut self, index: usize) -> Result<usize> {
        let graph = self.graph;
        let input = self.input(&graph.nodes[index], 0)?;
        if let Some(product) = self.times_its_input(index) {
            self.push(&product.name, Kernel::Silu, vec![Some(input)], product.output());
        }
        Ok(2)
    }

    /// The next node, if it multiplies the result of this one, which nothing else reads, by what this one reads.
    fn times_its_input(&self, index: usize) -> Option<&'a Node> {
        let (node, next) = (self.graph.nodes.get(index)?, self.graph.nodes.get(index + 1)?);
        let [x] = node.inputs.as_slice() else { return None };
        let y = node.output();
        let both =
            [[x.as_str(), y], [y, x.as_str()]].iter().any(|both| next.inputs.iter().map(String::as_str).eq(*both));
        let only_reader = self.readers.get(node.output()) == Some(&1);
        (next.operator == Operator::Multiply && both && only_reader).then_some(next)
    }

    /// The next node, if it alone reads what `before` makes.
    fn joined(&self, index: usize, before: &Node) -> Option<&'a Node> {
        let next = self.graph.nodes.get(index)?;
        let only_reader = self.readers.get(before.output()) == Some(&1);
        (only_reader && next.inputs.first().map(String::as_str) == Some(before.output())).then_some(next)
    }

    /// BatchNorm(x) = scale x + shift with the statistics of training, in double precision until they join the weights.
    fn scale_and_shift(&self, node: &Node, channels: usize) -> Result<(Vec<f64>, Vec<f64>)> {
        let Operator::BatchNorm { epsilon } = node.operator else {
            return Err(refused(node, "no BatchNorm".into()));
        };
        let lists =
            [self.floats(node, 1)?.1, self.floats(node, 2)?.1, self.floats(node, 3)?.1, self.floats(node, 4)?.1];
        if lists.iter().any(|list| list.len() != channels) {
            return Err(refused(node, format!("statistics that are not for {channels} channels")));
        }
        let [gamma, beta, mean, variance] = lists;
        let scale: Vec<f64> = gamma
            .iter()
            .zip(variance)
            .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(*variance) + f64::from(epsilon)).sqrt())
            .collect();
        let shift = beta.iter().zip(mean).zip(&scale);
        let shift = shift.map(|((beta, mean), scale)| f64::from(*beta) - f64::from(*mean) * scale).collect();
        Ok((scale, shift))
    }

    fn floats(&self, node: &Node, index: usize) -> Result<(&'a [usize], &'a [f32])> {
        let name = node.inputs.get(index).map_or("", String::as_str);
        let constant = self.graph.constants.get(name).ok_or_else(|| {
            refused(
                node,
                format!(
                    "input {index} (`{}`) is computed while the network runs, expected a constant of the file",
                    shown(name)
                ),
            )
        })?;
        Ok((&constant.shape, constant.as_floats(name)?))
    }

    /// The slot of an input, which an earlier node or the file must provide.
    fn input(&mut self, node: &Node, index: usize) -> Result<usize> {
        let name = node.inputs.get(index).map_or("", String::as_str);
        if let Some(slot) = self.slots.get(name) {
            return Ok(*slot);
        }
        let Some(constant) = self.graph.constants.get(name) else {
            return Err(refused(node, format!("reads `{}`, which no earlier node makes", shown(name))));
        };
        let finite = |data: &[f32]| data.iter().all(|x| x.is_finite());
        let value = match &constant.numbers {
            // On the device once and for all.
            Numbers::Floats(data) if data.len() > LARGE && finite(data) => {
                Value::float(Tensor::from_data(self.device, &constant.shape, data.clone())?)
            }
            _ => Value::array(constant.clone()),
        };
        let slot = self.slot_of(name);
        self.constants.push((slot, value));
        Ok(slot)
    }

    fn slot_of(&mut self, name: &str) -> usize {
        let next = &mut self.next;
        *self.slots.entry(name.to_owned()).or_insert_with(|| {
            *next += 1;
            *next - 1
        })
    }

    /// A name that no layer has yet: files may give two nodes the same one.
    fn unique(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut count = 1;
        while !self.names.insert(free.clone()) {
            count += 1;
            free = format!("{name} ({count})");
        }
        free
    }

    fn push(&mut self, name: &str, kernel: Kernel, inputs: Vec<Option<usize>>, output: &str) {
        let output = self.slot_of(output);
        let name = self.unique(name);
        self.steps.push(Step { name, before_relu: None, kernel, inputs, output, more: Vec::new() });
    }

    /// Names the layer before the ReLU that the last step ends with.
    fn name_before_relu(&mut self, name: &str) {
        let name = self.unique(name);
        if let Some(step) = self.steps.last_mut() {
            step.before_relu = Some(name);
        }
    }
}

/// The name of a value on one line: those that are made while reading hold a line break.
fn shown(name: &str) -> String {
    name.replace('\n', "/")
}

fn refused(node: &Node, why: String) -> Error {
    Error::Model(format!("node `{}` ({}): {why}", node.name, node.operator.name()))
}
