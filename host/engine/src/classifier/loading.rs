//! From a graph to a network that answers: what its file declares, whether it ends in probabilities, what batch it takes.

use super::ClassifierInfo;
use super::ending;
use super::logits::{self, LogitNetwork};
use super::manifest::Manifest;
use crate::fed::{Fed, fits};
use crate::graph::network::{Layer, Probe};
use crate::graph::{self, Graph};
use crate::{Device, Error, ReluRule, Result, Tensor};
use lacuna_numeric::SplitMix;

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
    let layout = manifest.input.layout;
    let (classes, activation) = (manifest.output.classes.len(), manifest.output.activation);
    let mut notes = Vec::new();
    let declared = graph.declared.clone();
    if let Some(declared) = &declared {
        fits(file, declared, &manifest.input)?;
    }
    let holds_none = |array: &graph::Array| array.as_floats("").is_ok_and(|data| data.iter().any(|x| x.is_nan()));
    let unusable = graph.constants.iter().filter(|(_, array)| holds_none(array)).map(|(name, _)| name.clone()).min();
    let mut network = graph::compile(graph, device).map_err(in_file)?;
    let ending = ending::take_out(&mut network, activation).map_err(in_file)?;
    let fed = Fed::new(network, layout, declared.as_ref());
    let mut network = LogitNetwork { fed, classes };

    let shape = manifest.input.shape(1);
    let normalisation = manifest.input.normalisation(device)?;
    let normalised = |image: Tensor| match &normalisation {
        Some((scale, shift)) => image.multiply(scale)?.add(shift),
        None => Ok(image),
    };
    let (first, second) = (normalised(gradient(device, &shape)?)?, normalised(noise(device, &shape)?)?);

    // One image at a time, or as many as the file declares where it takes no single one.
    let (seen, alone) = match network.probe(&first) {
        Ok(found) => found,
        Err(error) if network.fed.fill_up(declared.as_ref()).is_some() => {
            network.probe(&first).map_err(|_| in_file(error))?
        }
        Err(error) => return Err(in_file(error)),
    };
    let widths = ending.as_ref().map(|ending| ending.widths(&seen)).unwrap_or_default();
    let Probe { layers, mixes_after, kind, .. } = seen;
    if kind != graph::array::Kind::Float {
        return Err(in_file(Error::Model(format!(
            "the graph answers with {kind} (the number of a class, for example), expected logits or probabilities, numbers \
             with a fraction; export it with the output that holds them, or name that output as `output` in [output]"
        ))));
    }
    let answer = |network: &LogitNetwork, image: &Tensor| network.logits(image, ReluRule::Plain)?.read();
    let mut alone = alone.read()?;
    let mut other = answer(&network, &second).map_err(in_file)?;
    if let Some(found) = alone.iter().chain(&other).find(|number| !number.is_finite()) {
        let within = match unusable {
            Some(name) => format!("its constant `{name}` holds NaN or infinite numbers"),
            None => "look for NaN and infinite numbers among its weights, and for statistics of 0".to_owned(),
        };
        return Err(in_file(Error::Model(format!(
            "the graph answers a made image with {found}, expected finite numbers: {within}"
        ))));
    }
    let together = |fed: &Fed, both: &Tensor| logits::answer(&fed.run(both, ReluRule::Plain)?, 2, classes);
    notes.extend(network.fed.settle_batch([&first, &second], [&alone, &other], together).map_err(in_file)?);
    let taken = match &ending {
        Some(ending) => {
            ending::checked(&mut network, (ending, &widths), (&first, &alone), activation).map_err(in_file)?
        }
        None => None,
    };
    if taken.is_none() {
        if ending.is_some() {
            (alone, other) = (answer(&network, &first)?, answer(&network, &second)?);
        }
        let mut found = ending::compared(&[&alone, &other], activation).map_err(in_file)?;
        if found.is_some() {
            // Two answers may lie between 0 and 1 by chance.
            let plain = [0.0, 1.0].map(|grey| answer(&network, &normalised(Tensor::full(device, &shape, grey)?)?));
            let [black, white] = plain;
            found = ending::compared(&[&black?, &white?], activation)?;
        }
        notes.extend(found);
    }
    notes.extend(taken);
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

/// Grey that rises from the upper left to the lower right, and from the first slice of a volume to the last.
fn gradient(device: &Device, shape: &[usize]) -> Result<Tensor> {
    let spatial = &shape[2..];
    let one = |mut at: usize| {
        let mut along = 0;
        for size in spatial.iter().rev() {
            along += at % size;
            at /= size;
        }
        0.2 + 0.6 * along as f32 / spatial.iter().sum::<usize>() as f32
    };
    Tensor::from_data(device, shape, (0..shape.iter().product()).map(one).collect())
}

fn noise(device: &Device, shape: &[usize]) -> Result<Tensor> {
    let mut random = SplitMix::new(20);
    Tensor::from_data(device, shape, (0..shape.iter().product()).map(|_| random.unit24() as f32).collect())
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
