//! Turns the last mask into the explanation, and judges the run by a few numbers for each image.

use crate::masks::Objective;
use crate::masks::outcome::Outcome;
use crate::saliency::image_prefix;
use lacuna_plugin::{Error, Explanation, Extra, Finding, Remedy, Tensor, log};

/// Collects a few numbers for each image and reads them once, at the end: describe
/// [`lacuna_plugin::Need::Readback`]. Findings name likely causes and the settings to try.
#[derive(Debug)]
pub struct Findings<'a> {
    objective: &'a Objective<'a>,
    smaller_step: Remedy,
    start: Option<FirstStep>,
}

/// The mask before the first step, the logits under it, and the gradient of the score term.
#[derive(Debug)]
struct FirstStep {
    mask: Tensor,
    logits: Tensor,
    pull: Tensor,
}

impl<'a> Findings<'a> {
    /// Starts to collect. `smaller_step` is the remedy where the steps were too large, for example a smaller learning rate.
    pub fn new(objective: &'a Objective<'a>, smaller_step: Remedy) -> Self {
        Self { objective, smaller_step, start: None }
    }

    /// Keeps what the first step starts from: the mask (N, 1, S, S), the logits (N, K) under it, and the gradient
    /// of all terms of the objective (N, 1, S, S).
    pub fn note_start(&mut self, mask: &Tensor, logits: &Tensor, gradient: &Tensor) {
        let config = self.objective.config;
        let pull = gradient - config.regularisers.pull(config.game, mask);
        self.start = Some(FirstStep { mask: mask.clone(), logits: logits.detach(), pull: pull.detach() });
    }

    /// Makes the explanation of the last mask `low` (N, 1, S, S) in [0, 1]; `unclamped` is the same mask
    /// as the optimiser left it. The map is the mask's [evidence](crate::masks::Game::evidence);
    /// the extras are `mask`, `mask-low`, `perturbed` and `perturbation-reference`.
    ///
    /// # Errors
    /// Numbers that are NaN or infinite, because such a mask is no result, and whatever an operation
    /// before refused.
    pub fn conclude(self, low: Tensor, unclamped: &Tensor) -> Result<Explanation, Error> {
        let objective = self.objective;
        let low = low.check()?;
        let mask = objective.upsample(&low).clamp(0.0, 1.0);
        let perturbed = objective.phi.apply(&mask);
        let findings = self.judge(&low, unclamped, &perturbed)?;
        let map = objective.config.game.evidence(&mask);
        let reference = objective.phi.apply(&(&mask * 0.0));
        Ok(Explanation {
            map,
            extras: vec![
                Extra::mask(mask),
                Extra::other("mask-low", low),
                Extra::perturbed(perturbed),
                Extra::other("perturbation-reference", reference),
            ],
            findings,
        })
    }

    /// Judges the last mask by itself and by Phi under it.
    fn judge(self, low: &Tensor, unclamped: &Tensor, perturbed: &Tensor) -> Result<Vec<Finding>, Error> {
        let objective = self.objective;
        let Some(start) = self.start else {
            return Ok(Vec::new());
        };
        let images = objective.shape.images();
        let (cells, inner) = (objective.cells(images).iter().skip(1).product(), objective.shape.inner());
        let largest = |x: &Tensor| x.reshape(&[images, cells]).max_along(1).reshape(&[images]);
        let probability = |images: &Tensor| objective.probabilities(&objective.classifier.logits(images));
        let columns = [
            probability(objective.images),
            objective.probabilities(&start.logits),
            probability(perturbed),
            objective.minimised(&start.logits),
            largest(&start.pull.absolute()),
            largest(&-low),
            largest(low),
            low.mean(&inner).reshape(&[images]),
            unclamped.mean(&inner).reshape(&[images]),
            largest(&(low - start.mask).absolute()),
        ];
        let numbers = Tensor::concatenate(&columns.each_ref(), 0).read()?;
        let column = |index: usize, image: usize| numbers.get(index * images as usize + image).copied();
        let mut findings = Vec::new();
        for image in 0..images as usize {
            let at = |index| column(index, image).unwrap_or(f32::NAN);
            let outcome = Outcome {
                p_image: at(0),
                p_start: at(1),
                p_end: at(2),
                score: at(3),
                pull: at(4),
                minimum: -at(5),
                maximum: at(6),
                mean: at(7),
                unclamped: at(8),
                moved: at(9),
            };
            let prefix = image_prefix(image, images as usize);
            let found = outcome.judge(objective.config, &self.smaller_step).map_err(|mut cause| {
                cause.text.insert_str(0, &prefix);
                Error::NonFinite(cause)
            })?;
            findings.extend(found.into_iter().map(|finding| finding.of_image(image)));
            log::info(&format!(
                "{prefix}probability of the target {:.3} before, {:.3} under a mask of mean {:.3}",
                outcome.p_image, outcome.p_end, outcome.mean
            ));
        }
        Ok(findings)
    }
}
