//! Scaling, clipping, nonlinearities, and their gradients.

use crate::ReluRule;
use crate::kernels::Nonlinearity;
use crate::kernels::cpu::instructions::Instructions;
use crate::kernels::cpu::{nonlinearity, rectify};
use lacuna_tests::precision::{Exact, Poisoned, config, numbers, within};
use proptest::prelude::*;

/// Around the lengths of registers and of the part that one task computes.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 1..=70_usize, 1 => (1 << 14) - 2..=(1 << 14) + 2_usize]
}

pub(crate) fn function() -> impl Strategy<Value = Nonlinearity> {
    prop_oneof![
        (-2.0..0.5_f32, 0.5..6.0_f32).prop_map(|(low, high)| Nonlinearity::Clip { low, high }),
        Just(Nonlinearity::Clip { low: 0.0, high: 6.0 }),
        (0.05..1.0_f32, -0.5..1.0_f32).prop_map(|(slope, offset)| Nonlinearity::HardSigmoid { slope, offset }),
        Just(Nonlinearity::HardSwish),
        (-0.5..1.5_f32).prop_map(|slope| Nonlinearity::LeakyRelu { slope }),
        Just(Nonlinearity::Sigmoid),
        Just(Nonlinearity::Silu),
        (0.5..1.5_f32, 0.5..2.0_f32, 0.5..2.0_f32).prop_map(|(scale, alpha, rate)| Nonlinearity::Elu {
            scale,
            alpha,
            rate
        }),
        any::<bool>().prop_map(|by_tanh| Nonlinearity::Gelu { by_tanh }),
        Just(Nonlinearity::Mish),
        Just(Nonlinearity::Softplus),
        Just(Nonlinearity::Softsign),
        (0.5..2.0_f32).prop_map(|alpha| Nonlinearity::Swish { alpha }),
        (0.1..1.0_f32).prop_map(|alpha| Nonlinearity::ThresholdedRelu { alpha }),
    ]
}

/// Value and slope of `function` at x; the slope of the flat part where two meet.
pub(crate) fn definition(function: Nonlinearity, x: f64) -> [f64; 2] {
    let inside = |x: f64, low: f64, high: f64, slope: f64| if x > low && x < high { slope } else { 0.0 };
    match function {
        Nonlinearity::Clip { low, high } => {
            let (low, high) = (f64::from(low), f64::from(high));
            [x.clamp(low, high), inside(x, low, high, 1.0)]
        }
        Nonlinearity::HardSigmoid { slope, offset } => {
            let (slope, line) = (f64::from(slope), f64::from(slope) * x + f64::from(offset));
            [line.clamp(0.0, 1.0), inside(line, 0.0, 1.0, slope)]
        }
        Nonlinearity::HardSwish => {
            let slope = if x <= -3.0 {
                0.0
            } else if x >= 3.0 {
                1.0
            } else {
                x / 3.0 + 0.5
            };
            [x * (x / 6.0 + 0.5).clamp(0.0, 1.0), slope]
        }
        Nonlinearity::LeakyRelu { slope } => {
            let slope = if x > 0.0 { 1.0 } else { f64::from(slope) };
            [slope * x, slope]
        }
        Nonlinearity::Sigmoid => {
            let y = 1.0 / (1.0 + (-x).exp());
            [y, y * (1.0 - y)]
        }
        Nonlinearity::Silu => {
            let y = 1.0 / (1.0 + (-x).exp());
            [x * y, y * (1.0 + x * (1.0 - y))]
        }
        Nonlinearity::ThresholdedRelu { alpha } => {
            let open = if x > f64::from(alpha) { 1.0 } else { 0.0 };
            [open * x, open]
        }
        smooth => {
            // The slope by a difference of the definition, good to 1e-9.
            let step = 1e-5;
            let y = |x: f64| curve(smooth, x);
            [y(x), (8.0 * (y(x + step) - y(x - step)) - y(x + 2.0 * step) + y(x - 2.0 * step)) / (12.0 * step)]
        }
    }
}

/// Curves as their papers write them.
fn curve(function: Nonlinearity, x: f64) -> f64 {
    match function {
        Nonlinearity::Elu { scale, alpha, rate } => {
            let [scale, alpha, rate] = [scale, alpha, rate].map(f64::from);
            scale * if x > 0.0 { x } else { alpha * ((rate * x).exp() - 1.0) }
        }
        Nonlinearity::Gelu { by_tanh: false } => 0.5 * x * (1.0 + libm::erf(x / 2.0_f64.sqrt())),
        Nonlinearity::Gelu { by_tanh: true } => {
            0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
        }
        Nonlinearity::Mish => x * x.exp().ln_1p().tanh(),
        Nonlinearity::Softplus => x.exp().ln_1p(),
        Nonlinearity::Softsign => x / (1.0 + x.abs()),
        Nonlinearity::Swish { alpha } => x / (1.0 + (-f64::from(alpha) * x).exp()),
        _ => f64::NAN,
    }
}

/// How far x is from where a nonlinearity bends, in single precision.
pub(crate) fn bends_near(function: Nonlinearity, x: f32) -> bool {
    let near = |bend: f32| (x - bend).abs() < 1e-5 * (1.0 + bend.abs());
    match function {
        Nonlinearity::HardSigmoid { slope, offset } => near(-offset / slope) || near((1.0 - offset) / slope),
        // Differences of the definition must not reach over the bend.
        Nonlinearity::Elu { .. } | Nonlinearity::Softsign => x.abs() < 1e-3,
        Nonlinearity::ThresholdedRelu { alpha } => near(alpha),
        _ => false,
    }
}

