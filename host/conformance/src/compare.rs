//! How alike two tensors are.

use crate::error::Result;
use lacuna_engine::Tensor;

/// Whether every bit is the same.
pub fn same_bytes(a: &Tensor, b: &Tensor) -> Result<bool> {
    let bits = |tensor: &Tensor| Ok::<_, lacuna_engine::Error>(tensor.read()?.into_iter().map(f32::to_bits));
    Ok(a.shape() == b.shape() && bits(a)?.eq(bits(b)?))
}

/// Relative L2 distance of `a` from `b`; 0 where both are 0.
pub fn distance(a: &Tensor, b: &Tensor) -> Result<f64> {
    let (a, b) = (a.read()?, b.read()?);
    let size = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let off = size(&mut a.iter().zip(&b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let whole = size(&mut b.iter().map(|b| f64::from(*b)));
    Ok(if off == 0.0 { 0.0 } else { off / whole.max(f64::MIN_POSITIVE) })
}

/// Pearson's correlation; 0 where one of the two is the same everywhere.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let centred = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        values.iter().map(|value| value - mean).collect::<Vec<f64>>()
    };
    let (a, b) = (centred(a), centred(b));
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let size = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if size == 0.0 { 0.0 } else { dot(&a, &b) / size }
}

/// Spearman's rank correlation.
pub fn rank_correlation(a: &[f32], b: &[f32]) -> f64 {
    correlation(&ranks(a), &ranks(b))
}

/// Ranks with ties at their mean.
fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        equal.iter().for_each(|&place| ranks[place] = before as f64 + (equal.len() as f64 - 1.0) / 2.0);
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_counts_ties() {
        // By hand: ranks (0, 1.5, 1.5, 3) against (3, 1.5, 1.5, 0).
        assert!((rank_correlation(&[1.0, 2.0, 2.0, 5.0], &[9.0, 3.0, 3.0, 1.0]) + 1.0).abs() < 1e-12);
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }
}
