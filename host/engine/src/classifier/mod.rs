//! The classifier that is explained: images in [0, 1] to logits, and logits to scores.

mod ending;
mod external;
mod layers;
mod loading;
#[cfg(test)]
mod loading_tests;
mod logits;
mod manifest;
mod open;
mod process;

pub use external::BlackBox;
pub use manifest::{Manifest, Model, Output};
pub use process::StopProbe;

use crate::graph::axes::Picture;
use crate::graph::network::PassCost;
use crate::{Device, Error, ReluRule, Result, Tensor};
use external::External;
use logits::LogitNetwork;
use process::Process;
use std::collections::HashMap;
use std::sync::Arc;

/// What the last layer feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// One class of several.
    Softmax,
    /// One independent label for each logit.
    Sigmoid,
    /// Nothing: the outputs are the probabilities.
    None,
}

/// Which number is the score f_c of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    Probability,
    Logit,
    /// log p / (1 - p), which does not saturate.
    LogOdds,
}

/// A part of a network that is run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass<'a> {
    Whole,
    /// Up to the layer of this name.
    Until(&'a str),
    /// The part from the layer of this name on.
    From(&'a str),
}

/// An index into the class names of one classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClassIndex(pub usize);

/// What a classifier says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierInfo {
    pub name: String,
    pub classes: Vec<String>,
    pub channels: usize,
    /// Slices of the volumes (N, C, D, H, W) that it takes; none for images (N, C, H, W).
    pub depth: Option<usize>,
    pub height: usize,
    pub width: usize,
    pub activation: Activation,
    /// The class that means healthy, where the manifest names one.
    pub healthy: Option<ClassIndex>,
    /// Whether gradients exist.
    pub differentiable: bool,
    /// Layers whose activations, (N, C, H, W) or (N, C, D, H, W), can be asked for, in the order of computation.
    pub layers: Vec<String>,
    pub cam_layer: Option<String>,
    /// None for a black box.
    pub activation_functions: Vec<ActivationFunction>,
    /// What loading the model found that its user should know, once.
    pub notes: Vec<String>,
}

impl ClassifierInfo {
    /// Sizes along the spatial axes: (H, W), or (D, H, W) of volumes.
    pub fn spatial(&self) -> Vec<usize> {
        self.depth.into_iter().chain([self.height, self.width]).collect()
    }

    /// The shape of so many images: (N, C, H, W), or (N, C, D, H, W) of volumes.
    pub fn shape(&self, images: usize) -> Vec<usize> {
        [&[images, self.channels], &self.spatial()[..]].concat()
    }
}

/// The activation function that a [`ReluRule`] acts on, by its name in ONNX.
pub(crate) const RULED: &str = "Relu";

/// A kind of activation function inside a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationFunction {
    /// The name that ONNX gives it.
    pub name: String,
    /// How often it occurs.
    pub count: usize,
    /// Whether a [`ReluRule`] acts on it.
    pub ruled: bool,
}

/// Where log-odds of a probability that is given are cut off.
const SMALLEST: f32 = 1e-7;

/// A frozen classifier on a device. Cheap to clone; nothing changes it.
#[derive(Clone, Debug)]
pub struct Classifier {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    info: ClassifierInfo,
    body: Body,
    /// Normalisation, scale x + shift, each (1, C, 1, 1) or (1, C, 1, 1, 1); none when it changes nothing.
    normalisation: Option<(Tensor, Tensor)>,
    /// How the axes of each layer lie, and its cells on the image.
    pictures: HashMap<String, Picture>,
}

/// Who answers.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each classifier")]
enum Body {
    Network(LogitNetwork),
    External(External),
}

impl Classifier {
    pub fn info(&self) -> &ClassifierInfo {
        &self.inner.info
    }

    pub fn device(&self) -> &Device {
        match &self.inner.body {
            Body::Network(network) => network.fed.network.device(),
            Body::External(external) => &external.device,
        }
    }

    /// Logits (N, K) of images (N, C, H, W), or volumes (N, C, D, H, W), in [0, 1]. Normalisation is inside and differentiable.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the images have the classifier's channels and sizes;
    /// [`Error::NotDifferentiable`] for tracked images where gradients do not exist.
    pub fn logits(&self, images: &Tensor, rule: ReluRule) -> Result<Tensor> {
        let images = self.normalised(images)?;
        match &self.inner.body {
            Body::Network(network) => network.logits(&images, rule),
            Body::External(external) => external.logits(&self.inner.info, &images),
        }
    }

