//! What the method says of itself: parameters, units, ranges, and where the defaults come from.

use lacuna_plugin::{Info, Need, Parameter};

/// The method, its parameters and its presets.
pub fn describe() -> Info {
    Info::new(
        "meaningful-perturbation",
        env!("CARGO_PKG_VERSION"),
        "The smallest mask that deletes, or keeps, the evidence (Uzunova 2019, Eq. 1)",
    )
    .needs(Need::Gradients)
    .needs(Need::Readback)
    .parameter(
        Parameter::choice("game", ["deletion", "preservation"])
            .summary("Delete the least that lowers the score, or keep the least that holds it up")
            .source("Uzunova 2019, Eq. 1"),
    )
    .parameter(
        Parameter::choice("score", ["log-odds", "probability", "logit"])
            .summary("The score f_c; a probability near 0 or 1 has next to no gradient")
            .source(PROTOTYPE),
    )
    .parameter(Parameter::number("score-weight", 0.1, 0.0..=1e3).summary("Weight of the score").source(PROTOTYPE))
    .parameter(
        Parameter::number("score-floor", -3.0, -1e3..=1e3)
            .summary("The minimised score (preservation: -f_c) counts down to this, no further")
            .unit("units of f_c, not for score=probability")
            .source(PROTOTYPE),
    )
    .parameter(
        Parameter::number("area-weight", 2e-3, 0.0..=1e3)
            .summary("lambda1: times the sum of 1 - m (preservation: m) over the mask's cells")
            .unit("per mask cell")
            .source(PROTOTYPE),
    )
    .parameter(
        Parameter::number("tv-weight", 1e-2, 0.0..=1e3)
            .summary("lambda2: times the sum of ||grad m||^beta over the mask's cells")
            .unit("per mask cell")
            .source(FONG),
    )
    .parameter(Parameter::number("tv-exponent", 3.0, 1.0..=10.0).summary("beta of the TV norm").source(FONG))
    .parameter(
        Parameter::integer("mask-size", 28, 2..=1024)
            .summary("Rows and columns of the mask that is optimised")
            .unit("cells")
            .source(FONG),
    )
    .parameter(
        Parameter::choice("upsampling", ["bilinear", "nearest-blur"])
            .summary("How the mask reaches the image's grid; inside the gradient")
            .source(PROTOTYPE),
    )
    .parameter(
        Parameter::number("upsampling-blur", 5.0, 0.0..=200.0)
            .summary("Standard deviation of the Gaussian after nearest-blur upsampling")
            .unit("pixels")
            .source(FONG),
    )
    .parameter(Parameter::integer("steps", 80, 1..=100_000).summary("Steps of Adam").unit("steps").source(PROTOTYPE))
    .parameter(
        Parameter::number("learning-rate", 0.1, 1e-6..=10.0)
            .summary("Learning rate of Adam (beta 0.9 and 0.999)")
            .source(FONG),
    )
    .parameter(
        Parameter::choice("start", ["constant", "uniform", "circle"])
            .summary("One value, noise in [0, 1), or the smallest central disc that does the job")
            .source(PROTOTYPE),
    )
    .parameter(
        Parameter::number("start-value", 0.5, 0.0..=1.0)
            .summary("Value of the first mask for start=constant; 1 keeps everything")
            .source(PROTOTYPE),
    )
    .parameter(
        Parameter::integer("jitter", 0, 0..=64)
            .summary("The image moves under the mask by up to this, at random in every step")
            .unit("pixels")
            .source("off unless a preset asks for it; Fong and Vedaldi 2017, Eq. 4"),
    )
    .preset("default", "The parameters' own defaults: log-odds floored at -3, 80 steps", &[])
    .preset(
        "fong2017",
        "Fong and Vedaldi 2017, Sec. 4: probability, circle start, jitter; use it with blur",
        &FONG_2017,
    )
}

/// Where a default comes from that no paper gives.
const PROTOTYPE: &str = "experiment: ten of ten OCT B-scans with a saturated classifier flip";
const FONG: &str = "Fong and Vedaldi 2017 and the authors' code";

/// Fong and Vedaldi 2017 in this method's words; their sums are taken over the mask as ours are.
const FONG_2017: [&str; 13] = [
    "game=deletion",
    "score=probability",
    "score-weight=1",
    "area-weight=0.0001",
    "tv-weight=0.01",
    "tv-exponent=3",
    "mask-size=28",
    "upsampling=nearest-blur",
    "upsampling-blur=5",
    "steps=300",
    "learning-rate=0.1",
    "start=circle",
    "jitter=4",
];

#[cfg(test)]
pub mod tests {
    use lacuna_plugin::{Described, Kind, Score, Settings, Value};

    use super::describe;
    use crate::config::{Config, Game, StartKind, Upsampling};

    /// The defaults, with the settings of one preset over them, as the host does it.
    fn config(preset: &str) -> Config {
        let info = describe().into_contract();
        let preset = info.presets.iter().find(|known| known.name == preset).expect("a preset");
        let value = |parameter: &Described| {
            let text =
                preset.settings.iter().find_map(|setting| setting.strip_prefix(&parameter.name)?.strip_prefix('='));
            match (&parameter.kind, text) {
                (Kind::Number(range), text) => {
                    Value::Number(text.map_or(range.default, |text| text.parse().expect("a number")))
                }
                (Kind::Integer(range), text) => {
                    Value::Integer(text.map_or(range.default, |text| text.parse().expect("an integer")))
                }
                (Kind::Choice(choice), text) => Value::Choice(text.unwrap_or(&choice.default).to_owned()),
                (Kind::Flag(default), text) => Value::Flag(text.map_or(*default, |text| text.parse().expect("a flag"))),
            }
        };
        let settings =
            Settings::new(info.parameters.iter().map(|parameter| (parameter.name.as_str(), value(parameter))));
        for setting in &preset.settings {
            let name = setting.split('=').next().expect("a name");
            assert!(info.parameters.iter().any(|parameter| parameter.name == name), "{setting} sets nothing");
        }
        Config::from_settings(&settings).expect("a configuration")
    }

    pub fn default_config() -> Config {
        config("default")
    }

    #[test]
    fn defaults_are_the_prototype() {
        let expected = Config {
            game: Game::Deletion,
            score: Score::LogOdds,
            score_weight: 0.1,
            score_floor: -3.0,
            area_weight: 2e-3,
            tv_weight: 1e-2,
            tv_exponent: 3.0,
            mask_size: 28,
            upsampling: Upsampling::Bilinear,
            steps: 80,
            learning_rate: 0.1,
            start: StartKind::Constant { value: 0.5 },
            jitter: 0,
        };
        assert_eq!(default_config(), expected);
        assert_eq!(default_config().floor(), Some(-3.0));
    }

    #[test]
    fn fong2017_is_the_paper() {
        let expected = Config {
            score: Score::Probability,
            score_weight: 1.0,
            area_weight: 1e-4,
            upsampling: Upsampling::NearestBlur { sigma: 5.0 },
            steps: 300,
            start: StartKind::Circle,
            jitter: 4,
            ..default_config()
        };
        assert_eq!(config("fong2017"), expected);
        assert_eq!(config("fong2017").floor(), None);
    }
}
