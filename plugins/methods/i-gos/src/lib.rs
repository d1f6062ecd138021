//! I-GOS: a deletion mask that descends along integrated gradients (Qi, Khorram and Li 2020).
//!
//! F(m) = w s(Phi(x; m)) + lambda1 sum(1 - m) + lambda2 sum ||grad m||^beta, where s is the score of the target. The
//! slope of the score is w / K sum_k d s(Phi(x; k/K m)) / d m, k = 1..K, which looks past a mask where s is
//! flat. m starts at 1. The weights 1 and 20 on means over 28 x 28 cells are 1/784 and 20/784 on sums.
//!
//! Two steps are our own, so that few passes reach what Adam reaches in many:
//! - The line search is over proximal steps, all of one pass of the classifier: [`Descent`] minimises the slope plus
//!   the true area and TV terms plus d/2 |m' - m|^2 over [0, 1] for several dampings d, and takes the lowest F.
//! - After `steps` such steps, `refinements` steps go along the gradient of s at m itself, the path's last sample: no
//!   path has to be scored for them, and what a pass tried gives the next slope.
//!
//! A pass is one call of the classifier for a batch. Every report says how many there were: 2 for each step, 1 for each
//! refinement, and 3 forward only for the findings, if `batch` holds `samples` masks of each image.

use lacuna_plugin::{Error, Explanation, Info, Method, Need, Parameter, Random, Remedy, Request, Score, Tensor};
use lacuna_plugin::{export_method, log, progress};
use lacuna_toolkit::masks::{Config, Descent, Findings, Game, Grid, Objective, Point, Regularisers, ScoreTerm, Start};
use lacuna_toolkit::masks::{Versions, scaled, shares};
use lacuna_toolkit::saliency::{Passes, explain_zeros};

const LIKE: &str = "as for meaningful-perturbation: a saturated probability does not move";
/// The number of forward passes for the findings: the first mask, the image and the last mask.
const FINDINGS: u32 = 3;

struct IGos;

