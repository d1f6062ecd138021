//! The gradient of the score.

use crate::{Classifier, ReluRule, Score, Tensor};

impl Classifier<'_> {
    /// d f_c / d x for each image (N, C, H, W), outside the graph, with `rule` at every ReLU.
    ///
    /// The scores of the images are summed before the backward pass: each depends on its own image only.
    pub fn gradient(&self, images: &Tensor, targets: &[u32], score: Score, rule: ReluRule) -> Tensor {
        let leaf = images.track();
        let scores = self.scores(&self.logits_with(&leaf, rule), targets, score);
        scores.sum(&[]).backward().of(&leaf)
    }
}
