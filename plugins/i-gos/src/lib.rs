//! I-GOS: a deletion mask that descends along integrated gradients (Qi, Khorram and Li 2020).
//!
//! F(m) = w s(Phi(x; m)) + lambda1 sum(1 - m) + lambda2 sum ||grad m||^beta, where s is the score of the target. The
//! direction is w / K sum_k d s(Phi(x; k/K m)) / d m, k = 1..K, which looks past a mask where s is flat, plus the true
//! gradient of the other two terms. A step is the largest of 1, 1/2, 1/4, ... times `step` that lowers F as Armijo
//! asks; the direction is divided by its largest number, so that a step is in units of the mask. m starts at 1, and
//! it ends early where no step lowers F. The weights 1 and 20 on means over 28 x 28 cells are 1/784 and 20/784 on sums.
//!
//! A message says how many passes there were for each image. Each chooses its own steps; none influences another.

use lacuna_plugin::masks::{Config, Findings, Game, Grid, Objective, Regularisers, ScoreTerm, Start};
use lacuna_plugin::saliency::{Passes, Stack, explain_zeros};
use lacuna_plugin::{Error, Explanation, Info, Method, Need, Parameter, Phi, Random, Request, Score, Tensor};
use lacuna_plugin::{export_method, log, progress};

const QI: &str = "Qi 2020";
/// Steps that the line search tries, and the share of the decrease along the direction that one must reach.
const TRIES: u32 = 8;
const ARMIJO: f32 = 1e-4;

struct IGos;

impl Method for IGos {
    fn describe() -> Info {
        let summary = "The smallest mask that deletes the evidence, along integrated gradients (Qi 2020)";
        Info::new("i-gos", env!("CARGO_PKG_VERSION"), summary)
            .needs(Need::Gradients)
            .needs(Need::Readback)
            .parameters([
                Score::Probability.parameter(QI),
                Parameter::number("score-weight", 1.0, 0.0..=1e3).summary("Weight w of the score").source(QI),
                Parameter::number("score-floor", -3.0, -1e3..=1e3)
                    .summary("The score counts down to this, no further; not for score=probability")
                    .source("as for meaningful-perturbation"),
                Parameter::number("area-weight", 1.0 / 784.0, 0.0..=1e3)
                    .summary("lambda1, for each cell of the mask")
                    .source("Qi 2020: 1 on the mean over 28 x 28 cells"),
                Parameter::number("tv-weight", 20.0 / 784.0, 0.0..=1e3)
                    .summary("lambda2, for each cell of the mask")
                    .source("Qi 2020: 20 on the mean over 28 x 28 cells"),
                Parameter::number("tv-exponent", 2.0, 1.0..=10.0).summary("beta of the TV norm").source("chosen here"),
            ])
            .parameters(Grid::parameters())
            .parameters([
                Parameter::integer("steps", 15, 1..=10_000).summary("Steps").unit("steps").source(QI),
                Parameter::integer("samples", 20, 1..=1000)
                    .summary("K: masks on the way from m to nothing kept")
                    .unit("masks")
                    .source(QI),
                Parameter::number("step", 1.0, 1e-6..=100.0)
                    .summary("First step that the line search tries: the most that a cell moves")
                    .unit("units of the mask")
                    .source("chosen here: from kept to deleted"),
                Passes::parameter(),
            ])
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
        let objective = Objective::new(&request, &config)?;
        let path = Path::new(&request, samples)?;
        let mut low = Start::Constant { value: 1.0 }.mask(&objective, &mut Random::new(request.seed), steps)?;
        let mut value = value(&objective, &low);
        let mut findings = Findings::new(&objective, format!("--param step={}", step / 10.0));
        let (images, mut both, mut forward, mut said) = (objective.shape[0], 0, 2, Vec::new());
        for done in 1..=steps {
            let toward = path.gradient(&objective, &low);
            let gradient = (&toward + config.regularisers.pull(config.game, &low)).check()?;
            both += samples;
            if done == 1 {
                said = explain_zeros(&request, config.score.kind, &toward)?;
                findings.note_start(&low, &objective.logits(&objective.upsample(&low)), &gradient);
            }
            let largest = gradient.absolute().max_along(2).max_along(3);
            let direction = &gradient / largest.clamp(1e-30, f32::MAX);
            let (start, mut open) = (low.clone(), Tensor::full(&[images], 1.0));
            for halvings in 0..TRIES {
                let tried = (&start - &direction * (step * 0.5_f32.powi(halvings as i32))).clamp(0.0, 1.0);
                let found = self::value(&objective, &tried);
                let promised = (&gradient * (&start - &tried)).sum(&[1, 2, 3]).reshape(&[images]) * ARMIJO;
                let better = (&open * (&value - promised).greater(&found)).detach();
                open = &open - &better;
                value = (&value + &better * (found - &value)).check()?;
                low = (&low + better.reshape(&[images, 1, 1, 1]) * (tried - &low)).check()?;
                forward += 1;
                if open.read()?.iter().all(|open| *open == 0.0) {
                    break;
                }
            }
            let (area, tv) = (config.regularisers.area(config.game, &low), config.regularisers.tv(&low));
            let score = value.sum(&[]) - &area - &tv;
            progress::report(done, steps, &[("area", &area), ("tv", &tv), ("score", &score)])?;
            // An image that finds no step finds none in the next step either.
            if open.read()?.iter().all(|open| *open == 1.0) {
                break;
            }
        }
        log::info(&format!("for each image {both} passes forward and backward, {forward} forward only"));
        let mut explanation = findings.conclude(low.clone(), &low)?;
        explanation.findings.extend(said);
        Ok(explanation)
    }
}

