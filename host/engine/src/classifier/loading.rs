//! From a graph to a network that answers: what its file declares, whether it ends in probabilities, what batch it takes.

use super::logits::{self, LogitNetwork};
use super::manifest::Manifest;
use super::{Activation, ClassifierInfo};
use crate::fed::{Fed, alike, fits};
use crate::graph::network::{Layer, Probe};
use crate::graph::{self, Graph, Network, Operator};
use crate::input::Input;
use crate::tensor::SplitMix;
use crate::{Device, Error, ReluRule, Result, Tensor};

/// What loading found.
pub(super) struct Loaded {
    pub(super) network: LogitNetwork,
    pub(super) layers: Vec<Layer>,
    /// What keeps the last of them from being the layer of class activation maps.
    pub(super) mixes_after: Option<String>,
    pub(super) differentiable: bool,
    /// What the user should know of this model, once.
    pub(super) notes: Vec<String>,
}

/// Compiles a graph and runs it on two made images, which finds what does not fit.
pub(super) fn load(file: &str, manifest: &Manifest, graph: Graph, device: &Device) -> Result<Loaded> {
    let in_file = |error: Error| match error {
        Error::Model(why) if !why.starts_with(file) => Error::Model(format!("{file}: {why}")),
        Error::Shape { .. } | Error::Argument { .. } => Error::Model(format!("{file}: {error}")),
        other => other,
    };
    let Input { channels, height, width, layout, .. } = manifest.input;
    let (classes, activation) = (manifest.output.classes.len(), manifest.output.activation);
    let mut notes = Vec::new();
    let declared = graph.declared.clone();
    if let Some(declared) = &declared {
        fits(file, declared, &manifest.input)?;
    }
    let mut network = graph::compile(graph, device).map_err(in_file)?;
    let ending = match activation {
        Activation::None => None,
        activation => take_ending_out(&mut network, activation).map_err(in_file)?,
    };
    let fed = Fed::new(network, layout, declared.as_ref());
    let mut network = LogitNetwork { fed, classes };

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
    let (seen, alone) = match network.probe(&first) {
        Ok(found) => found,
        Err(error) if network.fed.fill_up(declared.as_ref()).is_some() => {
            network.probe(&first).map_err(|_| in_file(error))?
        }
        Err(error) => return Err(in_file(error)),
    };
    let Probe { layers, mixes_after, .. } = seen;
    let (alone, other) = (alone.read()?, network.logits(&second, ReluRule::Plain).map_err(in_file)?.read()?);
    let together = |fed: &Fed, both: &Tensor| logits::answer(&fed.run(both, ReluRule::Plain)?, 2, classes);
    notes.extend(network.fed.settle_batch([&first, &second], [&alone, &other], together).map_err(in_file)?);
    if let Some(ending) = ending {
        check_ending(&mut network, &ending, &first, &alone, activation).map_err(in_file)?;
        let kind = ending.kind;
        notes.push(format!(
            "the graph ends in {kind}; what lies before it is taken for the logits, so the probabilities are the graph's own"
        ));
    } else if activation != Activation::None && classes > 1 && sums_to_one(&alone, &other) {
        notes.push(
            "the answers look like probabilities already (between 0 and 1, with the sum 1) and are squashed once more; write \
             activation = \"none\" into [output] if they are probabilities"
                .to_owned(),
        );
    }
    let mut differentiable = manifest.model.differentiable;
    if let Some(node) = network.fed.network.without_gradient().filter(|_| differentiable) {
        differentiable = false;
        notes.push(format!(
            "no gradient passes {node} (a quantised graph, for example), so the model is a black box: methods without \
             gradients work on it"
        ));
    }
    if let Some(kind) = network.fed.whole().filter(|_| differentiable) {
        differentiable = false;
        notes.push(format!(
            "the graph takes {kind}, so images are rounded and no gradient reaches them: methods without gradients work on it"
        ));
    }
    Ok(Loaded { network, layers, mixes_after, differentiable, notes })
}

/// Takes a last Softmax or Sigmoid out of the network, so that its output is the logits; says which it was and in which step.
fn take_ending_out(network: &mut Network, activation: Activation) -> Result<Option<Ending>> {
    let Some((step, operator)) = network.ending() else { return Ok(None) };
    let (kind, expected) = match operator {
        Operator::Softmax { log: false, .. } => ("Softmax", Activation::Softmax),
        Operator::Softmax { log: true, .. } if activation == Activation::Sigmoid => ("LogSoftmax", Activation::Softmax),
        Operator::Sigmoid => ("Sigmoid", Activation::Sigmoid),
        _ => return Ok(None),
    };
    if expected != activation {
        let word = if expected == Activation::Softmax { "softmax" } else { "sigmoid" };
        return Err(Error::Model(format!(
            "the graph ends in {kind} (node `{}`), and [output] says another activation; write activation = \"{word}\"",
            network.step_name(step)
        )));
    }
    let operator = operator.clone();
    network.replace(step, Operator::Identity);
    Ok(Some(Ending { kind, step, operator }))
}

/// What a network ended in.
struct Ending {
    kind: &'static str,
    step: usize,
    operator: Operator,
}

/// Makes sure that the logits become the graph's own probabilities again: a Softmax over another axis does not.
fn check_ending(
    network: &mut LogitNetwork,
    ending: &Ending,
    image: &Tensor,
    logits: &[f32],
    of: Activation,
) -> Result<()> {
    network.fed.network.replace(ending.step, ending.operator.clone());
    let given = network.logits(image, ReluRule::Plain)?.read()?;
    network.fed.network.replace(ending.step, Operator::Identity);
    let logits = Tensor::from_data(image.device(), &[1, logits.len()], logits.to_vec())?;
    let made = if of == Activation::Softmax { logits.softmax(1)? } else { logits.sigmoid()? }.read()?;
    if alike(&made, &given) {
        return Ok(());
    }
    Err(Error::Model(format!(
        "the graph ends in {} (node `{}`), but not over its {} classes: its axis is another one; export it over the axis of \
         the classes, or write activation = \"none\" into [output] to take its answers as they are",
        ending.kind,
        network.fed.network.step_name(ending.step),
        network.classes
    )))
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
