//! A TV norm that lets a mask change where the image does (Khorram, Lawson and Li 2021).

use crate::masks::Objective;
use lacuna_plugin::{Error, Interpolation, Tensor};

/// BTV(m) = sum exp(-||grad image||^2 / sigma^2) ||grad m||^beta, on the mask's grid.
#[derive(Clone, Debug)]
pub struct Bilateral {
    /// exp(-||grad image||^2 / sigma^2), (N, 1, S, S).
    edges: Tensor,
    beta: f32,
}

impl Bilateral {
    /// Finds the edges of the images of `objective`: the mean over their channels, reduced to the mask's grid. `sigma` is an
    /// intensity.
    ///
    /// # Errors
    /// Volumes, on which it is not defined here, and what the host refuses.
    pub fn new(objective: &Objective<'_>, sigma: f32) -> Result<Self, Error> {
        let ([_, _, height, width], grid) = (objective.images.planar_shape()?, objective.config.grid);
        // What a cell covers, before one pixel of it is taken.
        let grey = objective.images.mean(&[1]).gaussian_blur(height.max(width) as f32 / (2 * grid.size) as f32);
        let reduced = grey.resize(&[grid.size, grid.size], Interpolation::Bilinear);
        let edges = (squares(&reduced) / -(sigma * sigma)).exponential();
        Ok(Self { edges, beta: objective.config.regularisers.tv_exponent })
    }

    /// The norm for `versions` masks of each image, one version of all images after the other.
    pub fn repeated(&self, versions: usize) -> Self {
        Self { edges: Tensor::concatenate(&vec![&self.edges; versions], 0), beta: self.beta }
    }

    /// BTV of each mask (N, 1, S, S), as (N, 1, 1, 1).
    pub fn of(&self, masks: &Tensor) -> Tensor {
        // A root has no slope at 0.
        ((squares(masks) + 1e-12).power(self.beta / 2.0) * &self.edges).sum(&[1, 2, 3])
    }
}

/// The squares ||grad x||^2 by forward differences, which are 0 at the far edges.
fn squares(x: &Tensor) -> Tensor {
    (x.translate(&[-1, 0]) - x).power(2.0) + (x.translate(&[0, -1]) - x).power(2.0)
}
