//! From a graph to a network that answers: what its file declares, whether it ends in probabilities, what batch it takes.

use super::manifest::Manifest;
use super::{Activation, ClassifierInfo};
use crate::graph::array::Kind;
use crate::graph::network::{Layer, Probe};
use crate::graph::{self, Declared, Graph, Network, Operator};
use crate::input::{Input, Layout};
use crate::tensor::SplitMix;
use crate::{Device, Error, ReluRule, Result, Tensor};

/// A network, and how it is fed and read.
#[derive(Debug)]
pub(super) struct Fed {
    pub(super) network: Network,
    pub(super) layout: Layout,
    /// How many images it takes at a time; none for any number.
    pub(super) batch: Option<usize>,
    /// Whole numbers that it takes in place of numbers with a fraction.
    pub(super) whole: Option<Kind>,
    classes: usize,
}

/// What loading found.
pub(super) struct Loaded {
    pub(super) fed: Fed,
    pub(super) layers: Vec<Layer>,
    /// What keeps the last of them from being the layer of class activation maps.
    pub(super) mixes_after: Option<String>,
    pub(super) differentiable: bool,
    /// What the user should know of this model, once.
    pub(super) notes: Vec<String>,
}

/// Compiles a graph and runs it on two made images, which finds what does not fit.
pub(super) fn load(file: &str, manifest: &Manifest, mut graph: Graph, device: &Device) -> Result<Loaded> {
    let in_file = |error: Error| match error {
        Error::Model(why) if !why.starts_with(file) => Error::Model(format!("{file}: {why}")),
        Error::Shape { .. } | Error::Argument { .. } => Error::Model(format!("{file}: {error}")),
        other => other,
    };
    let Input { channels, height, width, layout, .. } = manifest.input;
    let classes = manifest.output.classes.len();
    let mut notes = Vec::new();
    let declared = graph.declared.clone();
    if let Some(declared) = &declared {
        fits(file, declared, &manifest.input)?;
    }
    let whole = declared.as_ref().map(|declared| declared.kind).filter(|kind| *kind != Kind::Float);
    let ending = match manifest.output.activation {
        Activation::None => None,
        activation => probabilities(file, &mut graph, activation)?,
    };
    let blind = graph.nodes.iter().any(|node| node.operator == Operator::DynamicQuantize);
    let network = graph::compile(graph, device).map_err(in_file)?;
    let mut fed = Fed { network, layout, batch: None, whole, classes };

    let shape = [1, channels, height, width];
    let images = [gradient(device, &shape)?, noise(device, &shape)?];
    let normalisation = manifest.input.normalisation(device)?;
    let images = images.map(|image| match &normalisation {
        Some((scale, shift)) => image.multiply(scale)?.add(shift),
        None => Ok(image),
    });
    let [first, second] = images;
    let (first, second) = (first?, second?);

    // One image at a time, or as many as the file declares where it takes no single one.
    let declared_batch = declared.as_ref().and_then(|declared| declared.shape.as_ref()?.first().copied().flatten());
    let (seen, alone) = match fed.probe(&first) {
        Ok(found) => found,
        Err(error) => {
            let Some(batch) = declared_batch.filter(|batch| *batch > 1 && *batch <= 256) else {
                return Err(in_file(error));
            };
            fed.batch = Some(batch);
            fed.probe(&first).map_err(|_| in_file(error))?
        }
    };
    let Probe { layers, blind: without_gradient, mixes_after, .. } = seen;
    let (alone, other) = (alone.read()?, fed.logits(&second, ReluRule::Plain).map_err(in_file)?.read()?);
    if fed.batch.is_none() {
        let both = Tensor::concatenate(&[first.clone(), second.clone()], 0)?;
        let together = fed.logits(&both, ReluRule::Plain).and_then(|answer| answer.read());
        let expected = [&alone[..], &other[..]].concat();
        if blind || !together.is_ok_and(|together| alike(&together, &expected)) {
            fed.batch = Some(1);
            notes.push("the graph takes one image at a time (its batch is fixed, or it mixes the images of one), so images are run one by one".to_owned());
        } else if fed.network.reads_shapes() {
            fed.network.remember_sizes(&fed.fed(&first)?, &fed.fed(&both)?).map_err(in_file)?;
        }
    } else if let Some(batch) = fed.batch {
        notes.push(format!("the graph takes {batch} images at a time, so a batch is filled up with copies"));
    }
    if let Some(kind) = ending {
        notes.push(format!(
            "the graph ends in {kind}; what lies before it is taken for the logits, so the probabilities are the graph's own"
        ));
    } else if manifest.output.activation != Activation::None && classes > 1 && sums_to_one(&alone, &other) {
        notes.push(
            "the answers look like probabilities already (between 0 and 1, with the sum 1) and are squashed once more; write \
             activation = \"none\" into [output] if they are probabilities"
                .to_owned(),
        );
    }
    let mut differentiable = manifest.model.differentiable;
    if let Some(node) = without_gradient.filter(|_| differentiable) {
        differentiable = false;
        notes.push(format!(
            "no gradient passes {node} (a quantised graph, for example), so the model is a black box: methods without \
             gradients work on it"
        ));
    }
    if let Some(kind) = fed.whole.filter(|_| differentiable) {
        differentiable = false;
        notes.push(format!(
            "the graph takes {kind}, so images are rounded and no gradient reaches them: methods without gradients work on it"
        ));
    }
    Ok(Loaded { fed, layers, mixes_after, differentiable, notes })
}

