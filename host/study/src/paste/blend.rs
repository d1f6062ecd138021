//! Eq. 3: blends the registered, matched lesion into the healthy image with a soft edge.

use super::contrast::Contrast;
use super::foreground::without_specks;
use super::matching::{Matching, quantile};
use super::smooth::blur;

/// Inputs of Eq. 3, all on the healthy image's grid of `size` = (height, width), row by row, with values in [0, 1].
#[derive(Clone, Copy)]
pub(super) struct Layers<'a> {
    pub size: (usize, usize),
    /// I, the healthy image.
    pub healthy: &'a [f32],
    /// Brain mask of I.
    pub brain: &'a [bool],
    /// T(I_L), the registered lesion image.
    pub donor: &'a [f32],
    /// T applied to the brain mask of I_L.
    pub donor_brain: &'a [f32],
    /// T(M_L), the registered lesion mask.
    pub lesion: &'a [f32],
}

/// The pasted image before [`Contrast::gain`], and its lesion mask.
#[derive(Debug)]
pub(super) struct Blend {
    pub image: Vec<f32>,
    pub mask: Vec<bool>,
}

/// Standard deviation of the lesion's soft edge, in units of 1/128 of the longer side: pixels of an image of 128.
const EDGE: f64 = 0.7;
/// Standard deviation of the surroundings that a lesion's contrast is measured against, in the same unit.
const SURROUNDINGS: f64 = 6.0;
/// Area of the smallest component of a lesion, in squares of the same unit. A smaller one would vanish in its soft edge: it
/// would be in the mask and invisible in the image.
const SPECK: f64 = 5.0;
/// Quantile of a T1 image's brain values that is taken as the intensity of white matter.
const WHITE_MATTER: f64 = 0.85;
/// Below this fraction of white matter a T1 image shows fluid; below this fraction of the median a FLAIR image does. In the
/// images that were measured, the centres of three classes (k-means) lie at 0.29, 0.64 and 0.96, and at 0.29, 0.91 and 1.16.
const FLUID: f32 = 0.4;

/// Computes Eq. 3; `None` where the two brains have no pixel in common.
pub(super) fn blend(layers: &Layers<'_>, contrast: Contrast) -> Option<Blend> {
    let unit = layers.size.0.max(layers.size.1) as f64 / 128.0;
    let shared: Vec<usize> =
        (0..layers.healthy.len()).filter(|&i| layers.brain[i] && layers.donor_brain[i] >= 0.5).collect();
    let white = share(&shared, layers.healthy, WHITE_MATTER)?;

    let thick = blur(layers.healthy, layers.size, EDGE * unit);
    let tissue = |i: usize| layers.brain[i] && thick[i] >= FLUID * white;
    let mut mask = vec![false; layers.healthy.len()];
    shared.iter().for_each(|&i| mask[i] = tissue(i) && layers.lesion[i] >= 0.5);
    let mask = without_specks(&mask, layers.size, (SPECK * unit * unit).ceil() as usize);
    let hard: Vec<f32> = mask.iter().map(|&lesion| f32::from(u8::from(lesion))).collect();
    let soft = blur(&hard, layers.size, EDGE * unit);

    let value: Box<dyn Fn(usize) -> f32> = match contrast {
        Contrast::Matched => {
            let of = |values: &'_ [f32]| shared.iter().map(|&i| values[i]).collect::<Vec<_>>().into_iter();
            let matching = Matching::new(of(layers.donor), of(layers.healthy))?;
            Box::new(move |i| matching.map(layers.donor[i]))
        }
        Contrast::Carried => {
            let relative = relative(layers, &shared, SURROUNDINGS * unit)?;
            Box::new(move |i| (white * relative[i]).min(1.0 / contrast.gain()))
        }
    };
    let blended = |i: usize| match soft[i] {
        weight if weight > 0.0 && tissue(i) => value(i) * weight + layers.healthy[i] * (1.0 - weight),
        _ => layers.healthy[i],
    };
    Some(Blend { image: (0..mask.len()).map(blended).collect(), mask })
}

