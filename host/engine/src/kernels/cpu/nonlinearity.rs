//! Nonlinearities and their gradients, several numbers at a time and on every core.

use crate::kernels::nonlinearity::Nonlinearity;
use rayon::prelude::*;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use wide::f32x8;

/// Numbers that one task computes.
const PART: usize = 1 << 14;

/// `function` of each number.
pub(crate) fn apply(function: Nonlinearity, x: &[f32]) -> Vec<f32> {
    match function {
        Nonlinearity::Clip { low, high } => each(x, move |x| clip(x, low, high)),
        Nonlinearity::HardSigmoid { slope, offset } => each(x, move |x| clip(slope * x + offset, 0.0, 1.0)),
        Nonlinearity::HardSwish => each(x, |x| x * clip(x * (1.0 / 6.0) + 0.5, 0.0, 1.0)),
        Nonlinearity::LeakyRelu { slope } => each(x, move |x| if x < 0.0 { slope * x } else { x }),
        Nonlinearity::Sigmoid => eights([x], |[x]| sigmoid(x)),
        Nonlinearity::Silu => eights([x], |[x]| x * sigmoid(x)),
        _ => each(x, move |x| curve(function, f64::from(x))[0] as f32),
    }
}

/// `gradient` times the slope of `function` where its input, or output, was `kept`.
pub(crate) fn gradient(function: Nonlinearity, gradient: &[f32], kept: &[f32]) -> Vec<f32> {
    match function {
        Nonlinearity::Clip { low, high } => {
            pairs(gradient, kept, move |g, y| if (y > low) & (y < high) { g } else { 0.0 })
        }
        Nonlinearity::HardSigmoid { slope, .. } => {
            pairs(gradient, kept, move |g, y| if (y > 0.0) & (y < 1.0) { slope * g } else { 0.0 })
        }
        Nonlinearity::HardSwish => pairs(gradient, kept, |g, x| {
            let rising = if x > -3.0 { x * (1.0 / 3.0) + 0.5 } else { 0.0 };
            g * if x < 3.0 { rising } else { 1.0 }
        }),
        Nonlinearity::LeakyRelu { slope } => pairs(gradient, kept, move |g, x| if x > 0.0 { g } else { slope * g }),
        Nonlinearity::Sigmoid => pairs(gradient, kept, |g, y| g * (y * (1.0 - y))),
        Nonlinearity::Silu => eights([gradient, kept], |[g, x]| {
            let y = sigmoid(x);
            g * (y * (f32x8::ONE + x * (f32x8::ONE - y)))
        }),
        _ => pairs(gradient, kept, move |g, x| (f64::from(g) * curve(function, f64::from(x))[1]) as f32),
    }
}

/// Value and slope at x of the functions that are computed number by number, in double precision.
fn curve(function: Nonlinearity, x: f64) -> [f64; 2] {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    match function {
        Nonlinearity::Elu { scale, alpha, rate } => {
            let [scale, alpha, rate] = [scale, alpha, rate].map(f64::from);
            if x > 0.0 {
                [scale * x, scale]
            } else {
                [scale * alpha * (rate * x).exp_m1(), scale * alpha * rate * (rate * x).exp()]
            }
        }
        Nonlinearity::Gelu { by_tanh: false } => {
            let share = 0.5 * libm::erfc(-x * FRAC_1_SQRT_2);
            [x * share, share + x * (-0.5 * x * x).exp() * 0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI]
        }
        Nonlinearity::Gelu { by_tanh: true } => {
            let scale = FRAC_1_SQRT_2 * FRAC_2_SQRT_PI;
            let tanh = (scale * (x + 0.044_715 * x * x * x)).tanh();
            let inner = scale * (1.0 + 3.0 * 0.044_715 * x * x);
            [0.5 * x * (1.0 + tanh), 0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner]
        }
        Nonlinearity::Mish => {
            let tanh = softplus(x).tanh();
            [x * tanh, tanh + x * sigmoid(x) * (1.0 - tanh * tanh)]
        }
        Nonlinearity::Softplus => [softplus(x), sigmoid(x)],
        Nonlinearity::Softsign => [x / (1.0 + x.abs()), (1.0 + x.abs()).powi(-2)],
        Nonlinearity::Swish { alpha } => {
            let alpha = f64::from(alpha);
            let y = sigmoid(alpha * x);
            [x * y, y + alpha * x * y * (1.0 - y)]
        }
        Nonlinearity::ThresholdedRelu { alpha } if x > f64::from(alpha) => [x, 1.0],
        Nonlinearity::ThresholdedRelu { .. } => [0.0 * x, 0.0],
        // The other functions are computed several numbers at a time.
        _ => [f64::NAN; 2],
    }
}

/// Comparisons, because `clamp` and `max` would turn a NaN into a limit and hide it.
#[inline(always)]
fn clip(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[inline(always)]
fn sigmoid(x: f32x8) -> f32x8 {
    f32x8::ONE / (f32x8::ONE + (-x).exp())
}

fn each(x: &[f32], function: impl Fn(f32) -> f32 + Copy + Sync) -> Vec<f32> {
    pairs(x, x, move |x, _| function(x))
}

fn pairs(x: &[f32], y: &[f32], function: impl Fn(f32, f32) -> f32 + Copy + Sync) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    let parts = out.par_chunks_mut(PART).zip(x.par_chunks(PART)).zip(y.par_chunks(PART));
    parts.for_each(|((out, x), y)| line(out, x, y, function));
    out
}

/// One part, with a function of its own, whose limits the compiler then keeps in registers while it writes.
#[inline(always)]
fn line(out: &mut [f32], x: &[f32], y: &[f32], function: impl Fn(f32, f32) -> f32) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = function(*x, *y);
    }
}

/// `function` of the numbers at each place, eight places at a time.
fn eights<const N: usize>(from: [&[f32]; N], function: impl Fn([f32x8; N]) -> f32x8 + Sync) -> Vec<f32> {
    let mut out = vec![0.0; from[0].len()];
    out.par_chunks_mut(PART).enumerate().for_each(|(part, out)| {
        let from = from.map(|from| from[part * PART..][..out.len()].as_chunks::<8>());
        let (out, out_rest) = out.as_chunks_mut::<8>();
        for (at, out) in out.iter_mut().enumerate() {
            *out = function(from.map(|(from, _)| f32x8::new(from[at]))).to_array();
        }
        let last = from.map(|(_, rest)| {
            let mut last = [0.0; 8];
            last[..rest.len()].copy_from_slice(rest);
            f32x8::new(last)
        });
        out_rest.copy_from_slice(&function(last).to_array()[..out_rest.len()]);
    });
    out
}
