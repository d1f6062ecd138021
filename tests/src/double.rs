//! Reference maps in double precision for the network whose golden maps, in single precision, depend on a ReLU that opened by
//! rounding.
//!
//! `data/densenet121_double.py` made them, and explains how 64 random sums estimate a distance.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use serde_json::Value;
use std::sync::LazyLock;

const MODEL: &str = "densenet121_torchvision_untrained";

static MAPS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/densenet121_double.json")).unwrap());

/// Asserts that a map equals its golden map (`error` is the relative L2 distance) or the one in double precision, to within 1e-3.
/// The ReLUs that open by rounding depend on the order of sums, in PyTorch as here.
///
/// # Panics
/// When the map equals neither.
pub fn near(model: &str, map: &str, found: &[f32], error: f64) {
    println!("{model} {map}: relative L2 error {error:.1e}");
    if error < 1e-3 {
        return;
    }
    let exact = MAPS.get(map).filter(|_| model == MODEL).map(|exact| distance(exact, found));
    println!("{model} {map}: from double precision {exact:?}");
    assert!(exact.is_some_and(|exact| exact < 1e-3), "{model} {map}: relative L2 error {error}, from double {exact:?}");
}

/// The relative L2 distance of two maps, estimated from random sums: the mean square of the sums' differences is the square of
/// the maps' distance (Johnson and Lindenstrauss 1984).
fn distance(exact: &Value, found: &[f32]) -> f64 {
    let sums = exact["sums"].as_array().unwrap();
    let square = |(seed, sum): (usize, &Value)| {
        let found: f64 = found.iter().enumerate().map(|(i, x)| sign(seed as u64, i as u64) * f64::from(*x)).sum();
        (found - sum.as_f64().unwrap()).powi(2)
    };
    let mean = sums.iter().enumerate().map(square).sum::<f64>() / sums.len() as f64;
    mean.sqrt() / exact["length"].as_f64().unwrap()
}

/// The highest bit of draw `index` of SplitMix64 (Steele, Lea and Flood 2014).
fn sign(seed: u64, index: u64) -> f64 {
    let z = seed.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    if (z ^ (z >> 31)) >> 63 == 1 { 1.0 } else { -1.0 }
}
