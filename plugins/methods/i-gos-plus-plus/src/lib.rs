//! iGOS++: a mask for deletion and one for insertion, found together along integrated gradients (Khorram, Lawson and
//! Li 2021).
//!
//! F(x, y) = w (s(x) - s(1 - y) + s(x y) - s(1 - x y)) + lambda1 sum(1 - x y) + lambda2 BTV(x y), where s(m) is the score
//! of the target for Phi(image; m): what is kept without the evidence scores low, the evidence alone scores high, and x
//! y is the explanation. BTV(m) = sum exp(-||grad image||^2 / sigma^2) ||grad m||^beta lets the mask change where
//! the image does; the image is reduced to the mask's grid. The slope of each term is an integrated gradient over
//! k/K m, k = 1..K, for each mask m that is deleted through: s(k/K m) and s(1 - k/K m).
//!
//! It differs from the authors' code: the image's weights act on all of the TV norm, and no noise is added to the path.
//! Our own: a step is the lowest F of several proximal steps in one pass, as in `i-gos`: the slope plus the true area and
//! BTV terms plus d/2 |(x, y)' - (x, y)|^2 for several dampings d.

use lacuna_plugin::{Error, Explanation, Extra, Info, Method, Need, Parameter, Remedy, Request, Score, Tensor};
use lacuna_plugin::{export_method, log, progress};
use lacuna_toolkit::masks::{Bilateral, Config, Findings, Game, Grid, Objective, Regularisers, ScoreTerm, Versions};
use lacuna_toolkit::masks::{minimise, scaled, shares};
use lacuna_toolkit::saliency::{Passes, explain_zeros};

const KHORRAM: &str = "Khorram 2021";
/// The signs of the four scores whose masks [`kept`] makes.
const SIGNS: [f32; 4] = [1.0, -1.0, 1.0, -1.0];
/// The dampings that a pass tries, in units of the current one.
const DAMPINGS: [f32; 4] = [1.0 / 16.0, 0.25, 1.0, 4.0];
const BACK: f32 = 16.0;
struct IGosPlusPlus;

impl Method for IGosPlusPlus {
    fn describe() -> Info {
        let summary = "Masks that delete and insert the evidence, along integrated gradients (Khorram 2021)";
        Info::new("i-gos-plus-plus", env!("CARGO_PKG_VERSION"), summary)
            .needs(Need::Gradients)
            .needs(Need::Readback)
            .parameters([
                Score::Probability.parameter(KHORRAM),
                Parameter::number("score-weight", 0.5, 0.0..=1e3)
                    .summary("Weight w of the scores")
                    .source("the authors' code halves the sum of the four"),
                Parameter::number("area-weight", 1.0 / 784.0, 0.0..=1e3)
                    .summary("lambda1, for each cell of the mask")
                    .source("as for i-gos"),
                Parameter::number("tv-weight", 20.0 / 784.0, 0.0..=1e3)
                    .summary("lambda2, for each cell of the mask")
                    .source("as for i-gos"),
                Parameter::number("tv-exponent", 2.0, 1.0..=10.0)
                    .summary("beta of the TV norm")
                    .source("the authors' code"),
                Parameter::number("tv-sigma", 0.1, 1e-6..=1e6)
                    .summary("sigma: steps of the image between cells that are much larger leave the mask free")
                    .unit("intensity")
                    .source("the authors' code: sigma^2 = 0.01"),
            ])
            .parameters(Grid::parameters())
            .parameters([
                Parameter::integer("steps", 15, 1..=10_000).summary("Steps").unit("steps").source(KHORRAM),
                Parameter::integer("samples", 8, 1..=1000)
                    .summary("K: masks on the way from m to nothing kept, for each of four terms")
                    .unit("masks")
                    .source("chosen here: Khorram 2021 takes 20"),
                Passes::parameter(),
            ])
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let settings = &request.settings;
        let kind = Score::from_settings(settings)?;
        let config = Config {
            game: Game::Deletion,
            score: ScoreTerm { kind, weight: settings.number("score-weight")?, floor: None },
            regularisers: Regularisers::from_settings(settings)?,
            grid: Grid::from_settings(settings)?,
        };
        let (steps, samples) = (settings.count("steps")?, settings.count("samples")?);
        request.images.planar_shape()?;
        let objective = Objective::new(&request, &config)?;
        let (regularisers, n, s) = (config.regularisers, objective.shape.images(), config.grid.size);
        let mut versions = Versions::new(&request, &objective, samples * SIGNS.len() as u32)?;
        let one = Bilateral::new(&objective, settings.number("tv-sigma")?)?;
        let all = one.repeated(DAMPINGS.len());
        let mut masks = Tensor::full(&[n, 2, s, s], 1.0);
        let mut value = scores(&mut versions, &config, &masks)? + cost(&regularisers, &one, &masks);
        let (mut findings, mut said) = (Findings::new(&objective, Remedy::number("score-weight", 0.1)), Vec::new());
        let mut damping = Tensor::full(&[n, 1, 1, 1], 0.0);
        for done in 1..=steps {
            let slope = integrated(&mut versions, &config, &masks, samples)?;
            if done == 1 {
                said = explain_zeros(&request, kind, &slope)?;
                let whole = masks.slice(1, 0..1);
                let gradient = slope.sum(&[1]) + regularisers.pull(config.game, &whole);
                findings.note_start(&whole, &objective.logits(&objective.upsample(&whole)), &gradient);
                damping = slope.absolute().sum(&[1]).max_along(2).max_along(3).clamp(1e-12, 1e12);
            }
            let [here, slopes] = [&masks, &slope].map(|x| scaled(x, &[1.0; DAMPINGS.len()]));
            let dampings = scaled(&damping, &DAMPINGS);
            // In each mask the other is a factor of at most 1, and they share their product.
            let curvature = &dampings + (3.0 * regularisers.curvature() + regularisers.area_weight);
            let tried = minimise(&here, &curvature, |tried| {
                let moved = tried - &here;
                let model = &slopes * &moved + moved.power(2.0) * &dampings * 0.5;
                model.sum(&[]) + cost(&regularisers, &all, tried).sum(&[])
            })?;
            let found = scores(&mut versions, &config, &tried)? + cost(&regularisers, &all, &tried);
            damping = (damping * BACK).clamp(1e-12, 1e12);
            for start in (0..DAMPINGS.len() as u32 * n).step_by(n as usize) {
                let better = value.greater(&found.slice(0, start..start + n)).detach();
                let or = |x: &Tensor, y: &Tensor| x * (1.0 - &better) + y.slice(0, start..start + n) * &better;
                (masks, damping) = (or(&masks, &tried).check()?, or(&damping, &dampings).check()?);
                value = or(&value, &found).check()?;
            }
            let (cost, sum) = (cost(&regularisers, &one, &masks).sum(&[]), value.sum(&[]));
            let (score, passes) = (sum - &cost, Tensor::full(&[1], (versions.passes() + 3) as f32));
            progress::report(done, steps, &[("cost", &cost), ("score", &score), ("passes", &passes)])?;
        }
        log::info(&format!("{} passes of the classifier, 3 more for the findings", versions.passes()));
        let (deletion, insertion) = (masks.slice(1, 0..1), masks.slice(1, 1..2));
        let low = (&deletion * &insertion).check()?;
        let Explanation { map, mut extras, findings } = findings.conclude(low.clone(), &low)?;
        extras.extend([Extra::other("mask-deletion", deletion), Extra::other("mask-insertion", insertion)]);
        Ok(Explanation { map, extras, findings: [findings, said].concat() })
    }
}

