//! The classifier that is explained.

use crate::bindings::imports::classifiers;
pub use crate::bindings::imports::classifiers::{ActivationFunction, ClassifierInfo, ReluRule, Score};
use crate::tensor::Tensor;

/// The classifier f of a request. No call changes it.
#[derive(Clone, Copy, Debug)]
pub struct Classifier<'a>(pub(crate) &'a classifiers::Classifier);

impl Classifier<'_> {
    /// Names, sizes, layers and whether gradients exist.
    pub fn info(&self) -> ClassifierInfo {
        self.0.info()
    }

    /// (N, C, H, W) in [0, 1] to logits (N, K). Normalisation is inside.
    pub fn logits(&self, images: &Tensor) -> Tensor {
        self.logits_with(images, ReluRule::Plain)
    }

    /// Logits whose gradient passes every ReLU by `rule`.
    pub fn logits_with(&self, images: &Tensor, rule: ReluRule) -> Tensor {
        images.map(|images| self.0.logits(images, rule))
    }

    /// Logits to probabilities of the same shape (N, K).
    pub fn probabilities(&self, logits: &Tensor) -> Tensor {
        logits.map(|logits| self.0.probabilities(logits))
    }

    /// The score f_c of one target for each image: (N, K) to (N).
    pub fn scores(&self, logits: &Tensor, targets: &[u32], kind: Score) -> Tensor {
        logits.map(|logits| self.0.scores(logits, targets, kind))
    }

    /// d f_c / d x for each image (N, C, H, W), outside the graph, with `rule` at every ReLU.
    ///
    /// The scores of the images are summed before the backward pass: each depends on its own image only.
    pub fn gradient(&self, images: &Tensor, targets: &[u32], score: Score, rule: ReluRule) -> Tensor {
        let leaf = images.track();
        let scores = self.scores(&self.logits_with(&leaf, rule), targets, score);
        scores.sum(&[]).backward().of(&leaf)
    }

    /// Output of one layer, (N, C', H', W').
    pub fn activations(&self, images: &Tensor, layer: &str) -> Tensor {
        images.map(|images| self.0.activations(images, layer))
    }

    /// Logits as a function of the output of one layer.
    pub fn logits_from(&self, layer: &str, activations: &Tensor) -> Tensor {
        activations.map(|activations| self.0.logits_from(layer, activations))
    }

    /// Values (N, C', H', W') on the cells of a layer, put on the image's grid where those cells lie.
    pub fn place(&self, layer: &str, values: &Tensor) -> Tensor {
        values.map(|values| self.0.place(layer, values))
    }
}
