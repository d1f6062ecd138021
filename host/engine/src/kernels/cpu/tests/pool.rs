//! Largest numbers of windows.

use super::geometry::{PoolCase, pooling};
use crate::kernels::MaxPool;
use crate::kernels::cpu::pool::{forward, gradient};
use lacuna_tests::precision::{Poisoned, config, numbers};
use proptest::prelude::*;

/// The largest number of each window of each plane, and the first place that has it, row by row.
pub(crate) fn definition(case: &PoolCase, x: &[f32]) -> Vec<(f32, usize)> {
    let (pool, size) = (&case.pool, case.size);
    let output = pool.output_size(size).unwrap();
    let mut found = Vec::new();
    for plane in 0..case.planes {
        for (row, column) in (0..output[0]).flat_map(|row| (0..output[1]).map(move |column| (row, column))) {
            let mut best: Option<usize> = None;
            for (ky, kx) in (0..pool.kernel[0]).flat_map(|ky| (0..pool.kernel[1]).map(move |kx| (ky, kx))) {
                let at_y = (row * pool.stride[0] + ky * pool.dilation[0]).checked_sub(pool.padding[0]);
                let at_x = (column * pool.stride[1] + kx * pool.dilation[1]).checked_sub(pool.padding[1]);
                let (Some(at_y), Some(at_x)) = (at_y, at_x) else { continue };
                let at = (plane * size[0] + at_y) * size[1] + at_x;
                if at_y < size[0] && at_x < size[1] && best.is_none_or(|best| x[at] > x[best]) {
                    best = Some(at);
                }
            }
            // A window between the image's pixels has no number, and no place that a gradient could go to.
            found.push(best.map_or((f32::NEG_INFINITY, usize::MAX), |best| (x[best], best)));
        }
    }
    found
}

#[test]
fn random_windows_follow_the_definition() {
    proptest!(config(), |(case in pooling())| {
        let output = case.pool.output_size(case.size).unwrap();
        // Few different numbers, so that windows hold their largest one twice.
        let x: Vec<f32> = numbers(case.planes * case.size[0] * case.size[1], case.seed)
            .into_iter()
            .map(|x| (4.5 * x).floor() - 20.0)
            .collect();
        let slopes = numbers(case.planes * output[0] * output[1], case.seed ^ 1);
        let windows = definition(&case, &x);
        let mut expected_slopes = vec![0.0; x.len()];
        for ((_, at), slope) in windows.iter().zip(&slopes) {
            if let Some(expected) = expected_slopes.get_mut(*at) {
                *expected += slope;
            }
        }
        let expected: Vec<f32> = windows.iter().map(|(number, _)| *number).collect();
        let (x, slopes) = (Poisoned::new(&x), Poisoned::new(&slopes));
        prop_assert_eq!(forward(&case.pool, x.numbers(), case.size, output), expected);
        let found = gradient(&case.pool, slopes.numbers(), x.numbers(), case.size, output);
        prop_assert_eq!(found, expected_slopes);
    });
}

#[test]
fn a_nan_reaches_every_window_that_holds_it() {
    let one = MaxPool { kernel: [1; 2], stride: [1; 2], padding: [0; 2], dilation: [1; 2], round_up: false };
    let x = [1.0, 2.0, f32::NAN, 3.0, 4.0, 5.0];
    let y = forward(&one, &x, [1, 6], [1, 6]);
    assert!(y[2].is_nan());
    let y = forward(&MaxPool { kernel: [1, 2], ..one }, &x, [1, 6], [1, 5]);
    assert!(y[1].is_nan() && y[2].is_nan());
    assert_eq!([y[0], y[3], y[4]], [2.0, 4.0, 5.0]);
}
