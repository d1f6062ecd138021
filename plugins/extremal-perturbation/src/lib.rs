//! Extremal perturbations: the region of a fixed area that holds the score up the most (Fong, Patrick and Vedaldi 2019).
//!
//! Minimises s(Phi(x; m)) + w_t mean((sort(e) - r_a)^2): s is -f_c and e = m for preservation, s is f_c
//! and e = 1 - m for deletion; r_a is 1 for the share `area` of the cells, else 0, and w_t = `area-weight` times
//! `growth`^t. The sort is a permutation that is constant between two steps, so each cell is compared with 1 where it
//! is among the `area` largest and with 0 elsewhere. Equal cells share what there is; they are ordered first by the
//! gradient of s, for at the start all are equal: m = 1. SGD with momentum = dampening = 0.9 and clamping, as the authors'.
//!
//! Simpler than the paper: the mask is a grid of cells, made larger by `upsampling`, not by their smooth maximum of
//! shifted kernels; its area is that of the cells; one area, not the search for the smallest; the image is not flipped
//! in even steps. The map is e less its smallest number. Images do not influence each other; one image forward and
//! backward in each step.

use lacuna_plugin::masks::{Config, Game, Grid, Objective, Regularisers, ScoreTerm, Start};
use lacuna_plugin::saliency::{explain_zeros, whose};
use lacuna_plugin::{Error, Explanation, Info, Method, Need, Parameter, Random, Request, Score, Tensor};
use lacuna_plugin::{export_method, progress};

const FONG: &str = "Fong 2019 and the authors' TorchRay";
/// Momentum and dampening.
const MOMENTUM: f32 = 0.9;
/// How much of the gradient, divided by its largest number, orders equal cells.
const TIE: f32 = 1e-5;

struct ExtremalPerturbation;

impl Method for ExtremalPerturbation {
    fn describe() -> Info {
        Info::new(
            "extremal-perturbation",
            env!("CARGO_PKG_VERSION"),
            "The region of a fixed area that holds the score up the most (Fong 2019)",
        )
        .needs(Need::Gradients)
        .needs(Need::Readback)
        .parameters([
            Parameter::choice("game", ["preservation", "deletion"])
                .summary("Keep a region that holds the score up, or delete one that lowers it")
                .source(FONG),
            Parameter::number("area", 0.1, 0.01..=0.9)
                .summary("Size of the region")
                .unit("share of the image")
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
        ])
        .parameters(Grid::parameters())
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let settings = &request.settings;
        let number = |name| settings.number(name);
        let config = Config {
            game: Game::from_settings(settings)?,
            score: ScoreTerm { kind: Score::from_settings(settings)?, weight: 1.0, floor: None },
            regularisers: Regularisers { area_weight: 0.0, tv_weight: 0.0, tv_exponent: 1.0 },
            grid: Grid::from_settings(settings)?,
        };
        let (area, rate, steps) = (number("area")?, number("learning-rate")?, settings.count("steps")?);
        let objective = Objective::new(&request, &config)?;
        let (n, cells) = (objective.shape[0], config.grid.size.pow(2));
        let largest = |x: &Tensor| x.reshape(&[n, cells]).max_along(1).reshape(&[n, 1, 1, 1]);
        let whole = Start::Constant { value: 1.0 }.mask(&objective, &mut Random::new(request.seed), steps)?;
        let mut evidence = config.game.evidence(&whole);
        let mut velocity = &evidence * 0.0;
        let mut weight = number("area-weight")?;
        for step in 1..=steps {
            let leaf = evidence.track();
            let logits = objective.logits(&objective.upsample(&config.game.evidence(&leaf)));
            let score = objective.minimised(&logits).sum(&[]);
            let pull = score.backward().of(&leaf);
            let order = &evidence - &pull * TIE / largest(&pull.absolute()).clamp(1e-30, f32::MAX);
            let template: Vec<f32> =
                order.read()?.chunks_exact(cells as usize).flat_map(|order| template(order, area)).collect();
            let off = &evidence - Tensor::from_data(&config.grid.shape(n), &template);
            let regulariser = off.power(2.0).sum(&[]) * (weight / cells as f32);
            let gradient = pull + &off * (2.0 * weight / cells as f32);
            velocity = (velocity * MOMENTUM + gradient * (1.0 - MOMENTUM)).check()?;
            evidence = (&evidence - &velocity * rate).clamp(0.0, 1.0).check()?;
            weight = (weight * number("growth")?).min(1e9);
            progress::report(step, steps, &[("score", &score.detach()), ("area", &regulariser)])?;
        }
        let low = config.game.evidence(&evidence);
        let mask = objective.upsample(&low).clamp(0.0, 1.0);
        let perturbed = objective.phi.apply(&mask);
        let map = objective.upsample(&(&evidence + largest(&-&evidence)));
        let mut findings = explain_zeros(&request, config.score.kind, &map)?;
        findings.extend(weak(&objective, &perturbed)?);
        Ok(Explanation { map, extras: vec![("mask", mask), ("mask-low", low), ("perturbed", perturbed)], findings })
    }
}

/// 1 for the share `area` of the cells with the largest numbers, 0 for the others; equal cells share what is left.
fn template(cells: &[f32], area: f32) -> Vec<f32> {
    let room = (area * cells.len() as f32).round().max(1.0);
    let mut sorted = cells.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let Some(last) = sorted.get(room as usize - 1) else {
        return vec![1.0; cells.len()];
    };
    let larger = cells.iter().filter(|cell| *cell > last).count() as f32;
    let equal = cells.iter().filter(|cell| *cell == last).count() as f32;
    let share =
        |cell: &f32| if cell > last { 1.0 } else { f32::from(u8::from(cell == last)) * (room - larger) / equal };
    cells.iter().map(share).collect()
}

/// A finding for each image whose region does not do what it should.
fn weak(objective: &Objective<'_>, perturbed: &Tensor) -> Result<Vec<String>, Error> {
    let probabilities = |images| objective.probabilities(&objective.classifier.logits(images)).read();
    let (before, after) = (probabilities(objective.images)?, probabilities(perturbed)?);
    let images = before.len();
    let failed = before.into_iter().zip(after).enumerate().filter(|(_, (before, after))| match objective.config.game {
        Game::Preservation => *after < before / 2.0,
        Game::Deletion => *after > before / 2.0,
    });
    let say = |(image, (before, after))| {
        let whose = whose(image, images);
        format!(
            "{whose}the region does not decide the class (p = {before:.3} before, {after:.3} after): try a larger \
             --param area, more --param steps or another --perturbation"
        )
    };
    Ok(failed.map(say).collect())
}

export_method!(ExtremalPerturbation);
