//! How well a classifier does on phantoms that it has never seen, and whether it looks at their lesions.

use crate::{failure::Result, interrupt};
use lacuna_engine::{Classifier, ReluRule, Tensor};
use lacuna_phantom::{Phantom, SIDE, healthy_twin, phantom};
use lacuna_runtime::CancelToken;
use serde::Serialize;

/// Shares in [0, 1] of the unseen phantoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quality {
    /// How many unseen phantoms there were, half of them with a lesion.
    pub phantoms: usize,
    /// Phantoms that are called what they are.
    pub accuracy: f32,
    /// Phantoms with a lesion that are called `lesion`.
    pub sensitivity: f32,
    /// Healthy phantoms that are called `healthy`.
    pub specificity: f32,
    /// Phantoms with a lesion that are called `healthy` once blur (standard deviation 10 px) replaces the lesion: the
    /// network looks at the lesion, and blur deletes it.
    pub deleted_by_blur: f32,
    /// Phantoms with a lesion that are called `healthy` once the healthy twin replaces the lesion.
    pub deleted_by_twin: f32,
}

/// Standard deviation of the blur that deletes a lesion, in pixels.
const DELETING_BLUR: f32 = 10.0;
/// How far around the mask the deletion reaches, in pixels, because a lesion is soft at its edge.
const RIM: usize = 2;
/// Phantoms that are judged at once.
const BATCH: usize = 64;

/// Judges a classifier with the classes `healthy` and `lesion` on the first `count` phantoms of `seed`.
///
/// # Errors
/// A device that fails, and an interruption by the user.
pub fn judge(classifier: &Classifier, seed: u64, count: usize, cancel: &CancelToken) -> Result<Quality> {
    let (mut healthy, mut lesions, mut kept, mut found, mut blur, mut twin) = (0, 0, 0, 0, 0, 0);
    for first in (0..count).step_by(BATCH) {
        interrupt::check(cancel)?;
        let indices = first as u64..count.min(first + BATCH) as u64;
        let made: Vec<[Phantom; 2]> = indices.map(|index| [phantom(seed, index), healthy_twin(seed, index)]).collect();
        let tensor = |pixels: fn(&[Phantom; 2]) -> Vec<f32>| {
            let values = made.iter().flat_map(pixels).collect();
            Tensor::from_data(classifier.device(), &[made.len(), 1, SIDE, SIDE], values)
        };
        let images = tensor(|[phantom, _]| phantom.image.clone())?;
        let twins = tensor(|[_, twin]| twin.image.clone())?;
        let kept_pixels = tensor(|[phantom, _]| outside(&phantom.mask))?;
        let blurred = images.gaussian_blur(&[DELETING_BLUR; 2])?;
        let seen = sees_lesion(classifier, &images)?;
        let without = [&blurred, &twins].map(|by| sees_lesion(classifier, &images.blend(by, &kept_pixels)?));
        let [after_blur, after_twin] = without;
        for (([phantom, _], seen), (after_blur, after_twin)) in
            made.iter().zip(seen).zip(after_blur?.into_iter().zip(after_twin?))
        {
            if phantom.lesion {
                lesions += 1;
                found += usize::from(seen);
                blur += usize::from(!after_blur);
                twin += usize::from(!after_twin);
            } else {
                healthy += 1;
                kept += usize::from(!seen);
            }
        }
    }
    let share = |part: usize, whole: usize| part as f32 / whole.max(1) as f32;
    Ok(Quality {
        phantoms: count,
        accuracy: share(found + kept, count),
        sensitivity: share(found, lesions),
        specificity: share(kept, healthy),
        deleted_by_blur: share(blur, lesions),
        deleted_by_twin: share(twin, lesions),
    })
}

/// Whether each image (N, 1, SIDE, SIDE) is called `lesion`, the second of the two classes.
fn sees_lesion(classifier: &Classifier, images: &Tensor) -> Result<Vec<bool>> {
    let probabilities = classifier.probabilities(&classifier.logits(images, ReluRule::Plain)?)?.read()?;
    Ok(probabilities.chunks_exact(2).map(|pair| pair[1] > pair[0]).collect())
}

/// 0 on the mask and its rim, 1 elsewhere.
fn outside(mask: &[f32]) -> Vec<f32> {
    let near = |at: usize| at.saturating_sub(RIM)..=(at + RIM).min(SIDE - 1);
    let kept = |i: usize| !near(i / SIDE).any(|row| near(i % SIDE).any(|column| mask[row * SIDE + column] > 0.5));
    (0..mask.len()).map(|i| f32::from(u8::from(kept(i)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lacuna_conformance::reference;
    use lacuna_engine::Device;

    #[test]
    fn the_classifier_of_the_demo_finds_lesions_and_looks_at_them() {
        let manifest = reference::manifest().unwrap();
        let classifier =
            Classifier::from_manifest(reference::NAME, &manifest, &reference::files(), &Device::cpu()).unwrap();
        let quality = judge(&classifier, 7, 66, &CancelToken::new()).unwrap();
        let shares = [quality.accuracy, quality.deleted_by_blur, quality.deleted_by_twin];
        assert!(quality.phantoms == 66 && shares.iter().all(|share| *share > 0.98), "{quality:?}");
    }

    #[test]
    fn a_rim_of_two_pixels_is_deleted_too_and_ends_at_the_border() {
        let mut mask = vec![0.0; SIDE * SIDE];
        mask[0] = 1.0;
        mask[50 * SIDE + 60] = 1.0;
        let kept = outside(&mask);
        assert_eq!(kept.iter().filter(|kept| **kept == 0.0).count(), 9 + 25);
        assert_eq!([kept[2 * SIDE + 2], kept[48 * SIDE + 58], kept[3], kept[53 * SIDE + 60]], [0.0, 0.0, 1.0, 1.0]);
    }
}
