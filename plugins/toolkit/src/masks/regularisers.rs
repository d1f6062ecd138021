//! The regularisers, which keep a mask small and smooth.

use crate::masks::{FONG, Game, PROTOTYPE};
use lacuna_plugin::{Error, Parameter, Settings, Tensor};

/// The area and TV terms of the objective (Uzunova 2019, Eq. 1), whose sums run over the cells of
/// the low-resolution mask m (N, 1, S, S) and over the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regularisers {
    /// lambda1, the weight of one cell's area, 0 or more.
    pub area_weight: f32,
    /// lambda2, the weight of one cell's TV norm, 0 or more.
    pub tv_weight: f32,
    /// beta, the exponent of the TV norm, 1 or more.
    pub tv_exponent: f32,
}

impl Regularisers {
    /// The parameters `area-weight`, `tv-weight` and `tv-exponent`.
    pub fn parameters() -> [Parameter; 3] {
        [
            Parameter::number("area-weight", 2e-3, 0.0..=1e3)
                .summary("lambda1: times the sum of 1 - m (preservation: m) over the mask's cells")
                .unit("per mask cell")
                .source(PROTOTYPE),
            Parameter::number("tv-weight", 1e-2, 0.0..=1e3)
                .summary("lambda2: times the sum of ||grad m||^beta over the mask's cells")
                .unit("per mask cell")
                .source(FONG),
            Parameter::number("tv-exponent", 3.0, 1.0..=10.0).summary("beta of the TV norm").source(FONG),
        ]
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Regularisers::parameters`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            area_weight: settings.number("area-weight")?,
            tv_weight: settings.number("tv-weight")?,
            tv_exponent: settings.number("tv-exponent")?,
        })
    }

    /// lambda1 sum(1 - m) for deletion, lambda1 sum(m) for preservation; one element.
    pub fn area(&self, game: Game, low: &Tensor) -> Tensor {
        // 0 <= m <= 1, so that the L1 norms are sums.
        let area = match game {
            Game::Deletion => low.affine(-self.area_weight, self.area_weight),
            Game::Preservation => low * self.area_weight,
        };
        area.sum(&[])
    }

    /// lambda2 sum ||grad m||^beta; one element.
    pub fn tv(&self, low: &Tensor) -> Tensor {
        low.total_variation(self.tv_exponent).sum(&[]) * self.tv_weight
    }

    /// A bound on the second derivative of both terms. With beta below 2 it holds where differences of neighbours are not
    /// much smaller than 1/20, since the TV norm then has no bound.
    pub fn curvature(&self) -> f32 {
        let beta = self.tv_exponent;
        let of_norm = if beta >= 2.0 { (beta - 1.0) * 2_f32.sqrt().powf(beta - 2.0) } else { 20_f32.powf(2.0 - beta) };
        8.0 * self.tv_weight * beta * of_norm
    }

    /// Gradient of both terms, (N, 1, S, S).
    pub fn pull(&self, game: Game, low: &Tensor) -> Tensor {
        let leaf = low.track();
        (self.area(game, &leaf) + self.tv(&leaf)).backward().of(&leaf)
    }
}
