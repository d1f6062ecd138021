//! What must hold of a perturbation.

use super::{
    Bench, Check,
    compare::{distance, same_bytes},
};
use crate::error::Result;
use lacuna_engine::Tensor;
use lacuna_runtime::{PerturbRequest, RunError, perturb};

/// Relative L2 distance within which a batch is what its images are alone.
const ALONE: f64 = 1e-4;

pub fn checks(bench: &Bench<'_>) -> Result<Vec<Check>> {
    let images = &bench.subject.images;
    let shape = mask_shape(images);
    let whole = |value: f32| Tensor::full(images.device(), &shape, value);
    let deleted = match run(bench, images, whole(0.0)?) {
        Ok(deleted) => deleted,
        Err(error) => return Ok(vec![Check::new(SHAPE, false, error.to_string())]),
    };
    let numbers = deleted.read()?;
    let (least, most) = numbers.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let mut checks = vec![Check::new(
        SHAPE,
        least >= -0.5 && most <= 1.5 && deleted.shape() == images.shape(),
        format!("{:?}, intensities from {least:.3} to {most:.3} where all is deleted", deleted.shape()),
    )];
    checks.push(match run(bench, images, whole(1.0)?) {
        Ok(kept) => {
            let off = distance(&kept, images)?;
            Check::new(KEEPS, off < 1e-5, format!("the images differ by {off:.1e} under a mask of ones"))
        }
        Err(error) => Check::new(KEEPS, false, error.to_string()),
    });
    let changed = distance(&deleted, images)?;
    checks.push(Check::new(
        DELETES,
        changed > 1e-3,
        format!("the images differ by {changed:.2} under a mask of zeros"),
    ));
    checks.push(match run(bench, images, whole(0.0)?) {
        Ok(again) => Check::new(SEEDED, same_bytes(&deleted, &again)?, "two runs with one seed"),
        Err(error) => Check::new(SEEDED, false, error.to_string()),
    });
    checks.push(alone(bench, &deleted)?);
    checks.push(differentiable(bench, &whole(0.5)?)?);
    Ok(checks)
}

const SHAPE: &str = "finite images of the same size, near [0, 1]";
const KEEPS: &str = "what the mask keeps stays";
const DELETES: &str = "what the mask does not keep changes";
const SEEDED: &str = "the same seed, the same bytes";
const BATCH: &str = "a batch is what its images are alone";
const GRADIENT: &str = "gradients reach the mask";

fn mask_shape(images: &Tensor) -> Vec<usize> {
    let mut shape = images.shape();
    if let Some(channels) = shape.get_mut(1) {
        *channels = 1;
    }
    shape
}

fn run(bench: &Bench<'_>, images: &Tensor, mask: Tensor) -> std::result::Result<Tensor, RunError> {
    perturb(
        bench.host,
        PerturbRequest {
            generator: Some(&bench.subject.generator),
            settings: bench.settings.clone(),
            seed: 7,
            limits: bench.limits.clone(),
            grants: bench.grants.clone(),
            cancel: bench.cancel.clone(),
            ..PerturbRequest::new(bench.plugin, &bench.subject.trained, images.clone(), mask)
        },
    )
}

fn alone(bench: &Bench<'_>, together: &Tensor) -> Result<Check> {
    let mut worst: f64 = 0.0;
    for image in 0..together.shape()[0] {
        let one = bench.subject.images.slice(0, image, image + 1)?;
        match run(bench, &one, Tensor::full(one.device(), &mask_shape(&one), 0.0)?) {
            Ok(alone) => worst = worst.max(distance(&alone, &together.slice(0, image, image + 1)?)?),
            Err(error) => return Ok(Check::new(BATCH, false, error.to_string())),
        }
    }
    Ok(Check::new(BATCH, worst <= ALONE, format!("images differ by {worst:.1e} (relative L2 distance)")))
}

fn differentiable(bench: &Bench<'_>, mask: &Tensor) -> Result<Check> {
    let leaf = mask.track()?;
    let perturbed = match run(bench, &bench.subject.images, leaf.clone()) {
        Ok(perturbed) => perturbed,
        Err(error) => return Ok(Check::new(GRADIENT, false, error.to_string())),
    };
    // Squares, so that no symmetry of the image cancels.
    let total = perturbed.multiply(&perturbed)?.sum(&[])?;
    let gradient = total.backward().and_then(|gradients| gradients.of_leaf(&leaf)?.read());
    Ok(match gradient {
        Ok(gradient) => {
            let count = gradient.iter().filter(|number| **number != 0.0).count();
            let finite = gradient.iter().all(|number| number.is_finite());
            Check::new(GRADIENT, finite && count > 0, format!("{count} of {} pixels have one", gradient.len()))
        }
        Err(error) => Check::new(GRADIENT, false, error.to_string()),
    })
}
