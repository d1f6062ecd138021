//! Tests of what the method describes, and of what its presets mean.

use super::{Config, MeaningfulPerturbation};
use lacuna_plugin::{Error, Method, Score, Settings};
use lacuna_toolkit::masks::{self, Game, Grid, Jitter, Regularisers, ScoreTerm, Start, Upsampling};

fn config(preset: &str) -> Result<Config, Error> {
    let info = MeaningfulPerturbation::describe().into_contract();
    Config::from_settings(&Settings::preset(&info, preset)?)
}

fn prototype() -> Config {
    Config {
        masks: masks::Config {
            game: Game::Deletion,
            score: ScoreTerm { kind: Score::LogOdds, weight: 0.1, floor: Some(-3.0) },
            regularisers: Regularisers { area_weight: 2e-3, tv_weight: 1e-2, tv_exponent: 3.0 },
            grid: Grid { size: 28, upsampling: Upsampling::Bilinear },
        },
        steps: 80,
        learning_rate: 0.1,
        start: Start::Constant { value: 0.5 },
        jitter: Jitter { reach: 0 },
    }
}

#[test]
fn defaults_are_the_prototype() {
    assert_eq!(config("default").expect("a configuration"), prototype());
}

#[test]
fn fong2017_is_the_paper() {
    let prototype = prototype();
    let expected = Config {
        masks: masks::Config {
            score: ScoreTerm { kind: Score::Probability, weight: 1.0, floor: None },
            regularisers: Regularisers { area_weight: 1e-4, ..prototype.masks.regularisers },
            grid: Grid { upsampling: Upsampling::NearestBlur { sigma: 5.0 }, ..prototype.masks.grid },
            ..prototype.masks
        },
        steps: 300,
        start: Start::Circle,
        jitter: Jitter { reach: 4 },
        ..prototype
    };
    assert_eq!(config("fong2017").expect("a configuration"), expected);
}

#[test]
fn fine_is_what_was_judged_on_pasted_lesions() {
    let fine = config("fine").expect("a configuration").masks;
    assert_eq!((fine.grid.size, fine.score.floor), (56, Some(-6.0)));
    assert_eq!((fine.regularisers.area_weight, fine.regularisers.tv_weight), (5e-4, 1e-3));
}

#[test]
fn parameters_keep_their_names_and_order() {
    let info = MeaningfulPerturbation::describe().into_contract();
    let names: Vec<&str> = info.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "game",
            "score",
            "score-weight",
            "score-floor",
            "area-weight",
            "tv-weight",
            "tv-exponent",
            "mask-size",
            "upsampling",
            "upsampling-blur",
            "steps",
            "learning-rate",
            "start",
            "start-value",
            "jitter",
            "optimiser",
            "pairs",
            "sigma",
            "noise-size",
            "batch",
        ]
    );
}
