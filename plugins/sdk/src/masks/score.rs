//! The score of the target as a term of the objective.

use crate::masks::PROTOTYPE;
use crate::{Error, Parameter, Score, Settings, Tensor};

/// w max(s, floor), where s is what the [`Game`](crate::masks::Game) makes small: f_c or -f_c.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreTerm {
    /// Which function of the logits f_c is.
    pub kind: Score,
    /// w, 0 or more.
    pub weight: f32,
    /// Where s stops counting, in units of f_c. A probability needs none: it ends at 0 and 1.
    pub floor: Option<f32>,
}

impl ScoreTerm {
    /// `score`, `score-weight` and `score-floor`.
    pub fn parameters() -> [Parameter; 3] {
        [
            Score::LogOdds.parameter(PROTOTYPE),
            Parameter::number("score-weight", 0.1, 0.0..=1e3).summary("Weight of the score").source(PROTOTYPE),
            Parameter::number("score-floor", -3.0, -1e3..=1e3)
                .summary("The minimised score (preservation: -f_c) counts down to this, no further")
                .unit("units of f_c, not for score=probability")
                .source(PROTOTYPE),
        ]
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`ScoreTerm::parameters`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        let kind = Score::from_settings(settings)?;
        let floor = settings.number("score-floor")?;
        Ok(Self {
            kind,
            weight: settings.number("score-weight")?,
            floor: match kind {
                Score::Probability => None,
                Score::Logit | Score::LogOdds => Some(floor),
            },
        })
    }

    /// The term for `minimised` scores (N), summed over the images to one element.
    pub fn of(&self, minimised: Tensor) -> Tensor {
        let floored = match self.floor {
            Some(floor) => minimised.clamp(floor, f32::MAX),
            None => minimised,
        };
        floored.sum(&[]) * self.weight
    }
}
