//! Builds a graph layer by layer, with numbers from wherever they come.

use super::source::Source;
use crate::Result;
use crate::graph::operator::Padding;
use crate::graph::{Array, Graph, Node, Operator};

/// Convolutions: sizes of the kernel (O, I, kh, kw), stride and padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) stride: usize,
    pub(super) padding: usize,
}

pub(super) struct Builder<'s, 'w> {
    source: &'s mut Source<'w>,
    pub(super) graph: Graph,
}

impl<'s, 'w> Builder<'s, 'w> {
    /// A graph from the value `input` to the value `output`.
    pub(super) fn new(source: &'s mut Source<'w>, input: &str, output: &str) -> Self {
        Self { source, graph: Graph { input: input.into(), output: output.into(), ..Graph::default() } }
    }

    pub(super) fn source(&self) -> &Source<'w> {
        self.source
    }

    /// Takes an array from the source; 0 in `shape` stands for any size.
    pub(super) fn constant(&mut self, name: &str, shape: &[usize]) -> Result<String> {
        let constant = self.source.get(name, shape)?;
        self.graph.constants.insert(name.to_owned(), constant);
        Ok(name.to_owned())
    }

    /// A list of sizes or axes.
    pub(super) fn integers(&mut self, name: &str, list: &[usize]) -> String {
        let list = list.iter().map(|value| *value as i64).collect();
        self.graph.constants.insert(name.to_owned(), Array::list(list));
        name.to_owned()
    }

    pub(super) fn push(&mut self, name: &str, operator: Operator, inputs: &[&str]) -> String {
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        self.graph.nodes.push(Node { name: name.to_owned(), operator, inputs, outputs: vec![name.to_owned()] });
        name.to_owned()
    }

    /// A convolution with weights `shape` (O, I, kh, kw).
    pub(super) fn conv(&mut self, name: &str, x: &str, shape: &[usize], window: Window, bias: bool) -> Result<String> {
        let operator = Operator::Conv {
            stride: [window.stride; 2],
            padding: Padding::Explicit([window.padding; 4]),
            dilation: [1, 1],
            groups: 1,
            depth: None,
        };
        let mut inputs = vec![x.to_owned(), self.constant(&format!("{name}.weight"), shape)?];
        if bias {
            inputs.push(self.constant(&format!("{name}.bias"), &shape[..1])?);
        }
        Ok(self.push(name, operator, &inputs.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// A transposed convolution with weights `shape` (I, O, kh, kw) that makes rows and columns `stride` times as many.
    pub(super) fn conv_transpose(&mut self, name: &str, x: &str, shape: &[usize], window: Window) -> Result<String> {
        let Window { stride, padding } = window;
        let operator = Operator::ConvTranspose {
            stride: [stride; 2],
            padding: Padding::Explicit([padding; 4]),
            output_padding: [(stride + 2 * padding).saturating_sub(shape[2]); 2],
            output_shape: None,
            dilation: [1, 1],
            groups: 1,
            depth: None,
        };
        let weight = self.constant(&format!("{name}.weight"), shape)?;
        let bias = self.constant(&format!("{name}.bias"), &shape[1..2])?;
        Ok(self.push(name, operator, &[x, &weight, &bias]))
    }

    pub(super) fn norm_relu(&mut self, norm: &str, relu: &str, x: &str, width: usize) -> Result<String> {
        let mut inputs = vec![x.to_owned()];
        for part in ["weight", "bias", "running_mean", "running_var"] {
            inputs.push(self.constant(&format!("{norm}.{part}"), &[width])?);
        }
        let names: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let y = self.push(norm, Operator::BatchNorm { epsilon: 1e-5 }, &names);
        Ok(self.push(relu, Operator::Relu, &[&y]))
    }

    /// x W' + b with weights `shape` (out, in); the value is named `output`.
    pub(super) fn linear(&mut self, name: &str, output: &str, x: &str, shape: [usize; 2]) -> Result<String> {
        let weight = self.constant(&format!("{name}.weight"), &shape)?;
        let bias = self.constant(&format!("{name}.bias"), &shape[..1])?;
        let gemm = Operator::Gemm { alpha: 1.0, beta: 1.0, transpose_a: false, transpose_b: true };
        Ok(self.push(output, gemm, &[x, &weight, &bias]))
    }

    /// Mean over all pixels, then a linear layer to the logits.
    pub(super) fn classifier(&mut self, name: &str, x: &str, width: usize) -> Result<()> {
        let x = self.push("global-pool", Operator::GlobalAveragePool, &[x]);
        let x = self.push("flatten", Operator::Flatten { axis: 1 }, &[&x]);
        let classes = self.source.classes();
        self.linear(name, "logits", &x, [classes, width])?;
        Ok(())
    }
}
