//! An image that moves under its mask (Fong and Vedaldi 2017, Eq. 4), so that the mask learns no single pixel's trick.

use lacuna_plugin::{Error, Parameter, Phi, Random, Settings, Tensor};

/// The reach of the moves, which are drawn at random in every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    /// The largest move in pixels along each dimension, both ways; 0 for none.
    pub reach: i32,
}

/// One move of the image, in pixels along each spatial dimension; an empty list is no move.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shift(Vec<i32>);

impl Jitter {
    /// The parameter `jitter`.
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

    /// Draws the next move along `dimensions` spatial dimensions. With reach 0 nothing is drawn from `random`.
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
