//! A classifier as a graph of operators, from the file to a network on the device.
//!
//! `ONNX bytes -> Graph -> folded steps -> Network`: the [`onnx`] reader and the native
//! architectures both make a [`Graph`]; [`compile`] folds BatchNorm into convolutions, joins what
//! one kernel can do, and puts the constants on the device; [`Network`] runs the steps.

pub(crate) mod array;
pub(crate) mod axes;
pub(crate) mod compile;
mod names;
pub(crate) mod network;
pub(crate) mod onnx;
pub(crate) mod operator;
mod run;
mod trainable;
#[cfg(test)]
mod trainable_tests;
pub(crate) mod value;
#[cfg(test)]
pub(crate) mod volume_tests;

pub(crate) use array::Array;
pub(crate) use compile::compile;
pub(crate) use network::Network;
pub(crate) use operator::Operator;
pub use trainable::{Mode, Statistics, Trainable};

use std::collections::HashMap;

/// Operators and constants, connected by the names of their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    /// The value that takes the images (N, C, H, W), or volumes (N, C, D, H, W).
    pub(crate) input: String,
    /// The value that holds the logits (N, K).
    pub(crate) output: String,
    /// The nodes, in an order in which they can be computed.
    pub(crate) nodes: Vec<Node>,
    pub(crate) constants: HashMap<String, Array>,
    /// What a file says of its input.
    pub(crate) declared: Option<Declared>,
}

/// The input of a graph as its file declares it.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) kind: array::Kind,
    /// None for a size that is open.
    pub(crate) shape: Option<Vec<Option<usize>>>,
}

impl Graph {
    /// The activation functions by name, with how often each occurs, in the order of their first node.
    pub(crate) fn activation_functions(&self) -> Vec<(&'static str, usize)> {
        let mut counted: Vec<(&'static str, usize)> = Vec::new();
        for name in self.nodes.iter().filter_map(|node| node.operator.activation_function()) {
            match counted.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => counted.push((name, 1)),
            }
        }
        counted
    }
}

/// One operator and the values that it reads and makes.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The name of the layer, also used in messages.
    pub(crate) name: String,
    pub(crate) operator: Operator,
    /// Empty strings stand for optional inputs that are absent.
    pub(crate) inputs: Vec<String>,
    /// Empty strings stand for outputs that nothing reads.
    pub(crate) outputs: Vec<String>,
}

impl Node {
    /// The first value that it makes.
    pub(crate) fn output(&self) -> &str {
        self.outputs.first().map_or("", String::as_str)
    }
}
