//! A Gaussian along one axis.

/// The weights exp(-x^2 / (2 sigma^2)) at x = -radius to radius pixels; 1 in the middle, the same on both sides.
///
/// `sigma` is the standard deviation in pixels, above 0. The weights are not normalised, because the callers add them up
/// in different orders and precisions.
pub fn gaussian(sigma: f64, radius: usize) -> Vec<f64> {
    (0..=2 * radius).map(|i| (-0.5 * ((i as f64 - radius as f64) / sigma).powi(2)).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::gaussian;

    /// Closed forms: neighbours of a Gaussian with sigma 2 fall by exp(-1 / 8), and the weight at sigma is exp(-1 / 2).
    #[test]
    fn weights_are_those_of_the_formula() {
        let weights = gaussian(2.0, 6);
        assert_eq!(weights.len(), 13);
        assert_eq!(weights[6], 1.0);
        assert_eq!(weights[7], (-0.125_f64).exp());
        assert_eq!(weights[8], (-0.5_f64).exp());
        assert!((0..=6).all(|x| weights[6 - x] == weights[6 + x]), "{weights:?}");
        assert_eq!(gaussian(0.75, 0), [1.0]);
    }

    /// The integral of exp(-x^2 / (2 sigma^2)) is sigma sqrt(2 pi); sums over whole x come to it within 1e-15 from sigma 2 on
    /// (Poisson's summation formula: the error falls with exp(-2 pi^2 sigma^2)).
    #[test]
    fn weights_add_up_to_the_integral() {
        for sigma in [2.0, 3.5, 10.0] {
            let sum: f64 = gaussian(sigma, (9.0 * sigma) as usize).iter().sum();
            assert!((sum / (sigma * std::f64::consts::TAU.sqrt()) - 1.0).abs() < 1e-14, "{sigma}: {sum}");
        }
    }
}
