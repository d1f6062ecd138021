//! How well a trained network does on phantoms that it has never seen.

use crate::Result;
use crate::network::{Network, Normalisation, numbers};
use crate::phantom::{Phantom, SIDE, healthy_twin, phantom};
use crate::scanner::blurred;
use burn::tensor::Device;
use burn::tensor::activation::softmax;

/// Shares in [0, 1] of the unseen phantoms.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Quality {
    /// How many unseen phantoms there were, half of them with a lesion.
    pub phantoms: usize,
    /// Called what they are.
    pub accuracy: f32,
    /// Of those with a lesion, called lesion.
    pub sensitivity: f32,
    /// Of the healthy ones, called healthy.
    pub specificity: f32,
    /// Of those with a lesion, called healthy once blur (standard deviation 10 px) replaces the
    /// lesion: the network looks at the lesion, and blur deletes it.
    pub deleted_by_blur: f32,
    /// Of those with a lesion, called healthy once the healthy twin replaces the lesion.
    pub deleted_by_twin: f32,
}

/// Standard deviation of the blur that deletes a lesion, in pixels.
const DELETING_BLUR: f64 = 10.0;
/// How far around the mask the deletion reaches, in pixels, because a lesion is soft at its edge.
const RIM: usize = 2;
/// Images that are judged at once.
const BATCH: usize = 64;

impl Quality {
    /// Judges on `count` phantoms of `seed`, from index 0 on; training takes others.
    ///
    /// # Errors
    /// What the backend says when it cannot compute.
    pub(crate) fn of(
        network: &Network,
        normalisation: Normalisation,
        seed: u64,
        count: usize,
        device: &Device,
    ) -> Result<Self> {
        let mut right = [0_usize; 2];
        let (mut lesions, mut blur, mut twin) = (0, 0, 0);
        for first in (0..count).step_by(BATCH) {
            let indices = first as u64..count.min(first + BATCH) as u64;
            let judge = |images: &[Vec<f32>]| lesion_probabilities(network, normalisation, images, device);
            let made: Vec<Phantom> = indices.clone().map(|index| phantom(seed, index)).collect();
            let images: Vec<Vec<f32>> = made.iter().map(|p| p.image.clone()).collect();
            for (p, probability) in made.iter().zip(judge(&images)?) {
                right[usize::from(p.lesion)] += usize::from(p.lesion == (probability > 0.5));
            }
            let ill: Vec<(u64, &Phantom)> = indices.zip(&made).filter(|(_, p)| p.lesion).collect();
            let healthy =
                |images: &[Vec<f32>]| Ok::<_, crate::Error>(judge(images)?.iter().filter(|p| **p < 0.5).count());
            blur += healthy(&ill.iter().map(|(_, p)| deleted(p, &blurry(&p.image))).collect::<Vec<_>>())?;
            twin += healthy(
                &ill.iter().map(|(index, p)| deleted(p, &healthy_twin(seed, *index).image)).collect::<Vec<_>>(),
            )?;
            lesions += ill.len();
        }
        let share = |part: usize, whole: usize| part as f32 / whole.max(1) as f32;
        Ok(Self {
            phantoms: count,
            accuracy: share(right[0] + right[1], count),
            sensitivity: share(right[1], lesions),
            specificity: share(right[0], count - lesions),
            deleted_by_blur: share(blur, lesions),
            deleted_by_twin: share(twin, lesions),
        })
    }
}

/// The probability of the class lesion of each image.
pub(crate) fn lesion_probabilities(
    network: &Network,
    normalisation: Normalisation,
    images: &[Vec<f32>],
    device: &Device,
) -> Result<Vec<f32>> {
    if images.is_empty() {
        return Ok(Vec::new());
    }
    let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
    let logits = network.forward(normalisation.input(&images, device));
    Ok(numbers(softmax(logits, 1))?.chunks(2).filter_map(|pair| pair.get(1).copied()).collect())
}

/// The image with the mask and its rim replaced.
fn deleted(phantom: &Phantom, by: &[f32]) -> Vec<f32> {
    let near = |i: usize| {
        let (row, column) = (i / SIDE, i % SIDE);
        let span = |at: usize| at.saturating_sub(RIM)..=(at + RIM).min(SIDE - 1);
        span(row).any(|r| span(column).any(|c| phantom.mask[r * SIDE + c] > 0.5))
    };
    phantom.image.iter().zip(by).enumerate().map(|(i, (keep, by))| if near(i) { *by } else { *keep }).collect()
}

fn blurry(image: &[f32]) -> Vec<f32> {
    let image: Vec<f64> = image.iter().copied().map(f64::from).collect();
    blurred(&image, DELETING_BLUR).into_iter().map(|value| value as f32).collect()
}
