//! Scaled dot-product attention (Vaswani et al. 2017, Eq. 1) as ONNX's `Attention` has it.

use super::Inputs;
use crate::graph::array::Kind;
use crate::graph::operator::Attention;
use crate::{Result, Tensor};

/// Inputs queries, keys, values, and a mask or nothing.
pub(super) fn attention(attention: &Attention, inputs: &Inputs) -> Result<Tensor> {
    let [q, k, v] = [0, 1, 2].map(|index| inputs.float(index));
    let (q, k, v) = (q?, k?, v?);
    let flat = q.shape().len() == 3;
    // (N, T, heads D) as (N, heads, T, D).
    let apart = |x: &Tensor, heads: Option<usize>| match (x.shape()[..].to_vec().as_slice(), heads) {
        (&[n, t, wide], Some(heads)) if heads > 0 && wide % heads == 0 => {
            x.reshape(&[n, t, heads, wide / heads])?.permute(&[0, 2, 1, 3])
        }
        (&[_, _, _, _], _) => Ok(x.clone()),
        (shape, _) => Err(inputs.refused(format!("a value of shape {shape:?}, expected (N, heads, T, D)"))),
    };
    let (q, k, v) = (apart(&q, attention.heads[0])?, apart(&k, attention.heads[1])?, apart(&v, attention.heads[1])?);
    let ([n, heads, tokens, depth], [_, key_heads, keys, _]) =
        (q.image_shape(inputs.name)?, k.image_shape(inputs.name)?);
    if heads != key_heads {
        return Err(inputs.refused(format!("{heads} heads of queries and {key_heads} of keys, expected as many")));
    }
    let scale = attention.scale.unwrap_or(1.0 / (depth as f32).sqrt());
    let mut scores = q.affine(scale, 0.0)?.matrix_multiply(&k.permute(&[0, 1, 3, 2])?)?;
    let mut seen_at: Option<Tensor> = None;
    let mut see = |mask: &Tensor| -> Result<()> {
        let both = seen_at.as_ref().map_or(Ok(mask.clone()), |seen| seen.multiply(mask))?;
        seen_at = Some(both);
        Ok(())
    };
    let hidden = |mask: &Tensor| mask.affine(-f32::MAX, f32::MAX)?.affine(-1.0, 0.0);
    if let Some(mask) = inputs.get(3) {
        let kind = mask.kind();
        let mask = inputs.tensor(3)?;
        if kind != Kind::Float {
            see(&mask)?;
        }
        scores = scores.add(&if kind == Kind::Float { mask } else { hidden(&mask)? })?;
    }
    if attention.causal {
        let seen = |at: usize| if at % keys <= at / keys { 1.0 } else { 0.0 };
        let mask = Tensor::from_data(inputs.device, &[tokens, keys], (0..tokens * keys).map(seen).collect())?;
        see(&mask)?;
        scores = scores.add(&hidden(&mask)?)?;
    }
    let mut shares = scores.softmax(3)?;
    if let Some(seen) = seen_at {
        // A token that sees none takes nothing from any.
        shares = shares.multiply(&seen)?;
    }
    let made = shares.matrix_multiply(&v)?;
    if !flat {
        return Ok(made);
    }
    let wide = heads * made.shape()[3];
    made.permute(&[0, 2, 1, 3])?.reshape(&[n, tokens, wide])
}
