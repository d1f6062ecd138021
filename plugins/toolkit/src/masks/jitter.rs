//! An image that moves under its mask (Fong and Vedaldi 2017, Eq. 4), so that the mask learns no single pixel's trick.

use lacuna_plugin::{Error, Parameter, Phi, Random, Settings, Tensor};

/// How far it may move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    /// Largest shift in pixels, each way.
    pub reach: i32,
}

/// One move, in pixels along each spatial dimension; none is no move.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shift(Vec<i32>);

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

    /// The next move along `dimensions` spatial dimensions. Without reach nothing is drawn.
    pub fn draw(self, random: &mut Random, dimensions: usize) -> Shift {
        match self.reach {
            0 => Shift::default(),
            reach => Shift((0..dimensions).map(|_| random.within(-reach..=reach)).collect()),
        }
    }
}

impl Shift {
    /// Phi(x; m) for a mask on the images' grid, with the image moved under it.
    pub fn apply(&self, phi: &Phi, mask: &Tensor) -> Tensor {
        let Self(offsets) = self;
        if offsets.iter().all(|offset| *offset == 0) {
            return phi.apply(mask);
        }
        // Phi holds the image, so the mask moves the other way and the result moves back with the image.
        let back: Vec<i32> = offsets.iter().map(|offset| -offset).collect();
        phi.apply(&mask.translate(&back)).translate(offsets)
    }
}
