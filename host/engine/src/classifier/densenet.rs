//! DenseNet-121 (Huang, Liu, van der Maaten and Weinberger 2017, Table 1), as in torchvision.

use super::{Architecture, Weights, small_cnn};
use crate::Result;
use crate::graph::operator::{Padding, Pool};
use crate::graph::{Graph, Node, Operator};
use crate::tensor::SplitMix;

/// Channels that each dense layer adds.
const GROWTH: usize = 32;
/// Dense layers of each block.
const BLOCKS: [usize; 4] = [6, 12, 24, 16];
/// Channels of the 1x1 convolution inside a dense layer.
const BOTTLENECK: usize = 4 * GROWTH;

impl Architecture {
    /// The network with these weights, for images of `channels` channels.
    pub(super) fn graph(self, weights: &Weights, channels: usize) -> Result<Graph> {
        match self {
            Self::DenseNet121 => {
                let mut builder = Builder::new(weights);
                densenet121(&mut builder, channels)?;
                Ok(builder.graph)
            }
            Self::SmallCnn => {
                let mut builder = Builder::new(weights);
                small_cnn::build(&mut builder, channels)?;
                Ok(builder.graph)
            }
        }
    }

    /// Channels, and rows and columns, of the images it was designed for.
    pub(super) fn natural_input(self) -> (usize, usize) {
        match self {
            Self::DenseNet121 => (3, 224),
            Self::SmallCnn => (1, 96),
        }
    }

    /// Weights as torchvision initialises them (He et al. 2015), BatchNorm with plausible statistics.
    pub(super) fn random_weights(self, channels: usize, classes: usize, seed: u64) -> Weights {
        let mut random = SplitMix(seed);
        let mut weights = Weights::default();
        let mut shapes = Vec::new();
        let mut recorder = |name: &str, shape: &[usize]| shapes.push((name.to_owned(), shape.to_vec()));
        match self {
            Self::DenseNet121 => densenet_shapes(channels, classes, &mut recorder),
            Self::SmallCnn => small_cnn::shapes(channels, classes, &mut recorder),
        }
        for (name, shape) in shapes {
            let elements: usize = shape.iter().product();
            let fan_in: usize = shape.iter().skip(1).product::<usize>().max(1);
            let data = (0..elements)
                .map(|_| match name.rsplit('.').next() {
                    Some("weight") if shape.len() > 1 => (random.normal() * (2.0 / fan_in as f64).sqrt()) as f32,
                    Some("weight" | "running_var") => (0.5 + random.unit()) as f32,
                    _ => (0.1 * random.normal()) as f32,
                })
                .collect();
            weights.insert(name, shape, data);
        }
        weights
    }
}

fn densenet121(b: &mut Builder, channels: usize) -> Result<()> {
    let images = b.graph.input.clone();
    let x = b.conv("features.conv0", &images, &[64, channels, 7, 7], 2, 3, false)?;
    let x = b.norm_relu("features.norm0", "features.relu0", &x, 64)?;
    let pool =
        Pool { kernel: [3, 3], stride: [2, 2], padding: Padding::Explicit([1; 4]), dilation: [1, 1], round_up: false };
    let mut x = b.push("features.pool0", Operator::MaxPool(pool), &[&x]);
    let mut width = 64;
    for (index, layers) in BLOCKS.into_iter().enumerate() {
        let block = index + 1;
        let mut parts = vec![x];
        for layer in 1..=layers {
            let at = format!("features.denseblock{block}.denselayer{layer}");
            let names: Vec<&str> = parts.iter().map(String::as_str).collect();
            let joined = if names.len() == 1 {
                parts[0].clone()
            } else {
                b.push(&format!("{at}.concat"), Operator::Concat { axis: 1 }, &names)
            };
            let y = b.norm_relu(&format!("{at}.norm1"), &format!("{at}.relu1"), &joined, width)?;
            let y = b.conv(&format!("{at}.conv1"), &y, &[BOTTLENECK, width, 1, 1], 1, 0, false)?;
            let y = b.norm_relu(&format!("{at}.norm2"), &format!("{at}.relu2"), &y, BOTTLENECK)?;
            let y = b.conv(&format!("{at}.conv2"), &y, &[GROWTH, BOTTLENECK, 3, 3], 1, 1, false)?;
            // What is joined already need not be joined again.
            parts = vec![joined, y];
            width += GROWTH;
        }
        let names: Vec<&str> = parts.iter().map(String::as_str).collect();
        x = b.push(&format!("features.denseblock{block}"), Operator::Concat { axis: 1 }, &names);
        if block < BLOCKS.len() {
            let at = format!("features.transition{block}");
            let y = b.norm_relu(&format!("{at}.norm"), &format!("{at}.relu"), &x, width)?;
            let y = b.conv(&format!("{at}.conv"), &y, &[width / 2, width, 1, 1], 1, 0, false)?;
            let pool = Pool {
                kernel: [2, 2],
                stride: [2, 2],
                padding: Padding::Explicit([0; 4]),
                dilation: [1, 1],
                round_up: false,
            };
            x = b.push(&format!("{at}.pool"), Operator::AveragePool { pool, count_padding: false }, &[&y]);
            width /= 2;
        }
    }
    let x = b.norm_relu("features.norm5", "features.relu5", &x, width)?;
    b.classifier("classifier", &x, width)
}

