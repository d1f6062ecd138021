//! The score of the target as a term of the objective.

use crate::masks::PROTOTYPE;
use lacuna_plugin::{Error, Parameter, Score, Settings, Tensor};

/// w max(s, floor), where s is what the [`Game`](crate::masks::Game) makes small: f_c or -f_c.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreTerm {
    /// Which function of the logits f_c is.
    pub kind: Score,
    /// w, the weight of the score, 0 or more.
    pub weight: f32,
    /// The floor of s, below which s does not count, in units of f_c. A probability has none, since it ends at 0 and 1.
    pub floor: Option<f32>,
}

impl ScoreTerm {
    /// The parameters `score`, `score-weight` and `score-floor`.
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

    /// The score that [`ScoreTerm::value`] is a function of. For a probability it is the log-odds, whose gradient does
    /// not vanish where the probability is saturated.
    pub fn steep(&self) -> Score {
        match self.kind {
            Score::Probability => Score::LogOdds,
            other => other,
        }
    }

    /// w max(s, floor) for each of the [steep](ScoreTerm::steep) scores, of their shape.
    pub fn value(&self, steep: &Tensor) -> Tensor {
        self.rounded(steep, 0.0)
    }

    /// The [value](ScoreTerm::value) with its corner at the floor rounded over about `width` units of the score:
    /// w (floor + width log(1 + exp((s - floor) / width))).
    pub fn rounded(&self, steep: &Tensor, width: f32) -> Tensor {
        let value = match (self.kind, self.floor) {
            (Score::Probability, _) => steep.sigmoid(),
            (_, None) => steep.clone(),
            (_, Some(floor)) => {
                let above = steep - floor;
                let corner = match width > 0.0 {
                    true => ((-above.absolute() / width).exponential() + 1.0).logarithm() * width,
                    false => above.detach() * 0.0,
                };
                above.relu() + corner + floor
            }
        };
        value * self.weight
    }

    /// A bound on the second derivative of [`ScoreTerm::rounded`].
    pub fn curvature(&self, width: f32) -> f32 {
        match (self.kind, self.floor) {
            (Score::Probability, _) => 0.1 * self.weight,
            (_, None) => 0.0,
            (_, Some(_)) => 0.25 * self.weight / width,
        }
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
