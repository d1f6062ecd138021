//! The first mask.

use crate::masks::config::unknown;
use crate::masks::{Objective, PROTOTYPE, circle::circle};
use lacuna_plugin::{Error, Parameter, Random, Settings, Tensor};

/// The mask before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// One value everywhere.
    Constant {
        /// The value, in [0, 1]; 1 keeps everything.
        value: f32,
    },
    /// Noise in [0, 1), the same for every image.
    Uniform,
    /// For each image the smallest central disc that does the job of the game (Fong and Vedaldi
    /// 2017, the authors' code).
    Circle,
}

impl Start {
    /// The parameters `start` and `start-value`.
    pub fn parameters() -> [Parameter; 2] {
        [
            Parameter::choice("start", ["constant", "uniform", "circle"])
                .summary("One value, noise in [0, 1), or the smallest central disc that does the job")
                .source(PROTOTYPE),
            Parameter::number("start-value", 0.5, 0.0..=1.0)
                .summary("Value of the first mask for start=constant; 1 keeps everything")
                .source(PROTOTYPE),
        ]
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Start::parameters`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        match settings.choice("start")? {
            "constant" => Ok(Self::Constant { value: settings.number("start-value")? }),
            "uniform" => Ok(Self::Uniform),
            "circle" => Ok(Self::Circle),
            other => Err(unknown("start", other)),
        }
    }

    /// The mask (N, 1, S, S) in [0, 1], for volumes (N, 1, S, S, S); every image of a batch starts as it would alone. `steps`
    /// is the length of the run, for the progress that a long search reports. A circle is read
    /// back: describe [`lacuna_plugin::Need::Readback`].
    ///
    /// # Errors
    /// What classifier and perturbation refuse, and [`Error::Cancelled`].
    pub fn mask(self, objective: &Objective<'_>, random: &mut Random, steps: u32) -> Result<Tensor, Error> {
        let images = objective.shape.images();
        match self {
            Self::Constant { value } => Tensor::full(&objective.cells(images), value).check(),
            Self::Uniform => {
                let one = Tensor::uniform(&objective.cells(1), 0.0, 1.0, random.bits());
                (Tensor::full(&objective.cells(images), 1.0) * one).check()
            }
            Self::Circle => circle(objective, steps),
        }
    }
}