/// The masks of the four scores for `masks` (V N, 2, S, S), each (V N, 1, S, S), where `share` of every mask is left.
fn kept(masks: &Tensor, share: f32) -> [Tensor; 4] {
    let (x, y) = (masks.slice(1, 0..1), masks.slice(1, 1..2));
    let both = &x * &y * share;
    [x * share, 1.0 - y * share, both.clone(), 1.0 - both]
}

/// The weighted scores of `masks` (V N, 2, S, S), (V N, 1, 1, 1).
fn scores(versions: &mut Versions<'_>, config: &Config, masks: &Tensor) -> Result<Tensor, Error> {
    let (n, four) = (masks.planar_shape()?[0], kept(masks, 1.0));
    let found = versions.scores(&Tensor::concatenate(&four.each_ref(), 0), config.score.kind)?.reshape(&[4, n, 1, 1]);
    Ok((found * Tensor::from_data(&[4, 1, 1, 1], &SIGNS)).sum(&[0]).reshape(&[n, 1, 1, 1]) * config.score.weight)
}

/// The integrated gradient of the weighted scores of `masks` (N, 2, S, S), of their shape.
fn integrated(versions: &mut Versions<'_>, config: &Config, masks: &Tensor, samples: u32) -> Result<Tensor, Error> {
    let leaf = masks.track();
    let path: Vec<Tensor> = shares(samples).into_iter().flat_map(|share| kept(&leaf, share)).collect();
    let path = Tensor::concatenate(&path.iter().collect::<Vec<_>>(), 0);
    let (_, slopes) = versions.slopes(&path.detach(), config.score.kind)?;
    let [n, _, s, _] = masks.planar_shape()?;
    let signs = Tensor::from_data(&[samples * 4, 1, 1, 1, 1], &SIGNS.repeat(samples as usize));
    let terms = (path * slopes).reshape(&[samples * 4, n, 1, s, s]) * signs;
    (terms.sum(&[]) * (config.score.weight / samples as f32)).backward().of(&leaf).check()
}

/// The area and BTV terms of `masks` (V N, 2, S, S), (V N, 1, 1, 1).
fn cost(regularisers: &Regularisers, bilateral: &Bilateral, masks: &Tensor) -> Tensor {
    let both = masks.slice(1, 0..1) * masks.slice(1, 1..2);
    (1.0 - &both).sum(&[1, 2, 3]) * regularisers.area_weight + bilateral.of(&both) * regularisers.tv_weight
}

export_method!(IGosPlusPlus);
