//! FIDO: the probability with which each cell is kept, learnt through random masks (Chang, Creager, Goldenberg and
//! Duvenaud 2019).
//!
//! Minimises E_z [s(Phi(x; z))] + lambda sum(e) over logits theta: a cell is kept with probability
//! p = sigmoid(theta); s is -f_c and e = p for preservation (their smallest sufficient region), s is f_c and e = 1 - p
//! for deletion (smallest destroying region). z is the concrete relaxation of Bernoulli variables,
//! sigmoid((logit p + log u - log(1 - u)) / temperature) with u uniform, so that gradients reach theta; it is drawn for
//! each pixel from p on the image's grid, as in the authors' code, or for each cell. Adam; theta starts at 0. The infill is the
//! perturbation: `healthy` is a generative one. lambda does not grow over the first steps, as in the authors' code.
//!
//! The map is e less its smallest number; the extra `keep-probability` is p. The noise is the same for every image of
//! a batch, so that none influences another. `samples` images go forward and backward in each step for each image.

use lacuna_plugin::{
    Adam, Error, Explanation, Extra, Info, Method, Need, Parameter, Random, Remedy, Request, Score, Tensor,
};
use lacuna_plugin::{export_method, progress};
use lacuna_toolkit::masks::{Config, Findings, Game, Grid, Objective, Regularisers, ScoreTerm, Start};
use lacuna_toolkit::saliency::explain_zeros;

const CHOSEN: &str = "chosen here";
const CHANG: &str = "Chang 2019 and the authors' code";

struct Fido;

impl Method for Fido {
    fn describe() -> Info {
        let summary = "The probability with which each cell is kept, learnt through random masks (Chang 2019)";
        Info::new("fido", env!("CARGO_PKG_VERSION"), summary)
            .needs(Need::Gradients)
            .needs(Need::Readback)
            .parameters([
                Parameter::choice("game", ["preservation", "deletion"])
                    .summary("The smallest region that suffices, or the smallest that destroys")
                    .source(CHANG),
                Score::LogOdds.parameter(CHANG),
                Parameter::number("score-weight", 1.0, 0.0..=1e3).summary("Weight of the score").source(CHOSEN),
                Parameter::number("score-floor", -10.0, -1e3..=1e3)
                    .summary("The minimised score (preservation: -f_c) counts down to this, no further")
                    .unit("units of f_c, not for score=probability")
                    .source(CHOSEN),
                Parameter::number("area-weight", 0.064, 0.0..=1e3)
                    .summary("lambda: times the sum of e over the mask's cells")
                    .unit("per mask cell")
                    .source("the authors' 1e-3 for each pixel: 64 pixels of 224 x 224 for each of 28 x 28 cells"),
                Parameter::number("temperature", 0.1, 1e-3..=10.0)
                    .summary("Of the concrete relaxation; lower is closer to kept or deleted")
                    .source(CHANG),
                Parameter::choice("noise", ["pixel", "cell"])
                    .summary("Whether cells or pixels are kept and deleted at random; p belongs to cells")
                    .source(CHANG),
                Parameter::integer("samples", 4, 1..=1000)
                    .summary("Random masks in each step")
                    .unit("masks")
                    .source(CHOSEN),
                Parameter::integer("steps", 300, 1..=100_000).summary("Steps of Adam").unit("steps").source(CHANG),
                Parameter::number("learning-rate", 0.05, 1e-6..=10.0)
                    .summary("Learning rate of Adam (beta 0.9 and 0.999), in logits")
                    .source(CHANG),
            ])
            .parameters(Grid::parameters())
            .preset("default", "A floored score, few samples, 28 x 28 cells", &[])
            .preset(
                "chang2019",
                "The authors' settings at 224 pixels: 1e-3 for each pixel is 0.016 for each of 56 x 56 cells",
                &["mask-size=56", "area-weight=0.016", "samples=8", "score-floor=-1000"],
            )
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let settings = &request.settings;
        let area_weight = settings.number("area-weight")?;
        let config = Config {
            game: Game::from_settings(settings)?,
            score: ScoreTerm::from_settings(settings)?,
            regularisers: Regularisers { area_weight, tv_weight: 0.0, tv_exponent: 1.0 },
            grid: Grid::from_settings(settings)?,
        };
        let (steps, samples, rate) =
            (settings.count("steps")?, settings.count("samples")?, settings.number("learning-rate")?);
        let (temperature, pixels) = (settings.number("temperature")?, settings.choice("noise")? == "pixel");
        request.images.planar_shape()?;
        let objective = Objective::new(&request, &config)?;
        let mut random = Random::new(request.seed);
        let mut adam = Adam::new(rate)?;
        let mut theta = Start::Constant { value: 0.0 }.mask(&objective, &mut random, steps)?;
        let mut findings = Findings::new(&objective, Remedy::number("learning-rate", rate / 10.0));
        for step in 1..=steps {
            let leaf = theta.track();
            let area = config.regularisers.area(config.game, &leaf.sigmoid());
            let (mut gradient, mut score) = (area.backward().of(&leaf), Tensor::full(&[1], 0.0));
            for sample in 0..samples {
                let leaf = theta.track();
                let p = leaf.sigmoid();
                let z = if pixels {
                    concrete(&logit(&objective.upsample(&p)), temperature, &mut random)?
                } else {
                    objective.upsample(&concrete(&leaf, temperature, &mut random)?)
                };
                let logits = objective.logits(&z);
                let term = config.score.of(objective.minimised(&logits)) / samples as f32;
                score = score + term.detach();
                let pull = term.backward().of(&leaf);
                if step == 1 && sample == 0 {
                    let both = config.regularisers.pull(config.game, &p.detach()) + &pull * samples as f32;
                    findings.note_start(&p.detach(), &logits, &both);
                }
                gradient = gradient + pull;
            }
            theta = adam.step(&leaf, &gradient).clamp(-20.0, 20.0).check()?;
            progress::report(step, steps, &[("area", &area.detach()), ("score", &score)])?;
        }
        let keep = theta.sigmoid();
        let mut explanation = findings.conclude(keep.clone(), &keep)?;
        let evidence = config.game.evidence(&keep);
        let least = -(-&evidence).max_along(2).max_along(3);
        explanation.map = objective.upsample(&(evidence - least));
        explanation.extras.push(Extra::other("keep-probability", keep));
        explanation.findings.extend(explain_zeros(&request, config.score.kind, &explanation.map)?);
        Ok(explanation)
    }
}

/// Draws numbers near 0 or 1 at random, near 1 with the probability whose logits are `logits` (N, 1, H, W).
fn concrete(logits: &Tensor, temperature: f32, random: &mut Random) -> Result<Tensor, Error> {
    let [_, _, height, width] = logits.planar_shape()?;
    let u = Tensor::uniform(&[1, 1, height, width], 0.0, 1.0, random.bits()).clamp(1e-6, 1.0 - 1e-6);
    ((logits + logit(&u)) / temperature).sigmoid().check()
}

/// The inverse of the sigmoid, for numbers well between 0 and 1.
fn logit(p: &Tensor) -> Tensor {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    p.logarithm() - (1.0 - p).logarithm()
}

export_method!(Fido);