impl Method for IGos {
    fn describe() -> Info {
        let summary = "The smallest mask that deletes the evidence, along integrated gradients (Qi 2020)";
        Info::new("i-gos", env!("CARGO_PKG_VERSION"), summary)
            .needs(Need::Gradients)
            .needs(Need::Readback)
            .parameters([
                Score::LogOdds.parameter(LIKE),
                Parameter::number("score-weight", 0.1, 0.0..=1e3).summary("Weight w of the score").source(LIKE),
                Parameter::number("score-floor", -3.0, -1e3..=1e3)
                    .summary("The score counts down to this, no further; not for score=probability")
                    .source(LIKE),
                Parameter::number("area-weight", 1.0 / 784.0, 0.0..=1e3)
                    .summary("lambda1, for each cell of the mask")
                    .source("Qi 2020: 1 on the mean over 28 x 28 cells"),
                Parameter::number("tv-weight", 20.0 / 784.0, 0.0..=1e3)
                    .summary("lambda2, for each cell of the mask")
                    .source("Qi 2020: 20 on the mean over 28 x 28 cells"),
                Parameter::number("tv-exponent", 2.0, 1.0..=10.0)
                    .summary("beta of the TV norm")
                    .source("the authors' code"),
            ])
            .parameters(Grid::parameters())
            .parameters([
                Parameter::integer("steps", 1, 1..=10_000)
                    .summary("Steps along integrated gradients, of two passes each")
                    .unit("steps")
                    .source("chosen here: Qi 2020 takes 15, without refinements"),
                Parameter::integer("samples", 16, 1..=1000)
                    .summary("K: masks on the way from m to nothing kept")
                    .unit("masks")
                    .source("Qi 2020: 20; here what fits one pass"),
                Parameter::integer("refinements", 35, 0..=10_000)
                    .summary("Steps along the score's own gradients, of one pass each")
                    .unit("steps")
                    .source("chosen here: with what else there is, 40 passes"),
                Parameter::number("step", 10.0, 1e-6..=1e3)
                    .summary("The damping of the first step lets a cell move this far along the largest gradient")
                    .unit("units of the mask")
                    .source("chosen here"),
                Passes::parameter(),
            ])
            .preset("default", "The floored score of meaningful-perturbation, in 40 passes", &[])
            .preset(
                "qi2020",
                "The probability, for a model that is less than certain",
                &["score=probability", "score-weight=1"],
            )
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let settings = &request.settings;
        let config = Config {
            game: Game::Deletion,
            score: ScoreTerm::from_settings(settings)?,
            regularisers: Regularisers::from_settings(settings)?,
            grid: Grid::from_settings(settings)?,
        };
        let (steps, samples, step) = (settings.count("steps")?, settings.count("samples")?, settings.number("step")?);
        let total = steps + settings.count("refinements")?;
        request.images.planar_shape()?;
        let objective = Objective::new(&request, &config)?;
        let mut versions = Versions::new(&request, &objective, samples.max(Descent::VERSIONS))?;
        let mut findings = Findings::new(&objective, Remedy::number("step", step / 10.0));
        let start = Start::Constant { value: 1.0 }.mask(&objective, &mut Random::new(request.seed), total)?;
        let (mut slope, point) = integrated(&mut versions, &config, &start, samples)?;
        let gradient = (&slope + config.regularisers.pull(config.game, &start)).check()?;
        findings.note_start(&start, &objective.logits(&objective.upsample(&start)), &gradient);
        // The slope of the score itself: beyond its floor the term has none, and other findings report that.
        let said = explain_zeros(&request, config.score.kind, &point.slope)?;
        let mut descent = Descent::new(&config, point, &(gradient.absolute().max_along(2).max_along(3) / step));
        for done in 1..=total {
            if (2..=steps).contains(&done) {
                slope = integrated(&mut versions, &config, &descent.best.mask, samples)?.0;
            }
            descent.step(&mut versions, Some(&slope).filter(|_| done <= steps))?;
            let Point { mask, score, .. } = &descent.best;
            let (area, tv) = (config.regularisers.area(config.game, mask), config.regularisers.tv(mask));
            let (score, passes) = (config.score.value(score).sum(&[]), versions.passes() + FINDINGS);
            let passes = Tensor::full(&[1], passes as f32);
            progress::report(done, total, &[("area", &area), ("tv", &tv), ("score", &score), ("passes", &passes)])?;
        }
        log::info(&format!("{} passes forward and backward, {FINDINGS} forward only", versions.passes()));
        let low = descent.best.mask;
        let mut explanation = findings.conclude(low.clone(), &low)?;
        explanation.findings.extend(said);
        Ok(explanation)
    }
}

/// w / K sum_k d s(Phi(x; k/K m)) / d m, (N, 1, S, S), and the path's last sample, which is m itself.
fn integrated(
    versions: &mut Versions<'_>,
    config: &Config,
    low: &Tensor,
    samples: u32,
) -> Result<(Tensor, Point), Error> {
    let ([n, _, s, _], shares) = (low.planar_shape()?, shares(samples));
    let (scores, slopes) = versions.slopes(&scaled(low, &shares), config.score.steep())?;
    let leaf = scores.track();
    let terms = &slopes * config.score.value(&leaf).sum(&[]).backward().of(&leaf);
    let weights = Tensor::from_data(&[samples, 1, 1, 1, 1], &shares) / samples as f32;
    let sum = (terms.reshape(&[samples, n, 1, s, s]) * weights).sum(&[0]).reshape(&[n, 1, s, s]).check()?;
    let last = |x: &Tensor| x.slice(0, (samples - 1) * n..samples * n);
    Ok((sum, Point::new(config, low.clone(), last(&scores), last(&slopes))?))
}

export_method!(IGos);