fn densenet_shapes(channels: usize, classes: usize, see: &mut dyn FnMut(&str, &[usize])) {
    let norm = |see: &mut dyn FnMut(&str, &[usize]), name: &str, width: usize| {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            see(&format!("{name}.{part}"), &[width]);
        }
    };
    see("features.conv0.weight", &[64, channels, 7, 7]);
    norm(see, "features.norm0", 64);
    let mut width = 64;
    for (index, layers) in BLOCKS.into_iter().enumerate() {
        for layer in 1..=layers {
            let at = format!("features.denseblock{}.denselayer{layer}", index + 1);
            norm(see, &format!("{at}.norm1"), width);
            see(&format!("{at}.conv1.weight"), &[BOTTLENECK, width, 1, 1]);
            norm(see, &format!("{at}.norm2"), BOTTLENECK);
            see(&format!("{at}.conv2.weight"), &[GROWTH, BOTTLENECK, 3, 3]);
            width += GROWTH;
        }
        if index + 1 < BLOCKS.len() {
            let at = format!("features.transition{}", index + 1);
            norm(see, &format!("{at}.norm"), width);
            see(&format!("{at}.conv.weight"), &[width / 2, width, 1, 1]);
            width /= 2;
        }
    }
    norm(see, "features.norm5", width);
    see("classifier.weight", &[classes, width]);
    see("classifier.bias", &[classes]);
}

/// Builds a graph layer by layer, taking weights under torchvision's names.
pub(super) struct Builder<'a> {
    weights: &'a Weights,
    pub(super) graph: Graph,
}

impl<'a> Builder<'a> {
    fn new(weights: &'a Weights) -> Self {
        Self { weights, graph: Graph { input: "images".into(), output: "logits".into(), ..Graph::default() } }
    }

    fn constant(&mut self, name: &str, shape: &[usize]) -> Result<String> {
        let constant = self.weights.get(name, shape)?;
        self.graph.constants.insert(name.to_owned(), constant);
        Ok(name.to_owned())
    }

    pub(super) fn push(&mut self, name: &str, operator: Operator, inputs: &[&str]) -> String {
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        self.graph.nodes.push(Node { name: name.to_owned(), operator, inputs, output: name.to_owned() });
        name.to_owned()
    }

    pub(super) fn conv(
        &mut self,
        name: &str,
        x: &str,
        shape: &[usize],
        stride: usize,
        padding: usize,
        bias: bool,
    ) -> Result<String> {
        let weight = self.constant(&format!("{name}.weight"), shape)?;
        let mut inputs = vec![x, &weight];
        let bias_name = if bias { self.constant(&format!("{name}.bias"), &shape[..1])? } else { String::new() };
        if bias {
            inputs.push(&bias_name);
        }
        let operator = Operator::Conv {
            stride: [stride; 2],
            padding: Padding::Explicit([padding; 4]),
            dilation: [1, 1],
            groups: 1,
        };
        Ok(self.push(name, operator, &inputs))
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

    /// Mean over all pixels, then a linear layer to the logits.
    pub(super) fn classifier(&mut self, name: &str, x: &str, width: usize) -> Result<()> {
        let x = self.push("global-pool", Operator::GlobalAveragePool, &[x]);
        let x = self.push("flatten", Operator::Flatten { axis: 1 }, &[&x]);
        let weight = self.constant(&format!("{name}.weight"), &[0, width])?;
        let bias = self.constant(&format!("{name}.bias"), &[0])?;
        let gemm = Operator::Gemm { alpha: 1.0, beta: 1.0, transpose_a: false, transpose_b: true };
        self.push("logits", gemm, &[&x, &weight, &bias]);
        Ok(())
    }
}
