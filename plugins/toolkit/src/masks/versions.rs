//! Many masks for each image in one batched call of the classifier.

use std::rc::Rc;

use crate::masks::{Objective, Shift};
use crate::saliency::Stack;
use lacuna_plugin::{Error, Phi, Request, Score, Tensor};

/// Scores masks in passes: a pass is one batched call of the classifier, forward or both ways, for as many masks as
/// `batch` images allow ([`crate::saliency::Passes::parameter`]). It counts every pass.
#[derive(Debug)]
pub struct Versions<'a> {
    objective: &'a Objective<'a>,
    stack: Stack<'a>,
    /// The largest number of versions of each image in one pass.
    most: u32,
    seed: u64,
    /// Phi of the copied images, by the number of copies; kept once made.
    phis: Vec<(u32, Rc<Phi>)>,
    passes: u32,
    /// The move of the images under their masks; zero at first.
    pub shift: Shift,
}

impl<'a> Versions<'a> {
    /// Prepares passes of at most `most` masks for each image.
    ///
    /// # Errors
    /// A method that does not describe [`crate::saliency::Passes::parameter`], and what the host refuses.
    pub fn new(request: &Request<'a>, objective: &'a Objective<'a>, most: u32) -> Result<Self, Error> {
        let most = (request.settings.count("batch")? / objective.shape.images().max(1)).clamp(1, most.max(1));
        let stack = Stack::new(request, Score::Logit, most)?;
        Ok(Self { objective, stack, most, seed: request.seed, phis: Vec::new(), passes: 0, shift: Shift::default() })
    }

    /// The number of passes so far.
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// The scores f_c(Phi(x; m)), (V N, 1, 1, 1), of V masks for each image, (V N, 1, S, S), one version of all images
    /// after the other; outside the graph. Volumes have one dimension more.
    ///
    /// # Errors
    /// What classifier and perturbation refuse.
    pub fn scores(&mut self, masks: &Tensor, kind: Score) -> Result<Tensor, Error> {
        let mut scores = Vec::new();
        self.each(masks, |part, score| scores.push(score(part, kind)))?;
        join(&scores)
    }

    /// The [scores](Versions::scores), and the gradient of each for its mask, (V N, 1, S, S).
    ///
    /// # Errors
    /// What classifier and perturbation refuse.
    pub fn slopes(&mut self, masks: &Tensor, kind: Score) -> Result<(Tensor, Tensor), Error> {
        let (mut scores, mut slopes) = (Vec::new(), Vec::new());
        self.each(masks, |part, score| {
            let leaf = part.track();
            let found = score(&leaf, kind);
            scores.push(found.detach());
            slopes.push(found.sum(&[]).backward().of(&leaf));
        })?;
        Ok((join(&scores)?, join(&slopes)?))
    }

    /// Calls `pass` with the masks of each pass and with what scores them.
    fn each(
        &mut self,
        masks: &Tensor,
        mut pass: impl FnMut(&Tensor, &dyn Fn(&Tensor, Score) -> Tensor),
    ) -> Result<(), Error> {
        let (objective, images) = (self.objective, self.objective.shape.images());
        let versions = masks.image_shape()?.images() / images;
        let even = versions.div_ceil(versions.div_ceil(self.most));
        for start in (0..versions).step_by(even as usize) {
            let count = even.min(versions - start);
            let targets = objective.targets.repeat(count as usize);
            let (phi, shift) = (self.phi(count)?, self.shift.clone());
            pass(&masks.slice(0, start * images..(start + count) * images), &|masks, kind| {
                let logits = objective.classifier.logits(&shift.apply(&phi, &objective.upsample(masks)));
                objective.classifier.scores(&logits, &targets, kind).reshape(&objective.shape.numbers(count * images))
            });
            self.passes += 1;
        }
        Ok(())
    }

    /// Phi for `count` copies of the images.
    fn phi(&mut self, count: u32) -> Result<Rc<Phi>, Error> {
        if let Some((_, phi)) = self.phis.iter().find(|(known, _)| *known == count) {
            return Ok(phi.clone());
        }
        let phi = Rc::new(Phi::create(&self.stack.copies(count), self.seed)?);
        self.phis.push((count, phi.clone()));
        Ok(phi)
    }
}

fn join(parts: &[Tensor]) -> Result<Tensor, Error> {
    Tensor::concatenate(&parts.iter().collect::<Vec<_>>(), 0).check()
}

/// Scales `mask` (N, 1, S, S) by each of `shares`, to (V N, 1, S, S). With [`shares`] these are the masks on the straight path
/// from nothing kept to `mask`.
pub fn scaled(mask: &Tensor, shares: &[f32]) -> Tensor {
    let versions: Vec<Tensor> = shares.iter().map(|share| mask * *share).collect();
    Tensor::concatenate(&versions.iter().collect::<Vec<_>>(), 0)
}

/// The shares k / K for k = 1 to K = `samples`.
pub fn shares(samples: u32) -> Vec<f32> {
    (1..=samples).map(|k| k as f32 / samples as f32).collect()
}
