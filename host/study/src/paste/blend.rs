//! Eq. 3 itself: the registered, matched lesion laid softly into the healthy image.

use super::Contrast;
use super::matching::{Matching, quantile};
use super::smooth::blur;

/// Everything on the healthy image's grid.
pub(super) struct Layers<'a> {
    pub size: (usize, usize),
    /// I, the healthy image, and its brain.
    pub healthy: &'a [f32],
    pub brain: &'a [bool],
    /// T(I_L), the registered lesion image, its brain and its lesion mask, both in [0, 1].
    pub donor: &'a [f32],
    pub donor_brain: &'a [f32],
    pub lesion: &'a [f32],
}

/// The pasted image, and the lesion in it.
pub(super) struct Blend {
    pub image: Vec<f32>,
    pub mask: Vec<bool>,
}

/// Width of the lesion's soft edge and of the surroundings that it is compared with, as standard deviations in 128ths of the
/// longer side: 1 and 6 pixels of an image of 128.
const EDGE: f64 = 1.0;
const SURROUNDINGS: f64 = 6.0;
/// White matter of a T1 image: the brain's brightest sixth begins here.
const WHITE_MATTER: f64 = 0.85;

/// `None` where the two brains have no pixel in common.
pub(super) fn blend(layers: &Layers<'_>, contrast: Contrast) -> Option<Blend> {
    let pixels = layers.healthy.len();
    let unit = layers.size.0.max(layers.size.1) as f64 / 128.0;
    let inside = |i: usize| layers.brain[i] && layers.donor_brain[i] >= 0.5;
    let mask: Vec<bool> = (0..pixels).map(|i| inside(i) && layers.lesion[i] >= 0.5).collect();
    let lesion: Vec<f32> = mask.iter().map(|&lesion| f32::from(u8::from(lesion))).collect();
    let mut soft = blur(&lesion, layers.size, EDGE * unit);
    soft.iter_mut().zip(layers.brain).filter(|(_, inside)| !**inside).for_each(|(soft, _)| *soft = 0.0);

    let values: Box<dyn Fn(usize) -> f32> = match contrast {
        Contrast::Matched => {
            let donor = (0..pixels).filter(|&i| inside(i)).map(|i| layers.donor[i]);
            let healthy = (0..pixels).filter(|&i| inside(i)).map(|i| layers.healthy[i]);
            let matching = Matching::new(donor, healthy)?;
            Box::new(move |i| matching.map(layers.donor[i]))
        }
        Contrast::Carried => {
            let tissue: Vec<f32> =
                (0..pixels).map(|i| if inside(i) && layers.lesion[i] < 0.1 { 1.0 } else { 0.0 }).collect();
            let weighted: Vec<f32> = tissue.iter().zip(layers.donor).map(|(weight, value)| weight * value).collect();
            let around = |values: &[f32]| blur(values, layers.size, SURROUNDINGS * unit);
            let (sums, weights) = (around(&weighted), around(&tissue));
            let mut brain: Vec<f32> = (0..pixels).filter(|&i| inside(i)).map(|i| layers.healthy[i]).collect();
            brain.sort_unstable_by(f32::total_cmp);
            let white = if brain.is_empty() { return None } else { quantile(&brain, WHITE_MATTER) };
            Box::new(move |i| {
                (white * layers.donor[i] * weights[i] / sums[i].max(f32::MIN_POSITIVE)).min(1.0 / Contrast::GAIN)
            })
        }
    };
    let image = (0..pixels).map(|i| match soft[i] {
        0.0 => layers.healthy[i],
        weight => values(i) * weight + layers.healthy[i] * (1.0 - weight),
    });
    Some(Blend { image: image.collect(), mask })
}
