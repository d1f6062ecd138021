//! What must hold of an explanation method.

use super::{
    Bench, Check,
    compare::{correlation, distance, rank_correlation, same_bytes},
    subject::{LESION, SHIFT},
};
use crate::error::Result;
use lacuna_engine::{ClassIndex, Classifier, ReluRule, Tensor};
use lacuna_runtime::{ExplainRequest, Outcome, RunError, explain};

/// Relative L2 distance within which a batch is what its images are alone: sums in another order, steps of an optimiser.
const ALONE: f64 = 1e-3;
/// Rank correlation from which the map of a random model is nearly the same; chosen here, the paper names no threshold.
const ALIKE: f64 = 0.9;
const SEED: u64 = 7;

pub fn checks(bench: &Bench<'_>) -> Result<Vec<Check>> {
    let subject = bench.subject;
    let (images, trained) = (&subject.images, &subject.trained);
    let before = trained.logits(images, ReluRule::Plain)?;
    let first = match run(bench, trained, images) {
        Ok(outcome) => outcome,
        Err(error) => return Ok(vec![Check::new(SHAPE, false, error.to_string())]),
    };
    // The runtime refuses maps of another shape or with NaN, so that a map is one that passed.
    let shape = first.map.shape();
    let mut checks = vec![Check::new(SHAPE, true, format!("{shape:?}, {} host calls", first.record.host_calls))];
    checks.push(match run(bench, trained, images) {
        Ok(again) => Check::new(SEEDED, same_bytes(&first.map, &again.map)?, "two runs with one seed"),
        Err(error) => Check::new(SEEDED, false, error.to_string()),
    });
    checks.push(alone(bench, &first.map)?);
    checks.push(moved(bench, &first.map)?);
    checks.push(randomised(bench, &first.map)?);
    checks.push(constant(bench)?);
    let after = trained.logits(images, ReluRule::Plain)?;
    checks.push(Check::new(
        "no explanation changes the model",
        same_bytes(&before, &after)?,
        "logits before and after",
    ));
    Ok(checks)
}

const SHAPE: &str = "a finite map of the image's size";
const SEEDED: &str = "the same seed, the same bytes";
const BATCH: &str = "a batch is what its images are alone";
const MOVED: &str = "the map moves with the image";
const WEIGHTS: &str = "the map depends on the weights (Adebayo 2018)";
const NOTHING: &str = "a constant classifier gives an empty map, and it is said";

fn run(bench: &Bench<'_>, classifier: &Classifier, images: &Tensor) -> std::result::Result<Outcome, RunError> {
    explain(
        bench.host,
        ExplainRequest {
            perturbation: bench.plugin.uses_perturbation().then_some(bench.perturbation),
            generator: Some(&bench.subject.generator),
            method_settings: bench.settings.clone(),
            seed: SEED,
            limits: bench.limits.clone(),
            grants: bench.grants.clone(),
            cancel: bench.cancel.clone(),
            ..ExplainRequest::new(bench.plugin, classifier, images.clone(), vec![ClassIndex(LESION); images.shape()[0]])
        },
    )
}

fn alone(bench: &Bench<'_>, together: &Tensor) -> Result<Check> {
    let mut worst: f64 = 0.0;
    for image in 0..together.shape()[0] {
        let one = bench.subject.images.slice(0, image, image + 1)?;
        match run(bench, &bench.subject.trained, &one) {
            Ok(alone) => worst = worst.max(distance(&alone.map, &together.slice(0, image, image + 1)?)?),
            Err(error) => return Ok(Check::new(BATCH, false, error.to_string())),
        }
    }
    Ok(Check::new(BATCH, worst <= ALONE, format!("maps differ by {worst:.1e} (relative L2 distance)")))
}

/// The map of a moved image resembles the moved map more than the map itself.
fn moved(bench: &Bench<'_>, map: &Tensor) -> Result<Check> {
    if bench.needs_generator() {
        return Ok(Check::reported(MOVED, "not judged: the generator of these checks has learnt nothing"));
    }
    let [rows, columns] = SHIFT;
    let images = bench.subject.images.translate(&[rows, columns])?;
    let found = match run(bench, &bench.subject.trained, &images) {
        Ok(outcome) => outcome.map.read()?,
        Err(error) => return Ok(Check::new(MOVED, false, error.to_string())),
    };
    let like = |other: &Tensor| Ok::<f64, lacuna_engine::Error>(correlation(&wide(&found), &wide(&other.read()?)));
    let (with, without) = (like(&map.translate(&[rows, columns])?)?, like(map)?);
    let found = format!("correlation {with:.2} with the moved map, {without:.2} with the map left in place");
    Ok(Check::new(MOVED, with > without, found))
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|number| f64::from(*number)).collect()
}

/// The model-parameter randomisation test of Adebayo et al. 2018, Sec. 3, on all weights at once.
fn randomised(bench: &Bench<'_>, map: &Tensor) -> Result<Check> {
    Ok(match run(bench, &bench.subject.random, &bench.subject.images) {
        Ok(random) => {
            let alike = rank_correlation(&map.read()?, &random.map.read()?);
            let holds = alike < ALIKE && !same_bytes(map, &random.map)?;
            Check::new(
                WEIGHTS,
                holds,
                format!("rank correlation {alike:+.2} with the map of a model of random weights"),
            )
        }
        Err(error) => Check::new(WEIGHTS, false, error.to_string()),
    })
}

fn constant(bench: &Bench<'_>) -> Result<Check> {
    let outcome = match run(bench, &bench.subject.constant, &bench.subject.images) {
        Ok(outcome) => outcome,
        Err(error) => return Ok(Check::new(NOTHING, false, error.to_string())),
    };
    let numbers = outcome.map.read()?;
    let (least, most) = numbers.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let found = match outcome.findings.first() {
        Some(finding) => format!("numbers from {least} to {most}; it says: {finding}"),
        None => format!("numbers from {least} to {most}, and no finding"),
    };
    Ok(Check::new(NOTHING, most - least < 1e-3 && !outcome.findings.is_empty(), found))
}
