//! What must hold of a metric.

use super::{Bench, Check, subject::LESION};
use crate::error::Result;
use lacuna_engine::{ClassIndex, Tensor};
use lacuna_runtime::{MeasureRequest, RunError, measure};

pub fn checks(bench: &Bench<'_>) -> Result<Vec<Check>> {
    let subject = bench.subject;
    // A map that is right, blurred, so that it has more than two values.
    let maps = subject.masks.gaussian_blur(&[2.0; 2])?;
    let first = match run(bench, &subject.images, &maps, Some(&subject.masks)) {
        Ok(numbers) => numbers,
        Err(error) => return Ok(vec![Check::new(NUMBERS, false, error.to_string())]),
    };
    // The runtime refuses another count and NaN.
    let mut checks = vec![Check::new(NUMBERS, true, format!("{first:?}"))];
    checks.push(match run(bench, &subject.images, &maps, Some(&subject.masks)) {
        Ok(again) => Check::new(SEEDED, bits(&again) == bits(&first), "two runs with one seed"),
        Err(error) => Check::new(SEEDED, false, error.to_string()),
    });
    let mut worst: f64 = 0.0;
    for image in 0..maps.shape()[0] {
        let one = |tensor: &Tensor| tensor.slice(0, image, image + 1);
        match run(bench, &one(&subject.images)?, &one(&maps)?, Some(&one(&subject.masks)?)) {
            Ok(alone) => worst = worst.max(difference(alone.first(), first.get(image))),
            Err(error) => return Ok(vec![Check::new(BATCH, false, error.to_string())]),
        }
    }
    checks.push(Check::new(BATCH, worst < 1e-4, format!("numbers differ by at most {worst:.1e}")));
    let unmasked = run(bench, &subject.images, &maps, None);
    checks.push(match unmasked {
        Ok(numbers) => Check::new(UNMASKED, true, format!("{numbers:?}")),
        Err(error) => Check::new(UNMASKED, false, error.to_string()),
    });
    Ok(checks)
}

const NUMBERS: &str = "one finite number for each image, or none";
const SEEDED: &str = "the same seed, the same numbers";
const BATCH: &str = "a batch is what its images are alone";
const UNMASKED: &str = "an image without a mask gets an answer or none, no error";

fn run(
    bench: &Bench<'_>,
    images: &Tensor,
    maps: &Tensor,
    masks: Option<&Tensor>,
) -> std::result::Result<Vec<Option<f64>>, RunError> {
    let classifier = &bench.subject.trained;
    let targets = vec![ClassIndex(LESION); images.shape()[0]];
    measure(
        bench.host,
        MeasureRequest {
            perturbation: bench.plugin.uses_perturbation().then_some(bench.perturbation),
            generator: Some(&bench.subject.generator),
            masks: masks.cloned(),
            metric_settings: bench.settings.clone(),
            seed: 7,
            limits: bench.limits.clone(),
            grants: bench.grants.clone(),
            cancel: bench.cancel.clone(),
            ..MeasureRequest::new(bench.plugin, classifier, images.clone(), maps.clone(), targets)
        },
    )
}

fn bits(numbers: &[Option<f64>]) -> Vec<Option<u64>> {
    numbers.iter().map(|number| number.map(f64::to_bits)).collect()
}

/// Infinite where only one of the two is a number.
fn difference(a: Option<&Option<f64>>, b: Option<&Option<f64>>) -> f64 {
    match (a.copied().flatten(), b.copied().flatten()) {
        (Some(a), Some(b)) => (a - b).abs(),
        (None, None) => 0.0,
        _ => f64::INFINITY,
    }
}
