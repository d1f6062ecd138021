//! An image that moves under its mask (Fong and Vedaldi 2017, Eq. 4), so that the mask learns no single pixel's trick.

use crate::{Error, Parameter, Phi, Random, Settings, Tensor};

/// How far it may move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    /// Largest shift in pixels, each way.
    pub reach: i32,
}

/// One move, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shift {
    rows: i32,
    columns: i32,
}

impl Jitter {
    /// `jitter`.
    pub fn parameter() -> Parameter {
        Parameter::integer("jitter", 0, 0..=64)
            .summary("The image moves under the mask by up to this, at random in every step")
            .unit("pixels")
            .source("off unless a preset asks for it; Fong and Vedaldi 2017, Eq. 4")
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Jitter::parameter`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { reach: settings.count("jitter")?.min(i32::MAX as u32) as i32 })
    }

    /// The next move. Without reach nothing is drawn.
    pub fn draw(self, random: &mut Random) -> Shift {
        match self.reach {
            0 => Shift { rows: 0, columns: 0 },
            reach => Shift { rows: random.within(-reach..=reach), columns: random.within(-reach..=reach) },
        }
    }
}

impl Shift {
    /// Phi(x; m) for the mask (N, 1, H, W), with the image moved under it.
    pub fn apply(self, phi: &Phi, mask: &Tensor) -> Tensor {
        let Self { rows, columns } = self;
        if (rows, columns) == (0, 0) {
            return phi.apply(mask);
        }
        // Phi holds the image, so the mask moves the other way and the result moves back with the image.
        phi.apply(&mask.translate(-rows, -columns)).translate(rows, columns)
    }
}
