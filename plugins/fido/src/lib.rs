//! FIDO: the probability with which each cell is kept, learnt through random masks (Chang, Creager, Goldenberg and
//! Duvenaud 2019).
//!
//! Minimises E_z [s(Phi(x; z))] + lambda sum(e) over logits theta: a cell is kept with probability
//! p = sigmoid(theta); s is -f_c and e = p for preservation (their smallest sufficient region), s is f_c and e = 1 - p
//! for deletion (smallest destroying region). z is the concrete relaxation of a Bernoulli variable,
//! sigmoid((theta + log u - log(1 - u)) / temperature) with u uniform, so that gradients reach theta; Adam; theta
//! starts at 0. The infill is the perturbation: `healthy` is a generative one.
//!
//! The map is e less its smallest number; the extra `keep-probability` is p. The noise is the same for every image of
//! a batch, so that none influences another. `samples` images go forward and backward in each step for each image.

use lacuna_plugin::masks::{Config, Findings, Game, Grid, Objective, Regularisers, ScoreTerm, Start};
use lacuna_plugin::saliency::explain_zeros;
use lacuna_plugin::{Adam, Error, Explanation, Info, Method, Need, Parameter, Random, Request, Score, Tensor};
use lacuna_plugin::{export_method, progress};

const CHOSEN: &str = "chosen here";

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
                    .source("Chang 2019"),
                Score::LogOdds.parameter("Chang 2019"),
                Parameter::number("score-weight", 1.0, 0.0..=1e3).summary("Weight of the score").source(CHOSEN),
                Parameter::number("score-floor", -10.0, -1e3..=1e3)
                    .summary("The minimised score (preservation: -f_c) counts down to this, no further")
                    .unit("units of f_c, not for score=probability")
                    .source(CHOSEN),
                Parameter::number("area-weight", 1e-3, 0.0..=1e3)
                    .summary("lambda: times the sum of e over the mask's cells")
                    .unit("per mask cell")
                    .source(CHOSEN),
                Parameter::number("temperature", 0.1, 1e-3..=10.0)
                    .summary("Of the concrete relaxation; lower is closer to kept or deleted")
                    .source("Chang 2019: the concrete distribution"),
                Parameter::integer("samples", 4, 1..=1000)
                    .summary("Random masks in each step")
                    .unit("masks")
                    .source(CHOSEN),
                Parameter::integer("steps", 300, 1..=100_000).summary("Steps of Adam").unit("steps").source(CHOSEN),
                Parameter::number("learning-rate", 0.05, 1e-6..=10.0)
                    .summary("Learning rate of Adam (beta 0.9 and 0.999), in logits")
                    .source(CHOSEN),
            ])
            .parameters(Grid::parameters())
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
        let temperature = settings.number("temperature")?;
        let objective = Objective::new(&request, &config)?;
        let mut random = Random::new(request.seed);
        let mut adam = Adam::new(rate)?;
        let mut theta = Start::Constant { value: 0.0 }.mask(&objective, &mut random, steps)?;
        let mut findings = Findings::new(&objective, format!("--param learning-rate={}", rate / 10.0));
        for step in 1..=steps {
            let leaf = theta.track();
            let area = config.regularisers.area(config.game, &leaf.sigmoid());
            let (mut gradient, mut score) = (area.backward().of(&leaf), Tensor::full(&[1], 0.0));
            for sample in 0..samples {
                let leaf = theta.track();
                let u = Tensor::uniform(&config.grid.shape(1), 0.0, 1.0, random.bits()).clamp(1e-6, 1.0 - 1e-6);
                let noise = u.logarithm() - (1.0 - &u).logarithm();
                let z = ((&leaf + noise) / temperature).sigmoid();
                let logits = objective.logits(&objective.upsample(&z));
                let term = config.score.of(objective.minimised(&logits)) / samples as f32;
                score = score + term.detach();
                let pull = term.backward().of(&leaf);
                if step == 1 && sample == 0 {
                    let both = config.regularisers.pull(config.game, &z.detach()) + &pull * samples as f32;
                    findings.note_start(&z.detach(), &logits, &both);
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
        explanation.extras.push(("keep-probability", keep));
        explanation.findings.extend(explain_zeros(&request, config.score.kind, &explanation.map)?);
        Ok(explanation)
    }
}

export_method!(Fido);