impl Fed {
    /// Logits (N, K) of normalised images (N, C, H, W).
    pub(super) fn logits(&self, images: &Tensor, rule: ReluRule) -> Result<Tensor> {
        self.in_batches(images, |images| self.answer(&self.network.run(&self.fed(images)?, rule)?, images.shape()[0]))
    }

    /// What the network makes of as many images as it takes, in parts of `images`, one after the other.
    pub(super) fn in_batches(&self, images: &Tensor, run: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let (count, Some(batch)) = (images.shape()[0], self.batch) else { return run(images) };
        if count == batch {
            return run(images);
        }
        let mut made = Vec::with_capacity(count.div_ceil(batch));
        for start in (0..count).step_by(batch) {
            let end = (start + batch).min(count);
            let part = images.slice(0, start, end)?;
            let missing = batch - (end - start);
            let made_of_part = if missing == 0 {
                run(&part)?
            } else {
                let last = part.slice(0, end - start - 1, end - start)?;
                let filled = [vec![part], vec![last; missing]].concat();
                run(&Tensor::concatenate(&filled, 0)?)?.slice(0, 0, end - start)?
            };
            made.push(made_of_part);
        }
        Tensor::concatenate(&made, 0)
    }

    /// Images in the order and kind that the network takes.
    pub(super) fn fed(&self, images: &Tensor) -> Result<Tensor> {
        let images = match self.whole {
            Some(kind) => {
                let [low, high] = kind.range();
                images.detach()?.rounded()?.clamp(low as f32, high as f32)?
            }
            None => images.clone(),
        };
        match self.layout {
            Layout::ChannelsFirst => Ok(images),
            Layout::ChannelsLast => images.permute(&[0, 2, 3, 1]),
        }
    }

    /// The network's output as (N, K): sizes of 1 beside them are left out.
    pub(super) fn answer(&self, output: &Tensor, images: usize) -> Result<Tensor> {
        let shape = output.shape();
        let wide: Vec<usize> = shape.iter().copied().filter(|size| *size != 1).collect();
        let expected: Vec<usize> = [images, self.classes].into_iter().filter(|size| *size != 1).collect();
        if wide != expected {
            return Err(Error::Model(format!(
                "the graph answers with the shape {shape:?} for {images} image{}, but [output] names {} classes, expected \
                 [{images}, {}]; name as many classes as it has answers",
                if images == 1 { "" } else { "s" },
                self.classes,
                self.classes
            )));
        }
        output.reshape(&[images, self.classes])
    }

    /// The answer to one image, and what the steps made on the way.
    fn probe(&self, image: &Tensor) -> Result<(Probe, Tensor)> {
        let images = match self.batch {
            Some(batch) => Tensor::concatenate(&vec![image.clone(); batch], 0)?,
            None => image.clone(),
        };
        let probe = self.network.probe(&self.fed(&images)?, self.layout)?;
        let answer = self.answer(&probe.output, images.shape()[0])?.slice(0, 0, 1)?;
        Ok((probe, answer))
    }
}

