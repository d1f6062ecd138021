//! The parameters that every mask optimisation shares, as types.

use crate::masks::{Game, Grid, Regularisers, ScoreTerm};
use lacuna_plugin::{Error, Parameter, Settings};

/// The objective of a mask; the optimiser is the method's own. The parts' parameters say where the defaults come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// Deletion or preservation.
    pub game: Game,
    /// The score, its weight and its floor.
    pub score: ScoreTerm,
    /// The weights of the area and TV terms.
    pub regularisers: Regularisers,
    /// The resolution of the mask.
    pub grid: Grid,
}

impl Config {
    /// The parameters of all parts, in the order of the fields. A method with other regularisers
    /// describes the parts that it has one by one.
    pub fn parameters() -> impl Iterator<Item = Parameter> {
        let parts = [ScoreTerm::parameters(), Regularisers::parameters(), Grid::parameters()];
        std::iter::once(Game::parameter()).chain(parts.into_iter().flatten())
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Config::parameters`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            game: Game::from_settings(settings)?,
            score: ScoreTerm::from_settings(settings)?,
            regularisers: Regularisers::from_settings(settings)?,
            grid: Grid::from_settings(settings)?,
        })
    }
}

/// The error where host and description disagree about the options of a choice.
pub(super) fn unknown(parameter: &str, option: &str) -> Error {
    Error::argument("explain", parameter, "one of the options that the method describes", option)
}

#[cfg(test)]
pub(super) mod tests {
    use super::Config;
    use crate::masks::{Game, Start, Upsampling};
    use lacuna_plugin::{Info, Score, Settings};

    fn settings(preset: &str) -> Settings {
        let info = Info::new("masks", "0.1.0", "The shared parameters")
            .parameters(Config::parameters())
            .parameters(Start::parameters())
            .preset("default", "The parameters' own defaults", &[])
            .preset(
                "other",
                "Another option everywhere",
                &["game=preservation", "score=probability", "upsampling=nearest-blur", "start=circle"],
            );
        Settings::preset(&info.into_contract(), preset).expect("a preset")
    }

    pub fn default_config() -> Config {
        Config::from_settings(&settings("default")).expect("a configuration")
    }

    #[test]
    fn every_default_parses() {
        let config = default_config();
        assert_eq!(config.score.floor, Some(-3.0));
        assert_eq!(config.grid.upsampling, Upsampling::Bilinear);
        assert_eq!(Start::from_settings(&settings("default")).ok(), Some(Start::Constant { value: 0.5 }));
    }

    #[test]
    fn other_options_parse() {
        let config = Config::from_settings(&settings("other")).expect("a configuration");
        assert_eq!(config.game, Game::Preservation);
        assert_eq!((config.score.kind, config.score.floor), (Score::Probability, None));
        assert_eq!(config.grid.upsampling, Upsampling::NearestBlur { sigma: 5.0 });
        assert_eq!(Start::from_settings(&settings("other")).ok(), Some(Start::Circle));
    }
}
