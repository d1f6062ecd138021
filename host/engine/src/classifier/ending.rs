//! Probabilities that a graph makes itself: taken off, so that its output is the logits, or told of.

use super::Activation;
use super::logits::LogitNetwork;
use crate::fed::alike;
use crate::graph::Network;
use crate::graph::network::Ending;
use crate::{Error, ReluRule, Result, Tensor};

/// How far a probability may be from the one that a graph rounds to a whole number of 256ths.
const ROUNDED: f32 = 0.01;

/// Takes a last Softmax or Sigmoid out of the network, so that its output is the logits.
///
/// # Errors
/// [`Error::Model`] where the manifest says another activation.
pub(super) fn take_out(network: &mut Network, activation: Activation) -> Result<Option<Ending>> {
    if activation == Activation::None {
        return Ok(None);
    }
    let Some(ending) = network.ending() else { return Ok(None) };
    let expected = match (ending.kind, activation) {
        // The softmax of its answers is that of the logits.
        ("LogSoftmax", Activation::Softmax) => return Ok(None),
        ("Softmax" | "LogSoftmax", _) => Activation::Softmax,
        _ => Activation::Sigmoid,
    };
    if expected != activation {
        let word = if expected == Activation::Softmax { "softmax" } else { "sigmoid" };
        return Err(Error::Model(format!(
            "the graph ends in {} (node `{}`), and [output] says another activation; write activation = \"{word}\"",
            ending.kind, ending.node
        )));
    }
    network.take_out(&ending);
    Ok(Some(ending))
}

/// Makes sure that the logits become the graph's own probabilities again, and says what was done; else puts the ending back.
///
/// # Errors
/// [`Error::Model`] for a Softmax over another axis than that of the classes.
pub(super) fn checked(
    network: &mut LogitNetwork,
    (ending, widths): (&Ending, &[usize]),
    (image, logits): (&Tensor, &[f32]),
    activation: Activation,
) -> Result<Option<String>> {
    network.fed.network.put_back(ending);
    let given = network.logits(image, ReluRule::Plain)?.read()?;
    let logits = Tensor::from_data(image.device(), &[1, logits.len()], logits.to_vec())?;
    let made = if activation == Activation::Softmax { logits.softmax(1)? } else { logits.sigmoid()? }.read()?;
    let near = || made.len() == given.len() && made.iter().zip(&given).all(|(a, b)| (a - b).abs() <= ROUNDED);
    let kind = ending.kind;
    let over_classes = widths.iter().all(|width| *width == network.classes);
    if over_classes && (alike(&made, &given) || (ending.rounded && near())) {
        network.fed.network.take_out(ending);
        let own = if ending.rounded { "the graph's own before they are rounded" } else { "the graph's own" };
        return Ok(Some(format!(
            "the graph ends in {kind}; what lies before it is taken for the logits, so the probabilities are {own}"
        )));
    }
    if over_classes && (ending.moved || ending.rounded) {
        return Ok(None);
    }
    Err(Error::Model(format!(
        "the graph ends in {kind} (node `{}`), but not over its {} classes: its axis is another one; export it over the axis \
         of the classes, or write activation = \"none\" into [output] to take its answers as they are",
        ending.node, network.classes
    )))
}

/// Compares what made images are answered with what the manifest says the answers are.
///
/// # Errors
/// [`Error::Model`] for answers below 0 or above 1 that the manifest calls probabilities.
pub(super) fn compared(answers: &[&[f32]], activation: Activation) -> Result<Option<String>> {
    let outside = answers.iter().copied().flatten().find(|p| !(-1e-3..=1.001).contains(*p));
    match (activation, outside) {
        (Activation::None, Some(found)) => Err(Error::Model(format!(
            "[output] says activation = \"none\", so the answers are probabilities, but a made image is answered with {found}; \
             write activation = \"softmax\" or \"sigmoid\""
        ))),
        (Activation::None, None) | (_, Some(_)) => Ok(None),
        (Activation::Softmax | Activation::Sigmoid, None) => {
            let word = if activation == Activation::Softmax { "softmax" } else { "sigmoid" };
            Ok(Some(format!(
                "the answers look like probabilities already (all answers to made images lie between 0 and 1), and the \
                 {word} of them is taken once more; write activation = \"none\" into [output] if they are probabilities"
            )))
        }
    }
}