    /// Logits (N, K) to probabilities of the same shape.
    ///
    /// # Errors
    /// [`Error::Shape`] unless (N, K).
    pub fn probabilities(&self, logits: &Tensor) -> Result<Tensor> {
        self.check_logits(logits)?;
        match self.inner.info.activation {
            Activation::Softmax => logits.softmax(1),
            Activation::Sigmoid => logits.sigmoid(),
            Activation::None => Ok(logits.clone()),
        }
    }

    /// The score of one target for each image: logits (N, K) to (N).
    ///
    /// # Errors
    /// [`Error::Argument`] for a number of targets other than N or a target that is no class.
    pub fn scores(&self, logits: &Tensor, targets: &[ClassIndex], kind: Score) -> Result<Tensor> {
        self.check_logits(logits)?;
        let (n, k) = (logits.shape()[0], self.inner.info.classes.len());
        if targets.len() != n {
            return Err(Error::argument("scores", "targets", format!("{n}, one for each image"), targets.len()));
        }
        if let Some(outside) = targets.iter().find(|target| target.0 >= k) {
            return Err(Error::argument("scores", "target", format!("below {k}, the number of classes"), outside.0));
        }
        let mut chosen = vec![0.0; n * k];
        targets.iter().enumerate().for_each(|(row, target)| chosen[row * k + target.0] = 1.0);
        let chosen = Tensor::from_data(logits.device(), &[n, k], chosen)?;
        let pick = |values: &Tensor| values.multiply(&chosen)?.sum(&[1])?.reshape(&[n]);
        match (kind, self.inner.info.activation) {
            (Score::Probability, _) => pick(&self.probabilities(logits)?),
            (Score::Logit, _) | (Score::LogOdds, Activation::Sigmoid) => pick(logits),
            (Score::LogOdds, Activation::None) => {
                let p = pick(logits)?.clamp(SMALLEST, 1.0 - SMALLEST)?;
                p.logarithm()?.subtract(&p.affine(-1.0, 1.0)?.logarithm()?)
            }
            (Score::LogOdds, Activation::Softmax) => {
                // z_c - logsumexp of the others; the chosen logit is taken out before the maximum.
                let others = logits.subtract(&chosen.affine(1e30, 0.0)?)?;
                let highest = others.max_along(1)?.detach()?;
                let rest = others.subtract(&highest)?.exponential()?.sum(&[1])?.logarithm()?.add(&highest)?;
                pick(logits)?.subtract(&rest.reshape(&[n])?)
            }
        }
    }

    /// What a pass takes of the device for each image: the whole network, or the part that begins or ends at a layer. A
    /// black box takes nothing here.
    pub fn pass_cost(&self, part: Pass<'_>) -> PassCost {
        let Body::Network(LogitNetwork { fed, .. }) = &self.inner.body else { return PassCost::default() };
        match part {
            Pass::Whole => fed.network.cost(),
            Pass::Until(layer) => fed.network.cost_beside(layer, true),
            Pass::From(layer) => fed.network.cost_beside(layer, false),
        }
    }

    fn normalised(&self, images: &Tensor) -> Result<Tensor> {
        let info = &self.inner.info;
        if !info.differentiable && images.is_tracked() {
            return Err(Error::NotDifferentiable(format!(
                "the classifier `{}` is a black box; detach the images, or use a method that needs no gradients",
                info.name
            )));
        }
        let shape = images.shape();
        if shape.get(1..) != Some(&info.shape(1)[1..]) {
            let sizes: Vec<String> = info.shape(1)[1..].iter().map(usize::to_string).collect();
            return Err(Error::shape("classifier", format!("(N, {})", sizes.join(", ")), &shape));
        }
        match &self.inner.normalisation {
            Some((scale, shift)) => images.multiply(scale)?.add(shift),
            None => Ok(images.clone()),
        }
    }

    fn check_logits(&self, logits: &Tensor) -> Result<()> {
        let k = self.inner.info.classes.len();
        match logits.shape().as_slice() {
            [_, found] if *found == k => Ok(()),
            other => Err(Error::shape("logits", format!("(N, {k})"), other)),
        }
    }
}
