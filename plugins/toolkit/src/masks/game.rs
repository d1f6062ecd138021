//! The game of a mask: deletion or preservation.

use crate::masks::config::unknown;
use lacuna_plugin::{Error, Parameter, Settings, Tensor};

/// The game: the mask deletes the evidence, or keeps nothing else (Uzunova 2019, Eq. 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Game {
    /// Delete the least that lowers the score.
    Deletion,
    /// Keep the least that holds the score up.
    Preservation,
}

impl Game {
    /// The parameter `game`: `deletion` (the default) or `preservation`.
    pub fn parameter() -> Parameter {
        Parameter::choice("game", ["deletion", "preservation"])
            .summary("Delete the least that lowers the score, or keep the least that holds it up")
            .source("Uzunova 2019, Eq. 1")
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Game::parameter`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        match settings.choice("game")? {
            "deletion" => Ok(Self::Deletion),
            "preservation" => Ok(Self::Preservation),
            other => Err(unknown("game", other)),
        }
    }

    /// The score that the game minimises, from the score f_c (N): f_c for deletion, -f_c for preservation.
    pub fn minimised(self, score: Tensor) -> Tensor {
        match self {
            Self::Deletion => score,
            Self::Preservation => -score,
        }
    }

    /// The attribution map (N, 1, H, W) in [0, 1] of a mask of that shape: what was deleted, or
    /// what was kept. Larger means more evidence for the target.
    pub fn evidence(self, mask: &Tensor) -> Tensor {
        match self {
            Self::Deletion => 1.0 - mask,
            Self::Preservation => mask.clone(),
        }
    }
}
