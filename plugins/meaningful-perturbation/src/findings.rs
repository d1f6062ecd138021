//! The few numbers that a run is judged by.

use lacuna_plugin::{Error, Tensor, log};

use crate::objective::Objective;
use crate::verdict::Numbers;

/// Collects a few numbers for each image and reads them once, at the end.
pub struct Findings<'a> {
    objective: &'a Objective<'a>,
    start: Option<Start>,
}

/// The first step: the mask before it, the logits under it, and the gradient of the score term.
pub struct Start {
    pub mask: Tensor,
    pub logits: Tensor,
    pub pull: Tensor,
}

impl<'a> Findings<'a> {
    pub fn new(objective: &'a Objective<'a>) -> Self {
        Self { objective, start: None }
    }

    pub fn note_start(&mut self, start: Start) {
        self.start = Some(Start { logits: start.logits.detach(), pull: start.pull.detach(), ..start });
    }

    /// Judges the last mask `low` (N, 1, S, S), `unclamped` as Adam left it, and Phi under it.
    ///
    /// # Errors
    /// Numbers that are NaN or infinite: such a mask is not a result.
    pub fn conclude(self, low: &Tensor, unclamped: &Tensor, perturbed: &Tensor) -> Result<Vec<String>, Error> {
        let objective = self.objective;
        let Some(start) = self.start else {
            return Ok(Vec::new());
        };
        let [images, ..] = objective.shape;
        let cells = objective.config.mask_size.pow(2);
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
            low.mean(&[1, 2, 3]).reshape(&[images]),
            unclamped.mean(&[1, 2, 3]).reshape(&[images]),
            largest(&(low - start.mask).absolute()),
        ];
        let numbers = Tensor::concatenate(&columns.each_ref(), 0).read()?;
        let column = |index: usize, image: usize| numbers.get(index * images as usize + image).copied();
        let mut findings = Vec::new();
        for image in 0..images as usize {
            let at = |index| column(index, image).unwrap_or(f32::NAN);
            let numbers = Numbers {
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
            let whose = if images == 1 { String::new() } else { format!("image {} of {images}: ", image + 1) };
            let found = numbers.judge(objective.config).map_err(|cause| Error::NonFinite(whose.clone() + &cause))?;
            findings.extend(found.into_iter().map(|finding| whose.clone() + &finding));
            log::info(&format!(
                "{whose}probability of the target {:.3} before, {:.3} under a mask of mean {:.3}",
                numbers.p_image, numbers.p_end, numbers.mean
            ));
        }
        Ok(findings)
    }
}
