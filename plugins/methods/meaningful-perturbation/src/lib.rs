//! Meaningful perturbations: the smallest mask that takes the evidence away, or that keeps it.
//!
//! settings -> `Config` -> start of the mask -> loop of (objective, gradient, Adam, clamp) -> map,
//! extras and findings. Uzunova 2019, Eq. 1, after Fong and Vedaldi 2017. The gradient is a backward
//! pass, or for a black box an evolution strategy. What this method shares with others that optimise a
//! mask is [`masks`].

#[cfg(test)]
mod presets;

use lacuna_plugin::{Adam, Error, Explanation, Info, Method, Need, Parameter, Random, Remedy, Request, Settings};
use lacuna_plugin::{export_method, progress};
use lacuna_toolkit::masks::{self, Findings, Jitter, Objective, Slope, Start, Step};

/// The method of Uzunova 2019, Eq. 1.
struct MeaningfulPerturbation;

impl Method for MeaningfulPerturbation {
    fn describe() -> Info {
        Info::new(
            "meaningful-perturbation",
            env!("CARGO_PKG_VERSION"),
            "The smallest mask that deletes, or keeps, the evidence (Uzunova 2019, Eq. 1)",
        )
        .needs(Need::Readback)
        .parameters(masks::Config::parameters())
        .parameter(
            Parameter::integer("steps", 80, 1..=100_000)
                .summary("Steps of Adam")
                .unit("steps")
                .source(masks::PROTOTYPE),
        )
        .parameter(
            Parameter::number("learning-rate", 0.1, 1e-6..=10.0)
                .summary("Learning rate of Adam (beta 0.9 and 0.999)")
                .source(masks::FONG),
        )
        .parameters(Start::parameters())
        .parameter(Jitter::parameter())
        .parameters(Slope::parameters())
        .preset("default", "The parameters' own defaults: log-odds floored at -3, 80 steps", &[])
        .preset(
            "fong2017",
            "Fong and Vedaldi 2017, Sec. 4: probability, circle start, jitter; use it with blur",
            &FONG_2017,
        )
        .preset(
            "fine",
            "For lesions of a few pixels: a mask of 56 x 56 cells, weaker terms, a lower floor",
            &FINE,
        )
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let config = Config::from_settings(&request.settings)?;
        let objective = Objective::new(&request, &config.masks)?;
        let mut random = Random::new(request.seed);
        let mut low = config.start.mask(&objective, &mut random, config.steps)?;
        let mut unclamped = low.clone();
        let mut adam = Adam::new(config.learning_rate)?;
        let smaller_step = Remedy::number("learning-rate", config.learning_rate / 10.0);
        let mut findings = Findings::new(&objective, smaller_step);
        let mut slope = Slope::new(&request, &objective, config.steps)?;
        for step in 0..config.steps {
            let how = Step { jitter: config.jitter, random: &mut random, first: step == 0 };
            let found = slope.at(&objective, &low, how)?;
            if let (0, Some(logits)) = (step, &found.logits) {
                findings.note_start(&low, logits, &found.gradient);
            }
            unclamped = adam.step(&low, &found.gradient);
            // Every step ends with a mask.
            low = unclamped.clamp(0.0, 1.0);
            progress::report(step + 1, config.steps, &found.terms.named())?;
        }
        findings.conclude(low, &unclamped)
    }
}

/// The settings of a run.
#[derive(Clone, Debug, PartialEq)]
struct Config {
    /// The objective of the mask; the other fields say how it is optimised.
    masks: masks::Config,
    /// Steps of Adam.
    steps: u32,
    /// Learning rate of Adam, in units of the mask.
    learning_rate: f32,
    /// The mask before the first step.
    start: Start,
    /// How far the image moves under the mask.
    jitter: Jitter,
}

impl Config {
    /// The user's choice.
    ///
    /// # Errors
    /// Settings that [`Method::describe`] does not describe.
    fn from_settings(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            masks: masks::Config::from_settings(settings)?,
            steps: settings.count("steps")?,
            learning_rate: settings.number("learning-rate")?,
            start: Start::from_settings(settings)?,
            jitter: Jitter::from_settings(settings)?,
        })
    }
}

/// The settings of Fong and Vedaldi 2017 as this method's parameters; their sums run over the mask's cells, too.
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

/// The settings for small lesions. They were picked from some 25 settings on lesions that were pasted into brain slices of
/// 112 x 112 pixels, because with them `healthy` scored above `blur`.
const FINE: [&str; 4] = ["mask-size=56", "area-weight=0.0005", "tv-weight=0.001", "score-floor=-6"];

export_method!(MeaningfulPerturbation);
