//! The gradient of the score without a backward pass: an antithetic evolution strategy.
//!
//! Pairs of masks m + sigma e and m - sigma e stand on both sides of the mask m, with e from a normal distribution; each
//! pair says how the score F changes along its e:
//!
//! ```text
//! g = 1 / (2 P sigma) sum_p (F(m + sigma e_p) - F(m - sigma e_p)) e_p
//! ```
//!
//! (Wierstra, Schaul, Glasmachers, Sun, Peters and Schmidhuber 2014, Sec. 3; mirrored as by Brockhoff and others 2010 and
//! Salimans, Ho, Chen, Sidor and Sutskever 2017, Sec. 2.) Ours: the noise is drawn on a coarser grid and made as fine as the
//! mask, because fewer unknowns need fewer pairs, and an optimiser that divides by the gradient's size, as Adam does, needs
//! no scale. Only the score is estimated: area and TV have gradients without the classifier.

use crate::masks::{Jitter, Objective};
use crate::saliency::{Passes, Stack};
use crate::{Error, Interpolation, Parameter, Phi, Random, Request, Score, Tensor};

const STRATEGY: &str = "Wierstra 2014, Salimans 2017; value chosen here";

/// The masks of one step, asked in passes of a bounded size.
#[derive(Debug)]
pub struct Evolution<'a> {
    pairs: u32,
    sigma: f32,
    cells: u32,
    most: u32,
    stack: Stack<'a>,
    /// The perturbation of as many copies of the images as a pass has pairs.
    phis: Vec<(u32, Phi)>,
    seed: u64,
}

impl<'a> Evolution<'a> {
    /// `pairs`, `sigma`, `noise-size` and `batch`.
    pub(super) fn parameters() -> impl Iterator<Item = Parameter> {
        [
            Parameter::integer("pairs", 16, 1..=4096)
                .summary("For optimiser=evolution: pairs of masks in a step; twice as many images are classified")
                .unit("pairs")
                .source(STRATEGY),
            Parameter::number("sigma", 0.2, 1e-4..=1.0)
                .summary("For optimiser=evolution: standard deviation of the masks around the present one")
                .unit("units of the mask")
                .source(STRATEGY),
            Parameter::integer("noise-size", 14, 2..=1024)
                .summary("For optimiser=evolution: rows and columns of the noise, at most those of the mask")
                .unit("cells")
                .source(STRATEGY),
            Passes::parameter(),
        ]
        .into_iter()
    }

    pub(super) fn new(request: &Request<'a>, objective: &Objective<'_>) -> Result<Self, Error> {
        let settings = &request.settings;
        let (pairs, images) = (settings.count("pairs")?, objective.shape[0]);
        // A pass holds whole pairs.
        let most = Passes::new(settings, pairs, 2 * images)?.most();
        Ok(Self {
            pairs,
            sigma: settings.number("sigma")?,
            cells: settings.count("noise-size")?.min(objective.config.grid.size),
            most,
            stack: Stack::new(request, Score::Logit, 2 * most)?,
            phis: Vec::new(),
            seed: request.seed,
        })
    }

    /// Images that are classified for each image in a step.
    pub fn population(&self) -> u32 {
        2 * self.pairs
    }

    /// The gradient of the weighted score (N, 1, S, S), and the score itself as the mean over the masks, summed over the
    /// images to one element.
    pub(super) fn estimate(
        &mut self,
        objective: &Objective<'_>,
        low: &Tensor,
        jitter: Jitter,
        random: &mut Random,
    ) -> Result<(Tensor, Tensor), Error> {
        let ([n, ..], s) = (objective.shape, objective.config.grid.size);
        let (shift, pairs) = (jitter.draw(random), self.pairs);
        // The same noise for every image and however many fit a pass, so that none is explained otherwise than alone.
        let noise = Tensor::normal(&[pairs, 1, self.cells, self.cells], 0.0, 1.0, random.bits());
        let noise = match self.cells == s {
            true => noise,
            false => noise.resize(s, s, Interpolation::Bilinear),
        };
        let noise = noise.reshape(&[pairs, 1, 1, s, s]);
        let (above, below) = (low.reshape(&[1, n, 1, s, s]), &noise * self.sigma);
        let (above, below) = (&above + &below, &above - &below);
        let mut scores: [Vec<Tensor>; 2] = [Vec::new(), Vec::new()];
        for start in (0..pairs).step_by(self.most as usize) {
            let end = (start + self.most).min(pairs);
            let masks = Tensor::concatenate(&[&above.slice(0, start..end), &below.slice(0, start..end)], 0);
            let masks = masks.clamp(0.0, 1.0).reshape(&[2 * (end - start) * n, 1, s, s]);
            let both = self.scores(objective, &masks, 2 * (end - start), shift)?;
            scores[0].push(both.slice(0, 0..end - start));
            scores[1].push(both.slice(0, end - start..2 * (end - start)));
        }
        let [above, below] = scores.map(|parts| Tensor::concatenate(&parts.iter().collect::<Vec<_>>(), 0));
        let along = (&above - &below).reshape(&[pairs, n, 1, 1, 1]) * noise;
        let scale = 1.0 / (2.0 * pairs as f32);
        let gradient = along.sum(&[0]).reshape(&[n, 1, s, s]) * (scale / self.sigma);
        Ok((gradient.check()?, ((above + below).sum(&[]) * scale).check()?))
    }

    /// The weighted score (count, N) of `count` masks for each image, (count N, 1, S, S).
    fn scores(
        &mut self,
        objective: &Objective<'_>,
        masks: &Tensor,
        count: u32,
        shift: super::Shift,
    ) -> Result<Tensor, Error> {
        if !self.phis.iter().any(|(known, _)| *known == count) {
            self.phis.push((count, Phi::create(&self.stack.copies(count), self.seed)?));
        }
        let Some((_, phi)) = self.phis.iter().find(|(known, _)| *known == count) else {
            return Err(Error::Unsupported("the perturbation of this many masks is missing".into()));
        };
        let images = shift.apply(phi, &objective.upsample(masks));
        let super::Config { game, score, .. } = objective.config;
        let logits = objective.classifier.logits(&images);
        let targets = objective.targets.repeat(count as usize);
        let minimised = game.minimised(objective.classifier.scores(&logits, &targets, score.kind));
        let floored = minimised.clamp(score.floor.unwrap_or(f32::MIN), f32::MAX);
        (floored * score.weight).reshape(&[count, objective.shape[0]]).check()
    }
}
