//! The random affine maps that training images go through.

use crate::{Error, Result};
use lacuna_diagnostic::{Place, Remedy};
use lacuna_imaging::Affine2;
use lacuna_study::SplitMix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest changes; each is drawn uniformly from its range, for every image in every epoch anew.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Augmentation {
    /// Degrees each way, 0 to 180.
    pub rotation: f64,
    /// Share of the rows and of the columns each way, 0 to 0.5.
    pub translation: f64,
    /// Share of the size each way, 0 to 0.5.
    pub scale: f64,
}

impl Augmentation {
    /// Uzunova 2019, Sec. 2.2: 5 degrees, 10 %, 90 to 110 %.
    pub const PAPER: Self = Self { rotation: 5.0, translation: 0.1, scale: 0.1 };
    /// Every image as it is.
    pub const NONE: Self = Self { rotation: 0.0, translation: 0.0, scale: 0.0 };

    pub(crate) fn check(&self) -> Result<()> {
        for (name, value, high) in
            [("rotation", self.rotation, 180.0), ("translation", self.translation, 0.5), ("scale", self.scale, 0.5)]
        {
            if !(0.0..=high).contains(&value) {
                let place = Place::option(format!("augment-{name}"));
                let paper = Remedy::advice("take the paper's 5, 0.1 and 0.1");
                return Err(Error::input(place, value, format!("0 to {high}"), [paper]));
            }
        }
        Ok(())
    }

    /// The map of one image of `size` rows and columns; none where nothing changes.
    pub(crate) fn draw(&self, random: &mut SplitMix, size: usize) -> Option<Affine2> {
        if *self == Self::NONE {
            return None;
        }
        let mut within = |reach: f64| reach * (2.0 * random.unit() - 1.0);
        let (degrees, scale) = (within(self.rotation), 1.0 + within(self.scale));
        let reach = self.translation * size as f64;
        Some(Affine2::similarity(degrees, scale, [within(reach), within(reach)]))
    }
}