/// F for each image (N), outside the graph.
fn value(objective: &Objective<'_>, low: &Tensor) -> Tensor {
    let Config { regularisers, score, .. } = objective.config;
    let minimised = objective.minimised(&objective.logits(&objective.upsample(low)));
    let area = (1.0 - low).sum(&[1, 2, 3]).reshape(&[objective.shape[0]]) * regularisers.area_weight;
    let tv = low.total_variation(regularisers.tv_exponent) * regularisers.tv_weight;
    minimised.clamp(score.floor.unwrap_or(f32::MIN), f32::MAX) * score.weight + area + tv
}

/// The shares k/K of the masks of each pass, and the perturbation of as many copies of the images.
struct Path(Vec<(Vec<f32>, Phi)>);

impl Path {
    fn new(request: &Request<'_>, samples: u32) -> Result<Self, Error> {
        let most = Passes::new(&request.settings, samples, request.targets.len() as u32)?.most();
        let stack = Stack::new(request, Score::Logit, most)?;
        let shares: Vec<f32> = (1..=samples).map(|k| k as f32 / samples as f32).collect();
        let phi = |part: &[f32]| Phi::create(&stack.copies(part.len() as u32), request.seed);
        let passes = shares.chunks(most as usize).map(|part| Ok((part.to_vec(), phi(part)?)));
        Ok(Self(passes.collect::<Result<_, Error>>()?))
    }

    /// w / K sum_k d s(Phi(x; k/K m)) / d m, (N, 1, S, S).
    fn gradient(&self, objective: &Objective<'_>, low: &Tensor) -> Tensor {
        let ([n, _, s, _], score) = (objective.config.grid.shape(objective.shape[0]), objective.config.score);
        let samples: usize = self.0.iter().map(|(shares, _)| shares.len()).sum();
        self.0.iter().fold(low * 0.0, |sum, (shares, phi)| {
            let (count, leaf) = (shares.len() as u32, low.track());
            let masks = Tensor::from_data(&[count, 1, 1, 1, 1], shares) * leaf.reshape(&[1, n, 1, s, s]);
            let images = phi.apply(&objective.upsample(&masks.reshape(&[count * n, 1, s, s])));
            let logits = objective.classifier.logits(&images);
            let scores = objective.classifier.scores(&logits, &objective.targets.repeat(shares.len()), score.kind);
            sum + score.of(scores).backward().of(&leaf) / samples as f32
        })
    }
}

export_method!(IGos);
