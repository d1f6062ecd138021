//! Extremal perturbations: the region of a fixed area that holds the score up the most (Fong, Patrick and Vedaldi 2019).
//!
//! Minimises s(Phi(x; m)) + w_t mean((sort(m) - r_a)^2) for each area a by itself: s is -f_c of the image kept in m for
//! preservation, and f_c of the image deleted in m for deletion; r_a is 1 for the share a of the pixels, else 0, and
//! w_t = `area-weight` times `growth`^t. m is a [`Smooth`] mask of cells; it starts where the image is (nearly) whole. The
//! sort is a permutation that is constant between two steps: each pixel is compared with 1 where it is among the largest,
//! else with 0; equal ones, as all are at the start, are ordered by the gradient of s. SGD with momentum = dampening = 0.9
//! and clamping, as in the authors' code.
//!
//! The map is the mean of the regions, less its smallest number; `mask` and `perturbed` are those of the smallest area
//! that decides the class (a* in the paper, where half of the probability stays, or goes), else of the largest.
//!
//! It differs from the authors' code: deletion starts with nothing deleted, not with everything; the mask has no margin
//! around the image, where equal cells would not be equal pixels; it is made at two pixels for each cell and axis, not
//! seven, and enlarged; the image is not flipped in even steps, for left and right mean something in medicine.

use lacuna_plugin::{
    Choice, Error, Explanation, Extra, Finding, Info, Method, Need, Parameter, Remedy, Request, Score,
};
use lacuna_plugin::{Tensor, export_method, log, progress};
use lacuna_toolkit::masks::{Config, Game, Grid, Objective, Regularisers, ScoreTerm, Smooth, Upsampling, Versions};
use lacuna_toolkit::masks::{largest, scaled};
use lacuna_toolkit::saliency::{Passes, explain_zeros, image_prefix};

const FONG: &str = "Fong 2019 and the authors' TorchRay";
/// Momentum and dampening of SGD.
const MOMENTUM: f32 = 0.9;
/// The factor on the gradient, after division by its largest number, that orders equal pixels.
const TIE: f32 = 1e-5;

struct ExtremalPerturbation;

