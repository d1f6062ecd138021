//! Reduces an attribution for every channel to one map.

use lacuna_plugin::{Error, Parameter, Settings, Tensor};

/// The reduction of an attribution a (N, C, H, W) to a map (N, 1, H, W).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Channels {
    /// Sum over c of a: signed; keeps the sum over all pixels.
    Sum,
    /// Sum over c of |a|.
    AbsoluteSum,
    /// Largest |a| over c (Simonyan 2014, Sec. 3.1).
    AbsoluteMaximum,
}

const OPTIONS: [(&str, Channels); 3] =
    [("sum", Channels::Sum), ("absolute-sum", Channels::AbsoluteSum), ("absolute-maximum", Channels::AbsoluteMaximum)];

impl Channels {
    /// The parameter `channels` with this default, and where that comes from.
    pub fn parameter(self, source: &str) -> Parameter {
        Parameter::one_of("channels", self, OPTIONS)
            .summary("How the attributions of the channels become one map: their sum, signed, or absolute values")
            .source(source)
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Channels::parameter`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        settings.one_of("channels", OPTIONS)
    }

    /// The map (N, 1, H, W) of an attribution (N, C, H, W).
    pub fn reduce(self, attribution: &Tensor) -> Tensor {
        match self {
            Self::Sum => attribution.sum(&[1]),
            Self::AbsoluteSum => attribution.absolute().sum(&[1]),
            Self::AbsoluteMaximum => attribution.absolute().max_along(1),
        }
    }
}