/// T(I_L) divided by the mean of the tissue around each pixel, without lesion and fluid: a normalised convolution (Knutsson and
/// Westin 1993). The result is 1 where there is no such tissue near. `None` where `shared` is empty.
fn relative(layers: &Layers<'_>, shared: &[usize], sigma: f64) -> Option<Vec<f32>> {
    let median = share(shared, layers.donor, 0.5)?;
    let (mut values, mut weights) = (vec![0.0; layers.donor.len()], vec![0.0; layers.donor.len()]);
    for &i in shared {
        if layers.lesion[i] < 0.1 && layers.donor[i] > FLUID * median {
            (values[i], weights[i]) = (layers.donor[i], 1.0);
        }
    }
    let (values, weights) = (blur(&values, layers.size, sigma), blur(&weights, layers.size, sigma));
    let relative = |i: usize| match values[i] > 1e-4 {
        true => layers.donor[i] * weights[i] / values[i],
        false => 1.0,
    };
    Some((0..layers.donor.len()).map(relative).collect())
}

/// The quantile at `share` of the values at those pixels; `None` without pixels.
fn share(pixels: &[usize], values: &[f32], share: f64) -> Option<f32> {
    let mut values: Vec<f32> = pixels.iter().map(|&i| values[i]).collect();
    values.sort_unstable_by(f32::total_cmp);
    (!values.is_empty()).then(|| quantile(&values, share))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (64, 64);
    const PIXELS: usize = 64 * 64;

    fn distance(pixel: usize, row: f32, column: f32) -> f32 {
        ((pixel / 64) as f32 - row).hypot((pixel % 64) as f32 - column)
    }

    fn plane(value: impl Fn(usize) -> f32) -> Vec<f32> {
        (0..PIXELS).map(value).collect()
    }

    /// Blends a brain of white matter (0.9) with a ventricle (0.2) as I, and a brain of 0.5 with a lesion of 0.7 as I_L.
    fn check(contrast: Contrast, test: impl Fn(&Layers<'_>, &Blend)) {
        let brain: Vec<bool> = (0..PIXELS).map(|i| distance(i, 32.0, 32.0) < 28.0).collect();
        let inside = plane(|i| f32::from(u8::from(brain[i])));
        let healthy = plane(|i| if distance(i, 32.0, 44.0) < 6.0 { 0.2 } else { 0.9 * inside[i] });
        let lesion = plane(|i| f32::from(u8::from(distance(i, 32.0, 34.0) < 8.0)));
        let donor = plane(|i| inside[i] * (0.5 + 0.2 * lesion[i]));
        let layers = Layers {
            size: SIZE,
            healthy: &healthy,
            brain: &brain,
            donor: &donor,
            donor_brain: &inside,
            lesion: &lesion,
        };
        test(&layers, &blend(&layers, contrast).unwrap());
    }

    #[test]
    fn a_carried_lesion_keeps_its_contrast_to_its_surroundings() {
        check(Contrast::Carried, |layers, blend| {
            let middle = 32 * 64 + 32;
            assert!((blend.image[middle] - 0.9 * 0.7 / 0.5).abs() < 1e-3, "{}", blend.image[middle]);
            assert!(blend.image.iter().all(|&value| value <= 1.0 / Contrast::Carried.gain()));
            for i in (0..PIXELS).filter(|&i| distance(i, 32.0, 34.0) > 12.0) {
                assert_eq!(blend.image[i], layers.healthy[i], "far from the lesion nothing changes");
            }
        });
    }

    #[test]
    fn nothing_is_pasted_into_fluid_or_outside_the_brain() {
        check(Contrast::Carried, |layers, blend| {
            let ventricle = 32 * 64 + 41;
            assert!(layers.lesion[ventricle] == 1.0 && !blend.mask[ventricle]);
            assert_eq!(blend.image[ventricle], layers.healthy[ventricle]);
            assert!(blend.mask[32 * 64 + 30] && blend.mask.iter().zip(layers.lesion).all(|(&m, &l)| !m || l == 1.0));
        });
    }

    #[test]
    fn a_matched_lesion_is_as_bright_as_what_is_brightest() {
        check(Contrast::Matched, |_, blend| assert!((blend.image[32 * 64 + 32] - 0.9).abs() < 1e-6));
    }

    #[test]
    fn brains_that_do_not_meet_give_nothing() {
        let (values, nowhere) = (vec![0.5; PIXELS], vec![0.0; PIXELS]);
        let layers = Layers {
            size: SIZE,
            healthy: &values,
            brain: &[true; PIXELS],
            donor: &values,
            donor_brain: &nowhere,
            lesion: &values,
        };
        assert!(blend(&layers, Contrast::Matched).is_none() && blend(&layers, Contrast::Carried).is_none());
    }
}
