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
//! no scale. Masks are clamped to [0, 1], so that the estimate is smaller for cells near 0 and 1 than in between. Only the
//! score is estimated: area and TV have gradients without the classifier.

use crate::masks::{Jitter, Objective, Versions};
use crate::saliency::Passes;
use lacuna_plugin::{Error, Interpolation, Parameter, Random, Request, Tensor};

const STRATEGY: &str = "Wierstra 2014, Salimans 2017; value chosen here";

/// The evolution strategy: its population of masks for each step, scored in passes of a bounded size.
#[derive(Debug)]
pub struct Evolution<'a> {
    pairs: u32,
    sigma: f32,
    cells: u32,
    versions: Versions<'a>,
}

impl<'a> Evolution<'a> {
    /// The parameters `pairs`, `sigma`, `noise-size` and `batch`.
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

    pub(super) fn new(request: &Request<'a>, objective: &'a Objective<'a>) -> Result<Self, Error> {
        let settings = &request.settings;
        let pairs = settings.count("pairs")?;
        Ok(Self {
            pairs,
            sigma: settings.number("sigma")?,
            cells: settings.count("noise-size")?.min(objective.config.grid.size),
            versions: Versions::new(request, objective, 2 * pairs)?,
        })
    }

    /// The number of images that a step classifies for each image.
    pub fn population(&self) -> u32 {
        2 * self.pairs
    }

    /// Estimates the gradient of the weighted score (N, 1, S, S), and returns with it the score itself: its mean over the
    /// masks, summed over the images to one element.
    pub(super) fn estimate(
        &mut self,
        objective: &Objective<'_>,
        low: &Tensor,
        jitter: Jitter,
        random: &mut Random,
    ) -> Result<(Tensor, Tensor), Error> {
        let (pairs, n, s) = (self.pairs, objective.shape.images(), objective.config.grid.size);
        let (sides, ones) = (vec![s; objective.shape.spatial().len()], vec![1; objective.shape.spatial().len()]);
        let shape = |leading: &[u32], sizes: &[u32]| [leading, sizes].concat();
        // The same noise for every image and however many fit a pass, so that none is explained otherwise than alone.
        let noise = Tensor::normal(&objective.shape.cells(pairs, self.cells), 0.0, 1.0, random.bits());
        let noise = match self.cells == s {
            true => noise,
            false => noise.resize(&sides, Interpolation::Bilinear),
        };
        let noise = noise.reshape(&shape(&[pairs, 1, 1], &sides));
        let (middle, step) = (low.reshape(&shape(&[1, n, 1], &sides)), &noise * self.sigma);
        let masks = Tensor::concatenate(&[&(&middle + &step), &(&middle - &step)], 0).clamp(0.0, 1.0);
        self.versions.shift = jitter.draw(random, sides.len());
        let super::Config { game, score, .. } = objective.config;
        let scores = self.versions.scores(&masks.reshape(&shape(&[2 * pairs * n, 1], &sides)), score.kind)?;
        let floored = game.minimised(scores).clamp(score.floor.unwrap_or(f32::MIN), f32::MAX) * score.weight;
        let (above, below) = (floored.slice(0, 0..pairs * n), floored.slice(0, pairs * n..2 * pairs * n));
        let along = (&above - &below).reshape(&shape(&[pairs, n, 1], &ones)) * noise;
        let scale = 1.0 / (2.0 * pairs as f32);
        let gradient = along.sum(&[0]).reshape(&shape(&[n, 1], &sides)) * (scale / self.sigma);
        Ok((gradient.check()?, (floored.sum(&[]) * scale).check()?))
    }
}
