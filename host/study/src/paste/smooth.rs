//! A Gaussian blur.

use lacuna_numeric::gaussian;

/// Blurs one plane of `height` x `width` values by a Gaussian of standard deviation `sigma` pixels, cut off at 3 sigma; what
/// lies outside counts as 0.
pub(crate) fn blur(values: &[f32], (height, width): (usize, usize), sigma: f64) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as usize;
    let weights = gaussian(sigma, radius);
    // One side, twice: this order of the sum is part of the result.
    let total = weights[radius] + 2.0 * weights[radius + 1..].iter().sum::<f64>();
    let kernel: Vec<f32> = weights.iter().map(|weight| (weight / total) as f32).collect();
    let mut wide = vec![0.0; values.len()];
    for (from, to) in values.chunks_exact(width).zip(wide.chunks_exact_mut(width)) {
        for (column, to) in to.iter_mut().enumerate() {
            let (first, end) = (column.saturating_sub(radius), (column + radius + 1).min(width));
            let weights = &kernel[first + radius - column..];
            *to = from[first..end].iter().zip(weights).map(|(value, weight)| value * weight).sum();
        }
    }
    let mut both = vec![0.0; values.len()];
    for row in 0..height {
        let to = &mut both[row * width..(row + 1) * width];
        for other in row.saturating_sub(radius)..(row + radius + 1).min(height) {
            let weight = kernel[other + radius - row];
            let from = &wide[other * width..(other + 1) * width];
            to.iter_mut().zip(from).for_each(|(to, from)| *to += weight * from);
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::blur;

    #[test]
    fn a_point_becomes_a_gaussian() {
        let mut point = vec![0.0; 21 * 21];
        point[10 * 21 + 10] = 1.0;
        let blurred = blur(&point, (21, 21), 2.0);
        assert!((blurred.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        // Neighbours of a Gaussian with sigma 2 fall by exp(-1 / 8) and, three to the side, by exp(-9 / 8).
        for (offset, ratio) in [(1, (-0.125_f32).exp()), (3, (-1.125_f32).exp())] {
            assert!((blurred[10 * 21 + 10 + offset] / blurred[10 * 21 + 10] - ratio).abs() < 1e-5);
            assert_eq!(blurred[(10 + offset) * 21 + 10], blurred[10 * 21 + 10 - offset]);
        }
    }

    #[test]
    fn outside_is_0() {
        let blurred = blur(&[1.0; 40], (1, 40), 1.0);
        assert!((blurred[20] - 0.399_05).abs() < 1e-3, "one row loses what lies above and below: {}", blurred[20]);
        assert!((blurred[0] - 0.5 * blurred[20] * (1.0 + 0.399_05)).abs() < 1e-3, "{}", blurred[0]);
    }
}
