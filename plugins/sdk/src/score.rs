//! The score f_c as a parameter: which number of the classifier is explained.

use crate::{Error, Parameter, Score, Settings};

const OPTIONS: [(&str, Score); 3] =
    [("logit", Score::Logit), ("probability", Score::Probability), ("log-odds", Score::LogOdds)];

impl Score {
    /// The parameter `score` with this default, and where that comes from.
    pub fn parameter(self, source: &str) -> Parameter {
        Parameter::one_of("score", self, OPTIONS)
            .summary("The score f_c that is explained; a probability near 0 or 1 has next to no gradient")
            .source(source)
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Score::parameter`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        settings.one_of("score", OPTIONS)
    }
}
