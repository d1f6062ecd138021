//! Scaling, clipping at zero, and the gradients of both, plane by plane.

use crate::ReluRule;
use rayon::prelude::*;

/// relu(scale x + shift) for planes of `plane` numbers; channel c of the planes has scale c.
pub(crate) fn scale_shift_relu(x: &[f32], scale: &[f32], shift: &[f32], plane: usize) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    out.par_chunks_mut(plane).zip(x.par_chunks(plane)).enumerate().for_each(|(index, (out, x))| {
        let (scale, shift) = (scale[index % scale.len()], shift[index % shift.len()]);
        for (out, x) in out.iter_mut().zip(x) {
            // A comparison, because `max` would turn a NaN into 0 and hide it.
            let y = scale * x + shift;
            *out = if y < 0.0 { 0.0 } else { y };
        }
    });
    out
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
        for ((out, gradient), output) in out.iter_mut().zip(gradient).zip(output) {
            let open = match rule {
                ReluRule::Plain => *output > 0.0,
                ReluRule::Guided => *output > 0.0 && *gradient > 0.0,
                ReluRule::Deconvolution => *gradient > 0.0,
            };
            *out = if open { scale * gradient } else { 0.0 };
        }
    });
    out
}
