//! Meaningful perturbations: the smallest mask that takes the evidence away, or that keeps it.
//!
//! settings -> [`Config`] -> start of the mask -> loop of ([`objective`], backward, Adam, clamp)
//! -> map, extras and findings. Uzunova 2019, Eq. 1, after Fong and Vedaldi 2017.

mod config;
mod describe;
mod findings;
mod mask;
mod objective;
mod verdict;

use lacuna_plugin::{Adam, Error, Explanation, Info, Method, Random, Request, Tensor, export_method, progress};

use config::{Config, Game};
use findings::{Findings, Start};
use objective::Objective;

struct MeaningfulPerturbation;

impl Method for MeaningfulPerturbation {
    fn describe() -> Info {
        describe::describe()
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let config = Config::from_settings(&request.settings)?;
        let objective = Objective::new(&request, &config)?;
        let mut random = Random::new(request.seed);
        let start = mask::start(&objective, &mut random)?;

        let mut findings = Findings::new(&objective);
        let Optimised { low, unclamped } = optimise(start, &objective, &mut random, &mut findings)?;

        let mask = objective.upsample(&low).clamp(0.0, 1.0);
        let perturbed = objective.phi.apply(&mask);
        let findings = findings.conclude(&low, &unclamped, &perturbed)?;
        let map = match config.game {
            Game::Deletion => 1.0 - &mask,
            Game::Preservation => mask.clone(),
        };
        let reference = objective.phi.apply(&(&mask * 0.0));
        Ok(Explanation {
            map,
            extras: vec![
                ("mask", mask),
                ("mask-low", low),
                ("perturbed", perturbed),
                ("perturbation-reference", reference),
            ],
            findings,
        })
    }
}

/// The mask (N, 1, S, S) after all steps.
struct Optimised {
    low: Tensor,
    /// As the last step of Adam left it.
    unclamped: Tensor,
}

/// Every step clamps the mask to [0, 1].
fn optimise(
    start: Tensor,
    objective: &Objective<'_>,
    random: &mut Random,
    findings: &mut Findings<'_>,
) -> Result<Optimised, Error> {
    let config = objective.config;
    let mut adam = Adam::new(config.learning_rate)?;
    let mut low = start;
    let mut unclamped = low.clone();
    for step in 0..config.steps {
        let leaf = low.track();
        let logits = objective.logits(&leaf, random);
        let terms = objective.terms(&leaf, &logits);
        let gradient = terms.total().backward().of(&leaf);
        if step == 0 {
            let pull = &gradient - objective.pull_of_the_regularisers(&low);
            findings.note_start(Start { mask: low, logits, pull });
        }
        unclamped = adam.step(&leaf, &gradient);
        low = unclamped.clamp(0.0, 1.0);
        progress::report(step + 1, config.steps, &[("area", &terms.area), ("tv", &terms.tv), ("score", &terms.score)])?;
    }
    Ok(Optimised { low: low.check()?, unclamped })
}

export_method!(MeaningfulPerturbation);