impl Method for ExtremalPerturbation {
    fn describe() -> Info {
        let summary = "The regions of fixed areas that hold the score up the most (Fong 2019)";
        Info::new("extremal-perturbation", env!("CARGO_PKG_VERSION"), summary)
            .needs(Need::Gradients)
            .needs(Need::Readback)
            .parameters([
                Parameter::choice("game", ["preservation", "deletion"])
                    .summary("Keep a region that holds the score up, or delete one that lowers it")
                    .source(FONG),
                Parameter::text("areas", "0.1")
                    .summary("Sizes of the regions, each found by itself: 0.025,0.05,0.1")
                    .unit("shares of the image, between 0 and 1")
                    .source(FONG),
                Score::Logit.parameter(FONG),
                Parameter::number("area-weight", 300.0, 0.0..=1e6)
                    .summary("Weight of the area's term in the first step")
                    .source(FONG),
                Parameter::number("growth", 1.0035, 1.0..=2.0)
                    .summary("By which that weight is multiplied in each step")
                    .source(FONG),
                Parameter::integer("steps", 800, 1..=100_000).summary("Steps of SGD").unit("steps").source(FONG),
                Parameter::number("learning-rate", 0.01, 1e-6..=10.0).summary("Learning rate of SGD").source(FONG),
                Parameter::integer("mask-size", 32, 2..=256)
                    .summary("Rows and columns of the mask that is optimised")
                    .unit("cells")
                    .source("Fong 2019 and the authors' TorchRay: steps of 7 pixels at 224"),
                Parameter::number("sigma", 3.0, 0.7..=16.0)
                    .summary("Width of the kernel that a cell puts around itself")
                    .unit("cells")
                    .source("Fong 2019 and the authors' TorchRay: 21 pixels"),
                Passes::parameter(),
            ])
            .preset("default", "One region of a tenth of the image", &[])
            .preset("fong2019", "The four areas of the authors' pointing game on VOC", &["areas=0.025,0.05,0.1,0.2"])
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let settings = &request.settings;
        let (areas, game) = (settings.numbers("areas", 1e-4..=0.95)?, Game::from_settings(settings)?);
        let (steps, cells) = (settings.count("steps")?, settings.count("mask-size")?);
        let (rate, mut weight) = (settings.number("learning-rate")?, settings.number("area-weight")?);
        let config = Config {
            game,
            score: ScoreTerm { kind: Score::from_settings(settings)?, weight: 1.0, floor: None },
            regularisers: Regularisers { area_weight: 0.0, tv_weight: 0.0, tv_exponent: 1.0 },
            grid: Grid { size: cells, upsampling: Upsampling::Bilinear },
        };
        let (objective, smooth) = (Objective::new(&request, &config)?, Smooth::new(cells, settings.number("sigma")?));
        let ([n, _, height, width], v) = (request.images.planar_shape()?, areas.len() as u32);
        let mut versions = Versions::new(&request, &objective, v)?;
        let mut low = game.evidence(&Tensor::full(&[v * n, 1, cells, cells], 1.0));
        let mut steepest = Tensor::full(&[v * n, 1, 1, 1], 0.0);
        let mut masks = smooth.masks(&low)?;
        let (pixels, mut velocity) = (smooth.size().pow(2) as f32, &low * 0.0);
        let room = scaled(&Tensor::full(&[n, 1, 1, 1], pixels), &areas);
        for step in 1..=steps {
            // f_c of what is kept: the gradient of s for m is minus the pull, in both games.
            let (scores, pull) = versions.slopes(&game.evidence(&masks), config.score.kind)?;
            let steep = pull.absolute().max_along(2).max_along(3);
            let order = &masks + &pull * TIE / steep.clamp(1e-30, f32::MAX);
            steepest = steepest.maximum(&steep).check()?;
            let off = &masks - largest(&order, &room)?;
            let gradient = smooth.pull(&low, &(&off * (2.0 * weight / pixels) - pull))?;
            velocity = (velocity * MOMENTUM + gradient * (1.0 - MOMENTUM)).check()?;
            low = (&low - &velocity * rate).clamp(0.0, 1.0).check()?;
            let (score, area) = (game.minimised(scores).sum(&[]), off.power(2.0).sum(&[]) * (weight / pixels));
            masks = smooth.masks(&low)?;
            weight = (weight * settings.number("growth")?).min(1e9);
            progress::report(step, steps, &[("score", &score), ("area", &area)])?;
        }
        let found = versions.scores(&game.evidence(&masks), Score::Probability)?.read()?;
        let before = objective.probabilities(&objective.classifier.logits(objective.images)).read()?;
        let (chosen, mut findings) = decide(game, &areas, &before, &found);
        let regions = objective.upsample(&masks).clamp(0.0, 1.0).reshape(&[v, n, height, width]);
        let region = (&regions * Tensor::from_data(&[v, n, 1, 1], &chosen)).sum(&[0]);
        let mask = game.evidence(&region.reshape(&[n, 1, height, width]));
        let mean = regions.mean(&[0]).reshape(&[n, 1, height, width]);
        // Where no score has moved the region, the area term alone has made it.
        let moved = steepest.reshape(&[v, n]).max_along(0).greater(&Tensor::full(&[1], 0.0)).reshape(&[n, 1, 1, 1]);
        let map = (&mean + (-&mean).max_along(2).max_along(3)) * moved;
        findings.extend(explain_zeros(&request, config.score.kind, &map)?);
        let extras = vec![
            Extra::perturbed(objective.phi.apply(&mask)),
            Extra::mask(mask),
            Extra::other("regions", regions.permute(&[1, 0, 2, 3])),
            Extra::other("cells", low.reshape(&[v, n, cells, cells]).permute(&[1, 0, 2, 3])),
            Extra::other("areas", scaled(&Tensor::full(&[1, n], 1.0), &areas).permute(&[1, 0])),
            Extra::other("probabilities", Tensor::from_data(&[v, n], &found).permute(&[1, 0])),
        ];
        Ok(Explanation { map, extras, findings })
    }
}

/// Chooses the area to show for each image: 1 for it and 0 for the others, area by area. With it comes a finding for each
/// image whose class no area decides.
fn decide(game: Game, areas: &[f32], before: &[f32], found: &[f32]) -> (Vec<f32>, Vec<Finding>) {
    let n = before.len();
    let (mut chosen, mut findings) = (vec![0.0; found.len()], Vec::new());
    for (i, p) in before.iter().enumerate() {
        let under: Vec<f32> = found.iter().skip(i).step_by(n).copied().collect();
        let decides = |after: &f32| match game {
            Game::Preservation => *after >= p / 2.0,
            Game::Deletion => *after <= p / 2.0,
        };
        let first = under.iter().position(decides);
        chosen[first.unwrap_or(areas.len() - 1) * n + i] = 1.0;
        let list: Vec<String> = areas.iter().zip(&under).map(|(a, p)| format!("{p:.3} with area {a}")).collect();
        let list = format!("p = {p:.3} before, {}", list.join(", "));
        let prefix = image_prefix(i, n);
        log::info(&format!("{prefix}{list}"));
        if first.is_none() {
            findings.push(
                Finding::new("undecided-class", format!("no region decides the class ({list})"))
                    .of_image(i)
                    .with(Remedy::raise("areas"))
                    .with(Remedy::raise("steps"))
                    .with(Remedy::Choose(Choice::Perturbation)),
            );
        }
    }
    (chosen, findings)
}

export_method!(ExtremalPerturbation);
