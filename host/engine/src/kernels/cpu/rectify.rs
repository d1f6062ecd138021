//! Scaling, clipping at zero, and the gradients of both, plane by plane.

use super::instructions::Instructions;
use crate::kernels::nonlinearity::ReluRule;
use rayon::prelude::*;

/// relu(scale x + shift) for planes of `plane` numbers; channel c of the planes has scale c.
pub(crate) fn scale_shift_relu(
    x: &[f32],
    scale: &[f32],
    shift: &[f32],
    plane: usize,
    instructions: Instructions,
) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    out.par_chunks_mut(plane).zip(x.par_chunks(plane)).enumerate().for_each(|(index, (out, x))| {
        let (scale, shift) = (scale[index % scale.len()], shift[index % shift.len()]);
        line(out, x, scale, shift, instructions);
    });
    out
}

/// One plane. The product is not rounded: near the point where a ReLU opens it almost cancels with the shift.
fn line(out: &mut [f32], x: &[f32], scale: f32, shift: f32, instructions: Instructions) {
    #[cfg(target_arch = "x86_64")]
    if instructions != Instructions::Portable {
        // SAFETY: `Instructions::available` makes both other variants only where it has seen AVX2 and FMA.
        return unsafe { fused_line(out, x, scale, shift) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let Instructions::Portable = instructions;
    let (scale, shift) = (f64::from(scale), f64::from(shift));
    for (out, x) in out.iter_mut().zip(x) {
        *out = clipped((scale * f64::from(*x) + shift) as f32);
    }
}

/// The same with one instruction for product and sum.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused_line(out: &mut [f32], x: &[f32], scale: f32, shift: f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = clipped(scale.mul_add(*x, shift));
    }
}

/// A comparison, because `max` would turn a NaN into 0 and hide it.
#[inline(always)]
fn clipped(y: f32) -> f32 {
    if y < 0.0 { 0.0 } else { y }
}

/// What of `gradient` passes a ReLU whose output was `output`, times the scale before it.
pub(crate) fn gradient(
    gradient: &[f32],
    output: &[f32],
    scale: Option<&[f32]>,
    plane: usize,
    rule: ReluRule,
) -> Vec<f32> {
    let mut out = vec![0.0; gradient.len()];
    let parts = out.par_chunks_mut(plane).zip(gradient.par_chunks(plane)).zip(output.par_chunks(plane));
    parts.enumerate().for_each(|(index, ((out, gradient), output))| {
        let scale = scale.map_or(1.0, |scale| scale[index % scale.len()]);
        match rule {
            ReluRule::Plain => pass(out, gradient, output, scale, |_, output| output > 0.0),
            ReluRule::Guided => {
                pass(out, gradient, output, scale, |gradient, output| (output > 0.0) & (gradient > 0.0));
            }
            ReluRule::Deconvolution => pass(out, gradient, output, scale, |gradient, _| gradient > 0.0),
        }
    });
    out
}

/// One plane, for a rule that the loop does not ask for again and without a branch on the numbers: on a noisy image that
/// took five times as long.
#[inline(always)]
fn pass(out: &mut [f32], gradient: &[f32], output: &[f32], scale: f32, open: impl Fn(f32, f32) -> bool) {
    for ((out, gradient), output) in out.iter_mut().zip(gradient).zip(output) {
        let scaled = scale * gradient;
        *out = if open(*gradient, *output) { scaled } else { 0.0 };
    }
}