/// Compares what a file says of its input with the manifest.
fn fits(file: &str, declared: &Declared, input: &Input) -> Result<()> {
    let refused = |why: String| Err(Error::Model(format!("{file}: {why}")));
    let name = &declared.name;
    if matches!(declared.kind, Kind::Bool | Kind::Whole { bits: 32 | 64, .. }) {
        return refused(format!(
            "the graph's input `{name}` takes {}, expected images: a model of texts or tables is no classifier of images",
            declared.kind
        ));
    }
    let Some(shape) = &declared.shape else { return Ok(()) };
    let shown: Vec<String> = shape.iter().map(|size| size.map_or("?".into(), |size| size.to_string())).collect();
    let shown = shown.join(" x ");
    let &[_, a, b, c] = shape.as_slice() else {
        return refused(format!(
            "the graph's input `{name}` is declared as {shown}, {} dimensions, expected four: images (N, C, H, W) or \
             (N, H, W, C)",
            shape.len()
        ));
    };
    let Input { channels, height, width, layout, .. } = input;
    let same = |found: [Option<usize>; 3], wanted: [usize; 3]| {
        found.into_iter().zip(wanted).all(|(found, wanted)| found.is_none_or(|found| found == wanted))
    };
    let first = same([a, b, c], [*channels, *height, *width]);
    let last = same([a, b, c], [*height, *width, *channels]);
    match (layout, first, last) {
        (Layout::ChannelsFirst, true, _) | (Layout::ChannelsLast, _, true) => Ok(()),
        (Layout::ChannelsFirst, false, true) => refused(format!(
            "the graph takes channels last (N, H, W, C): its input `{name}` is declared as {shown}; write layout = \
             \"channels-last\" into [input], or export it with channels first (tf2onnx --inputs-as-nchw {name})"
        )),
        (Layout::ChannelsLast, true, false) => refused(format!(
            "the graph takes channels first (N, C, H, W): its input `{name}` is declared as {shown}; leave layout = \
             \"channels-last\" out of [input]"
        )),
        _ => {
            let order = match (layout, a, c) {
                // Few channels show where they are.
                (_, Some(1 | 3 | 4), Some(c)) if c > 4 => Layout::ChannelsFirst,
                (_, Some(a), Some(1 | 3 | 4)) if a > 4 => Layout::ChannelsLast,
                (layout, ..) => *layout,
            };
            let size = |size: Option<usize>| size.map_or("any number of".into(), |size| size.to_string());
            let (found, key) = match order {
                Layout::ChannelsFirst => ([a, b, c], ""),
                Layout::ChannelsLast => ([c, a, b], ", channels last"),
            };
            refused(format!(
                "the graph's input `{name}` is declared as {shown} ({} channels, {} x {} pixels{key}), and [input] says {channels} \
                 channels, {height} x {width} pixels; write what the graph declares into [input]",
                size(found[0]),
                size(found[1]),
                size(found[2])
            ))
        }
    }
}

/// Takes a last Softmax or Sigmoid off the graph, so that its output is the logits; says which it was.
fn probabilities(file: &str, graph: &mut Graph, activation: Activation) -> Result<Option<&'static str>> {
    let mut value = graph.output.clone();
    loop {
        let Some(node) = graph.nodes.iter_mut().find(|node| node.outputs.contains(&value)) else { return Ok(None) };
        let (kind, expected) = match node.operator {
            Operator::Softmax { log: false, .. } => ("Softmax", Activation::Softmax),
            Operator::Softmax { log: true, .. } if activation == Activation::Sigmoid => {
                ("LogSoftmax", Activation::Softmax)
            }
            Operator::Sigmoid => ("Sigmoid", Activation::Sigmoid),
            Operator::Identity
            | Operator::Dropout { .. }
            | Operator::Cast(Kind::Float)
            | Operator::Flatten { .. }
            | Operator::Reshape { .. }
            | Operator::Squeeze
            | Operator::Unsqueeze => {
                value = node.inputs.first().cloned().unwrap_or_default();
                continue;
            }
            _ => return Ok(None),
        };
        if expected != activation {
            let word = if expected == Activation::Softmax { "softmax" } else { "sigmoid" };
            return Err(Error::Model(format!(
                "{file}: the graph ends in {kind} (node `{}`), and [output] says another activation; write activation = \
                 \"{word}\"",
                node.name
            )));
        }
        node.operator = Operator::Identity;
        return Ok(Some(kind));
    }
}

/// Grey that rises from the upper left to the lower right.
fn gradient(device: &Device, shape: &[usize; 4]) -> Result<Tensor> {
    let [_, channels, height, width] = *shape;
    let one = |at: usize| {
        let (row, column) = (at / width % height, at % width);
        0.2 + 0.6 * (row + column) as f32 / (height + width) as f32
    };
    Tensor::from_data(device, shape, (0..channels * height * width).map(one).collect())
}

fn noise(device: &Device, shape: &[usize; 4]) -> Result<Tensor> {
    let mut random = SplitMix(20);
    Tensor::from_data(device, shape, (0..shape.iter().product()).map(|_| random.unit() as f32).collect())
}

/// Equal but for the order of sums.
fn alike(found: &[f32], expected: &[f32]) -> bool {
    let largest = expected.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-4 * largest)
}

fn sums_to_one(first: &[f32], second: &[f32]) -> bool {
    [first, second].iter().all(|answer| {
        answer.iter().all(|p| (-1e-6..=1.000_001).contains(p)) && (answer.iter().sum::<f32>() - 1.0).abs() < 1e-4
    })
}

/// Adds what loading found to what the manifest says.
pub(super) fn info(
    manifest: &Manifest,
    loaded: &Loaded,
    layers: Vec<String>,
    cam_layer: Option<String>,
) -> ClassifierInfo {
    ClassifierInfo {
        differentiable: loaded.differentiable,
        notes: loaded.notes.clone(),
        ..manifest.info(layers, cam_layer)
    }
}