#[test]
fn random_numbers_follow_the_definition() {
    proptest!(config(), |(function in function(), length in length(), scale in 0.1..12.0_f32, seed: u64)| {
        let x: Vec<f32> = numbers(length, seed).into_iter().map(|x| scale * x).collect();
        let x: Vec<f32> = x.into_iter().map(|x| if bends_near(function, x) { x + 0.01 } else { x }).collect();
        let slopes = numbers(length, seed ^ 1);
        let expected = |x: &f32| definition(function, f64::from(*x));
        // A few roundings on numbers of the size of x, of 1, and of the result: eight terms bound them.
        let y: Vec<Exact> = x.iter().map(|x| Exact::of(expected(x)[0], expected(x)[0].abs().max(bent(function, *x)), 8)).collect();
        let gradient: Vec<Exact> = x
            .iter()
            .zip(&slopes)
            .map(|(x, slope)| {
                let [_, steepness] = expected(x);
                let size = f64::from(slope.abs()) * (1.0 + f64::from(x.abs()));
                Exact::of(f64::from(*slope) * steepness, size, 8)
            })
            .collect();
        let given = Poisoned::new(&x);
        let found = nonlinearity::apply(function, given.numbers());
        within(&found, &y)?;
        let kept = if function.keeps_input() { given } else { Poisoned::new(&found) };
        let slopes = Poisoned::new(&slopes);
        within(&nonlinearity::gradient(function, slopes.numbers(), kept.numbers()), &gradient)?;
    });
}

/// The size of what is rounded on the way, where that may be larger than the result.
fn bent(function: Nonlinearity, x: f32) -> f64 {
    match function {
        Nonlinearity::HardSigmoid { slope, offset } => f64::from((slope * x).abs() + offset.abs()),
        // Functions that are 1 or x less what is nearly as much.
        Nonlinearity::HardSwish | Nonlinearity::Elu { .. } | Nonlinearity::Gelu { .. } | Nonlinearity::Mish => {
            f64::from(x.abs()).max(1e-6)
        }
        _ => 0.0,
    }
}

#[test]
fn a_sigmoid_is_exact_to_the_last_digits_and_hides_no_nan() {
    let x: Vec<f32> = (-880..=1000).map(|x| x as f32 * 0.1).collect();
    for (x, y) in x.iter().zip(nonlinearity::apply(Nonlinearity::Sigmoid, &x)) {
        let expected = 1.0 / (1.0 + (-f64::from(*x)).exp());
        assert!((f64::from(y) - expected).abs() <= 4e-7 * expected, "{x}: {y}, expected {expected}");
    }
    let ends = nonlinearity::apply(Nonlinearity::Sigmoid, &[f32::NEG_INFINITY, -1e4, 1e4, f32::INFINITY, f32::NAN]);
    assert_eq!(ends[..4], [0.0, 0.0, 1.0, 1.0]);
    assert!(ends[4].is_nan());
}

#[test]
fn where_two_slopes_meet_the_flat_one_counts() {
    let clip = Nonlinearity::Clip { low: 0.0, high: 6.0 };
    assert_eq!(nonlinearity::gradient(clip, &[1.0; 3], &[0.0, 3.0, 6.0]), [0.0, 1.0, 0.0]);
    assert_eq!(nonlinearity::gradient(Nonlinearity::HardSwish, &[1.0; 2], &[-3.0, 3.0]), [0.0, 1.0]);
}

#[test]
fn a_scale_a_shift_and_a_relu_follow_the_definition() {
    proptest!(config(), |(planes in 1..=5_usize, plane in 1..=70_usize, channels in 1..=4_usize, seed: u64)| {
        let channels = channels.min(planes);
        let planes = planes.next_multiple_of(channels);
        let x = numbers(planes * plane, seed);
        let (scale, shift) = (numbers(channels, seed ^ 1), numbers(channels, seed ^ 2));
        let slopes = numbers(x.len(), seed ^ 3);
        let channel = |index: usize| index / plane % channels;
        let line = |index: usize| f64::from(scale[channel(index)]) * f64::from(x[index]) + f64::from(shift[channel(index)]);
        // Product and sum are rounded once together.
        let y: Vec<Exact> = (0..x.len()).map(|index| Exact::of(line(index).max(0.0), line(index).max(0.0), 0)).collect();
        for instructions in Instructions::available() {
            let given = Poisoned::new(&x);
            let found = rectify::scale_shift_relu(given.numbers(), &scale, &shift, plane, instructions);
            within(&found, &y)?;
            for rule in [ReluRule::Plain, ReluRule::Guided, ReluRule::Deconvolution] {
                let (slopes, kept) = (Poisoned::new(&slopes), Poisoned::new(&found));
                let gradient = rectify::gradient(slopes.numbers(), kept.numbers(), Some(&scale), plane, rule);
                let expected: Vec<f32> = (0..x.len()).map(|index| {
                    let (slope, open) = (slopes.numbers()[index], found[index] > 0.0);
                    let passes = match rule {
                        ReluRule::Plain => open,
                        ReluRule::Guided => open && slope > 0.0,
                        ReluRule::Deconvolution => slope > 0.0,
                    };
                    if passes { scale[channel(index)] * slope } else { 0.0 }
                }).collect();
                prop_assert_eq!(gradient, expected);
            }
        }
    });
}
