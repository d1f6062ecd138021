//! The parameters, as types.

use lacuna_plugin::{Error, Score, Settings};

/// Whether the mask deletes the evidence or keeps nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Game {
    Deletion,
    Preservation,
}

/// From the mask's own resolution to the image's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Upsampling {
    Bilinear,
    /// Nearest neighbour, then a Gaussian of `sigma` pixels of the image.
    NearestBlur {
        sigma: f32,
    },
}

/// The mask before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StartKind {
    Constant { value: f32 },
    Uniform,
    Circle,
}

/// Everything that a run of the method can be told; `describe` says where the defaults come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub game: Game,
    pub score: Score,
    /// w: weight of the score.
    pub score_weight: f32,
    /// Where the minimised score stops counting.
    pub score_floor: f32,
    /// lambda1, for one cell of the low-resolution mask.
    pub area_weight: f32,
    /// lambda2, for one cell of the low-resolution mask.
    pub tv_weight: f32,
    /// beta.
    pub tv_exponent: f32,
    /// S: rows and columns of the mask.
    pub mask_size: u32,
    pub upsampling: Upsampling,
    pub steps: u32,
    pub learning_rate: f32,
    pub start: StartKind,
    /// Largest shift in pixels.
    pub jitter: i32,
}

impl Config {
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            game: match settings.choice("game")? {
                "deletion" => Game::Deletion,
                "preservation" => Game::Preservation,
                other => return Err(unknown("game", other)),
            },
            score: match settings.choice("score")? {
                "probability" => Score::Probability,
                "logit" => Score::Logit,
                "log-odds" => Score::LogOdds,
                other => return Err(unknown("score", other)),
            },
            score_weight: settings.number("score-weight")?,
            score_floor: settings.number("score-floor")?,
            area_weight: settings.number("area-weight")?,
            tv_weight: settings.number("tv-weight")?,
            tv_exponent: settings.number("tv-exponent")?,
            mask_size: settings.count("mask-size")?,
            upsampling: match settings.choice("upsampling")? {
                "bilinear" => Upsampling::Bilinear,
                "nearest-blur" => Upsampling::NearestBlur { sigma: settings.number("upsampling-blur")? },
                other => return Err(unknown("upsampling", other)),
            },
            steps: settings.count("steps")?,
            learning_rate: settings.number("learning-rate")?,
            start: match settings.choice("start")? {
                "constant" => StartKind::Constant { value: settings.number("start-value")? },
                "uniform" => StartKind::Uniform,
                "circle" => StartKind::Circle,
                other => return Err(unknown("start", other)),
            },
            jitter: settings.count("jitter")?.min(i32::MAX as u32) as i32,
        })
    }

    /// The floor of the minimised score; a probability has its own.
    pub fn floor(&self) -> Option<f32> {
        match self.score {
            Score::Probability => None,
            Score::Logit | Score::LogOdds => Some(self.score_floor),
        }
    }
}

fn unknown(parameter: &str, option: &str) -> Error {
    Error::argument("explain", parameter, "one of the options that the method describes", option)
}
