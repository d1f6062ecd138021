//! A classifier as a graph of operators, from the file to a network on the device.
//!
//! `ONNX bytes -> Graph -> folded steps -> Network`: the [`onnx`] reader and the native
//! architectures both make a [`Graph`]; [`compile`] folds BatchNorm into convolutions, joins what
//! one kernel can do, and puts the constants on the device; [`Network`] runs the steps.

pub(crate) mod compile;
pub(crate) mod network;
pub(crate) mod onnx;
pub(crate) mod operator;
mod run;
mod trainable;
#[cfg(test)]
mod trainable_tests;
pub(crate) mod value;

pub(crate) use compile::compile;
pub(crate) use network::Network;
pub(crate) use operator::Operator;
pub use trainable::{Mode, Statistics, Trainable};
pub(crate) use value::Constant;

use std::collections::HashMap;

/// Operators and constants, connected by the names of their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    /// The value that takes the images (N, C, H, W).
    pub(crate) input: String,
    /// The value that holds the logits (N, K).
    pub(crate) output: String,
    /// In an order in which they can be computed.
    pub(crate) nodes: Vec<Node>,
    pub(crate) constants: HashMap<String, Constant>,
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
    /// For messages and as the name of the layer.
    pub(crate) name: String,
    pub(crate) operator: Operator,
    /// Empty strings stand for optional inputs that are absent.
    pub(crate) inputs: Vec<String>,
    pub(crate) output: String,
}
