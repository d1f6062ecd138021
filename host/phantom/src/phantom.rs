//! One phantom: image, mask and label, from a seed and an index.

use crate::anatomy::{Anatomy, Point};
use crate::lesion::Lesion;
use crate::random::{Purpose, stream};
use crate::scanner::Scanner;

/// Rows and columns of every phantom.
pub const SIDE: usize = 96;

/// A made image and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Phantom {
    /// SIDE x SIDE brightnesses in [0, 1], row by row from the top left.
    pub image: Vec<f32>,
    /// 1 where the lesion is, 0 elsewhere; all 0 in a healthy phantom.
    pub mask: Vec<f32>,
    /// Whether there is a lesion; the classes are 0 healthy, 1 lesion.
    pub lesion: bool,
}

/// Phantom `index` of `seed`: even indices are healthy, odd ones have one lesion.
pub fn phantom(seed: u64, index: u64) -> Phantom {
    make(seed, index, index % 2 == 1)
}

/// The first `count` phantoms of `seed`.
pub fn phantoms(seed: u64, count: usize) -> impl Iterator<Item = Phantom> {
    (0..count as u64).map(move |index| phantom(seed, index))
}

/// The same head in the same scanner without the lesion.
pub fn healthy_twin(seed: u64, index: u64) -> Phantom {
    make(seed, index, false)
}

fn make(seed: u64, index: u64, lesion: bool) -> Phantom {
    let random = |purpose| stream(seed, index, purpose);
    let anatomy = points(&Anatomy::draw(&mut random(Purpose::Anatomy)));
    let scanner = Scanner::draw(&mut random(Purpose::Scanner));
    let mut brightness: Vec<f64> = anatomy.iter().map(|point| point.brightness).collect();
    let mut mask = vec![0.0; SIDE * SIDE];
    if lesion {
        let lesion = Lesion::draw(&mut random(Purpose::Lesion), &anatomy);
        for (i, point) in anatomy.iter().enumerate() {
            // Fluid stays dark, so the lesion ends where the tissue does.
            let share = point.tissue * lesion.at((i % SIDE) as f64, (i / SIDE) as f64);
            brightness[i] += lesion.contrast * share;
            mask[i] = if share >= 0.5 { 1.0 } else { 0.0 };
        }
    }
    Phantom { image: scanner.image(&brightness), mask, lesion }
}

fn points(anatomy: &Anatomy) -> Vec<Point> {
    (0..SIDE * SIDE).map(|i| anatomy.at((i % SIDE) as f64, (i / SIDE) as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_index_make_the_same_phantom_and_others_another() {
        assert_eq!(phantom(7, 3), phantom(7, 3));
        assert_ne!(phantom(7, 3).image, phantom(7, 5).image);
        assert_ne!(phantom(7, 3).image, phantom(8, 3).image);
        let listed: Vec<Phantom> = phantoms(7, 4).collect();
        assert_eq!(listed[3], phantom(7, 3));
    }

    #[test]
    fn half_have_a_lesion_and_all_values_are_in_range() {
        let made: Vec<Phantom> = phantoms(11, 60).collect();
        assert_eq!(made.iter().filter(|p| p.lesion).count(), 30);
        for p in &made {
            assert_eq!((p.image.len(), p.mask.len()), (SIDE * SIDE, SIDE * SIDE));
            assert!(p.image.iter().all(|v| (0.0..=1.0).contains(v)));
            assert!(p.mask.iter().all(|m| *m == 0.0 || *m == 1.0));
            assert_eq!(p.lesion, p.mask.contains(&1.0));
        }
    }

    #[test]
    fn the_lesion_lies_within_the_tissue() {
        for index in (1..400).step_by(2) {
            let anatomy = points(&Anatomy::draw(&mut stream(5, index, Purpose::Anatomy)));
            let mask = phantom(5, index).mask;
            let area = mask.iter().sum::<f32>();
            assert!((25.0..260.0).contains(&area), "phantom {index}: {area} pixels");
            for (point, m) in anatomy.iter().zip(&mask) {
                assert!(*m == 0.0 || (point.tissue >= 0.5 && point.depth > 0.0), "phantom {index}: {point:?}");
            }
        }
    }

    #[test]
    fn the_mask_is_where_phantom_and_healthy_twin_differ() {
        for index in (1..80).step_by(2) {
            let (ill, twin) = (phantom(9, index), healthy_twin(9, index));
            assert!(!twin.lesion && twin.mask.iter().all(|m| *m == 0.0));
            let differs: Vec<f32> = ill.image.iter().zip(&twin.image).map(|(a, b)| a - b).collect();
            let (inside, outside): (Vec<_>, Vec<_>) = differs.iter().zip(&ill.mask).partition(|(_, m)| **m == 1.0);
            let mean = |part: &[(&f32, &f32)]| part.iter().map(|(d, _)| d.abs()).sum::<f32>() / part.len() as f32;
            assert!(mean(&inside) > 0.12, "phantom {index}: {}", mean(&inside));
            assert!(mean(&outside) < 0.005, "phantom {index}: {}", mean(&outside));
        }
    }

    #[test]
    fn a_healthy_phantom_is_its_own_twin() {
        assert_eq!(phantom(9, 4), healthy_twin(9, 4));
    }
}
