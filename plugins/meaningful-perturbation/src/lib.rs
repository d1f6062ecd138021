//! Meaningful perturbations: the smallest mask that takes the evidence away, or that keeps it.
//!
//! settings -> [`Config`] -> start of the mask -> loop of (objective, backward, Adam, clamp) -> map,
//! extras and findings. Uzunova 2019, Eq. 1, after Fong and Vedaldi 2017. What this method shares
//! with others that optimise a mask is [`masks`].

use lacuna_plugin::masks::{self, Findings, Objective, Start};
use lacuna_plugin::{Adam, Error, Explanation, Info, Method, Need, Parameter, Random, Request, Settings, Tensor};
use lacuna_plugin::{export_method, progress};

/// Uzunova 2019, Eq. 1.
#[derive(Debug)]
pub struct MeaningfulPerturbation;

impl Method for MeaningfulPerturbation {
    fn describe() -> Info {
        Info::new(
            "meaningful-perturbation",
            env!("CARGO_PKG_VERSION"),
            "The smallest mask that deletes, or keeps, the evidence (Uzunova 2019, Eq. 1)",
        )
        .needs(Need::Gradients)
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
        let smaller_step = format!("--param learning-rate={}", config.learning_rate / 10.0);
        let mut findings = Findings::new(&objective, smaller_step);
        for step in 0..config.steps {
            let leaf = low.track();
            let logits = objective.classifier.logits(&jittered(&objective, &leaf, config.jitter, &mut random));
            let terms = objective.terms(&leaf, &logits);
            let gradient = terms.total().backward().of(&leaf);
            if step == 0 {
                findings.note_start(&low, &logits, &gradient);
            }
            unclamped = adam.step(&leaf, &gradient);
            // Every step ends with a mask.
            low = unclamped.clamp(0.0, 1.0);
            progress::report(step + 1, config.steps, &terms.named())?;
        }
        findings.conclude(low, &unclamped)
    }
}

/// Phi(x; m) for the mask `low` (N, 1, S, S), with the image moved under the mask by up to `reach`
/// pixels each way (Fong and Vedaldi 2017, Eq. 4).
fn jittered(objective: &Objective<'_>, low: &Tensor, reach: i32, random: &mut Random) -> Tensor {
    let mask = objective.upsample(low);
    if reach == 0 {
        return objective.phi.apply(&mask);
    }
    // Phi holds the image, so the mask moves the other way and the result moves back with the image.
    let (rows, columns) = (random.within(-reach..=reach), random.within(-reach..=reach));
    objective.phi.apply(&mask.translate(-rows, -columns)).translate(rows, columns)
}

/// Everything that a run of the method can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What the mask is optimised for; how is in the other fields.
    pub masks: masks::Config,
    /// Steps of Adam.
    pub steps: u32,
    /// Of Adam, in units of the mask.
    pub learning_rate: f32,
    /// The mask before the first step.
    pub start: Start,
    /// Largest shift in pixels.
    pub jitter: i32,
}

impl Config {
    /// The user's choice.
    ///
    /// # Errors
    /// Settings that [`Method::describe`] does not describe.
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            masks: masks::Config::from_settings(settings)?,
            steps: settings.count("steps")?,
            learning_rate: settings.number("learning-rate")?,
            start: Start::from_settings(settings)?,
            jitter: settings.count("jitter")?.min(i32::MAX as u32) as i32,
        })
    }
}

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

/// For lesions pasted into brain slices of 112 x 112 pixels: picked from some 25 settings because `healthy` led `blur`.
const FINE: [&str; 4] = ["mask-size=56", "area-weight=0.0005", "tv-weight=0.001", "score-floor=-6"];

export_method!(MeaningfulPerturbation);
