//! Descent over masks in few passes of the classifier: each pass scores several masks for each image.
//!
//! F is w h(s(m)) plus area and TV terms. h (the sigmoid of the log-odds, or the floor) and both terms are known and
//! cost nothing, so that only s is modelled: F(m') is about w h(s(m) + g (m' - m)) + area(m') + TV(m') + d/2 |m' - m|^2,
//! and a step is the mask in [0, 1] that minimises it (a proximal Gauss-Newton step). One pass tries two slopes g (the
//! gradient at m, and a running mean of those at the masks tried before, which does not follow every kink of a ReLU
//! network) with two dampings d each, and takes the one with the lowest F, if that is lower than before.

use crate::masks::{Config, Versions, minimise, scaled};
use lacuna_plugin::{Error, Tensor};

/// The dampings of the four masks of a pass, in units of the current one; the first and the third mask have the mean slope.
const DAMPINGS: [f32; 4] = [0.25, 0.25, 1.0, 1.0];
/// The dampings of the four masks of a pass that is given its slope, in units of the current one.
const SPREAD: [f32; 4] = [1.0 / 16.0, 0.25, 1.0, 4.0];
/// Factor by which the damping grows where no mask of a pass lowered F.
const BACK: f32 = 8.0;
/// Weight of the earlier passes in the running mean of the slopes.
const MEMORY: f32 = 0.6;
/// Units of the score over which the corner at its floor is rounded in the model.
const CORNER: f32 = 0.1;

/// V masks for each image, their scores, the gradients of the scores, and F.
#[derive(Clone, Debug)]
pub struct Point {
    /// (V N, 1, S, S) in [0, 1].
    pub mask: Tensor,
    /// The [steep](crate::masks::ScoreTerm::steep) score, (V N, 1, 1, 1).
    pub score: Tensor,
    /// Gradient of the score for the mask, (V N, 1, S, S).
    pub slope: Tensor,
    /// F, (V N, 1, 1, 1).
    pub value: Tensor,
}

impl Point {
    /// The point at `mask` with this score and its gradient; computes F.
    ///
    /// # Errors
    /// Whatever an operation refused.
    pub fn new(config: &Config, mask: Tensor, score: Tensor, slope: Tensor) -> Result<Self, Error> {
        let (regularisers, shape) = (config.regularisers, score.planar_shape()?);
        let area = config.game.evidence(&mask).sum(&[1, 2, 3]) * regularisers.area_weight;
        let tv = mask.total_variation(regularisers.tv_exponent).reshape(&shape) * regularisers.tv_weight;
        let value = (config.score.value(&config.game.minimised(score.clone())) + area + tv).check()?;
        Ok(Self { mask, score, slope, value })
    }

    /// The rows `range` of all four tensors.
    fn part(&self, range: std::ops::Range<u32>) -> Self {
        let part = |x: &Tensor| x.slice(0, range.clone());
        Self { mask: part(&self.mask), score: part(&self.score), slope: part(&self.slope), value: part(&self.value) }
    }

    /// This where `better` (N, 1, 1, 1) is 0, `other` where it is 1.
    fn or(&self, other: &Self, better: &Tensor) -> Result<Self, Error> {
        let or = |here: &Tensor, there: &Tensor| (here * (1.0 - better) + there * better).check();
        Ok(Self {
            mask: or(&self.mask, &other.mask)?,
            score: or(&self.score, &other.score)?,
            slope: or(&self.slope, &other.slope)?,
            value: or(&self.value, &other.value)?,
        })
    }
}

/// The state of the descent: the best mask so far, (N, 1, S, S), and the damping of the next step. No image influences
/// another.
#[derive(Debug)]
pub struct Descent<'a> {
    config: &'a Config,
    /// The best mask so far.
    pub best: Point,
    /// Running mean of the slopes.
    mean: Tensor,
    /// d of the next step, (N, 1, 1, 1).
    damping: Tensor,
}

impl<'a> Descent<'a> {
    /// Masks that each step scores for each image.
    pub const VERSIONS: u32 = DAMPINGS.len() as u32;

    /// Starts at the first mask, with the first damping (N, 1, 1, 1).
    pub fn new(config: &'a Config, start: Point, damping: &Tensor) -> Self {
        let (mean, damping) = (start.slope.clone(), damping.clamp(1e-12, 1e12));
        Self { config, best: start, mean, damping }
    }

    /// Makes one step, which takes one pass. It goes along `given`, the slope of F's score term (N, 1, S, S), or where
    /// there is none along the slopes of the score itself.
    ///
    /// # Errors
    /// What classifier and perturbation refuse.
    pub fn step(&mut self, versions: &mut Versions<'_>, given: Option<&Tensor>) -> Result<(), Error> {
        let [images, ..] = self.damping.planar_shape()?;
        let dampings = scaled(&self.damping, given.map_or(&DAMPINGS, |_| &SPREAD));
        let own = [&self.mean, &self.best.slope, &self.mean, &self.best.slope];
        let slopes = Tensor::concatenate(&given.map_or(own, |given| [given; 4]), 0);
        let mask = self.lowest(&slopes, given.is_some(), &dampings)?;
        let (score, slope) = versions.slopes(&mask, self.config.score.steep())?;
        let found = Point::new(self.config, mask, score, slope)?;
        let mut next = &self.damping * BACK;
        for start in (0..Self::VERSIONS * images).step_by(images as usize) {
            let version = start..start + images;
            let tried = found.part(version.clone());
            let better = self.best.value.greater(&tried.value).detach();
            next = (&next * (1.0 - &better) + dampings.slice(0, version) * &better).check()?;
            self.best = self.best.or(&tried, &better)?;
        }
        self.damping = next.clamp(1e-12, 1e12);
        let [_, _, s, _] = self.best.mask.planar_shape()?;
        let mean = found.slope.reshape(&[Self::VERSIONS, images, 1, s, s]).mean(&[0]).reshape(&[images, 1, s, s]);
        self.mean = match given {
            Some(_) => self.best.slope.clone(),
            None => (&self.mean * MEMORY + mean * (1.0 - MEMORY)).check()?,
        };
        Ok(())
    }

    /// The masks that minimise the models of F, (V N, 1, S, S). `of_term` is whether `slopes` are those of the score term
    /// rather than of the score.
    fn lowest(&self, slopes: &Tensor, of_term: bool, dampings: &Tensor) -> Result<Tensor, Error> {
        let Config { game, score, regularisers, .. } = self.config;
        let [mask, here] = [&self.best.mask, &self.best.score].map(|x| scaled(x, &[1.0; Self::VERSIONS as usize]));
        let bent = slopes.power(2.0).sum(&[1, 2, 3]) * score.curvature(CORNER);
        let curvature = dampings + regularisers.curvature();
        let curvature = if of_term { curvature } else { curvature + bent };
        minimise(&mask, &curvature, |tried| {
            let moved = tried - &mask;
            let change = (slopes * &moved).sum(&[1, 2, 3]);
            let change = match of_term {
                true => change,
                false => score.rounded(&game.minimised(&here + change), CORNER),
            };
            let far = (moved.power(2.0) * dampings).sum(&[]) * 0.5;
            change.sum(&[]) + far + regularisers.area(*game, tried) + regularisers.tv(tried)
        })
    }
}
