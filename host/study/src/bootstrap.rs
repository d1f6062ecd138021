//! Confidence intervals of a statistic over many images by the percentile bootstrap (Efron and Tibshirani 1993, chapter 13).

use crate::random::SplitMix;
use crate::roc::Ranking;
use rayon::prelude::*;

/// Number of bootstrap resamples (draws of n items with replacement) behind each interval.
pub const RESAMPLES: usize = 2000;

/// A statistic and its 95 % confidence interval, all in the unit of the statistic.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Interval {
    /// The statistic of the items themselves.
    pub value: f64,
    /// Lower end: 2.5 % of the resamples are lower.
    pub low: f64,
    /// Upper end: 2.5 % of the resamples are higher.
    pub high: f64,
}

/// The mean of independently drawn items (images or, better, patients) and its interval; `None` without items.
pub fn mean_interval(items: &[f64], seed: u64) -> Option<Interval> {
    let count = items.len();
    (count > 0).then(|| {
        let resample =
            |random: &mut SplitMix| (0..count).map(|_| items[random.below(count)]).sum::<f64>() / count as f64;
        interval(mean(items), seed, resample)
    })
}

/// The mean of `first[i] - second[i]` and its interval, where both lists were measured on the same items in the same order.
/// A resample draws an item with both of its values. `None` without items, and where the lists differ in length.
pub fn paired_difference(first: &[f64], second: &[f64], seed: u64) -> Option<Interval> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    if first.len() == second.len() { mean_interval(&differences, seed) } else { None }
}

/// The area under the ROC curve of a classifier's scores and its interval. The bootstrap is stratified: positives and
/// negatives are resampled separately, so that every resample has as many of both as the data. `None` where [`crate::auc`]
/// is `None`.
pub fn auc_interval(scores: &[f32], positive: &[bool], seed: u64) -> Option<Interval> {
    let ranking = Ranking::new(scores, positive)?;
    let value = ranking.auc(|_| 1)?;
    let classes = [true, false].map(|class| (0..scores.len()).filter(|&i| positive[i] == class).collect::<Vec<_>>());
    let resample = |random: &mut SplitMix| {
        let mut weights = vec![0_u32; scores.len()];
        for items in &classes {
            items.iter().for_each(|_| weights[items[random.below(items.len())]] += 1);
        }
        // Both classes keep their number of items, so the area exists.
        ranking.auc(|item| weights[item]).unwrap_or(value)
    };
    Some(interval(value, seed, resample))
}

fn mean(items: &[f64]) -> f64 {
    items.iter().sum::<f64>() / items.len() as f64
}

/// The interval from [`RESAMPLES`] values of `resample`. Each resample has a random stream of its own, so the interval does
/// not depend on the number of threads.
fn interval(value: f64, seed: u64, resample: impl Fn(&mut SplitMix) -> f64 + Sync) -> Interval {
    let draws = (0..RESAMPLES).into_par_iter();
    let mut drawn: Vec<f64> = draws.map(|index| resample(&mut SplitMix::stream(seed, &[index as u64]))).collect();
    drawn.sort_unstable_by(f64::total_cmp);
    Interval { value, low: quantile(&drawn, 0.025), high: quantile(&drawn, 0.975) }
}

/// The quantile at `share` in [0, 1], linear between the order statistics, as `numpy.quantile` computes it by default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() < tolerance, "{got} instead of {expected}");
    }

    /// The items 0 to 99 have the mean 49.5 and the standard deviation sqrt((100^2 - 1) / 12) = 28.866. The standard error is
    /// 2.887, so the normal interval is 49.5 +- 1.96 x 2.887 = 43.84 to 55.16.
    #[test]
    fn the_interval_of_a_mean_is_that_of_the_normal_distribution() {
        let items: Vec<f64> = (0..100).map(f64::from).collect();
        let interval = mean_interval(&items, 1).unwrap();
        assert_eq!(interval.value, 49.5);
        near(interval.low, 43.84, 0.4);
        near(interval.high, 55.16, 0.4);
        assert_eq!(mean_interval(&items, 1), Some(interval), "the same seed gives the same interval");
        assert_ne!(mean_interval(&items, 2), Some(interval));
    }

    #[test]
    fn pairs_stay_together() {
        let first: Vec<f64> = (0..50).map(f64::from).collect();
        let second: Vec<f64> = first.iter().map(|value| value - 2.0).collect();
        let difference = paired_difference(&first, &second, 1).unwrap();
        assert_eq!(difference, Interval { value: 2.0, low: 2.0, high: 2.0 });
        assert_eq!(paired_difference(&first, &second[1..], 1), None);
        assert_eq!(mean_interval(&[], 1), None);
    }

    /// Scores are uniform over a width of 1, positives higher by d = 1/4: the area is 1 - (1 - d)^2 / 2, and its standard error
    /// is equation 1 of Hanley and McNeil (1982).
    #[test]
    fn the_interval_of_an_area_has_the_width_of_hanley_and_mcneil() {
        let count = 400;
        let shift = 0.25_f64;
        let positive: Vec<bool> = (0..2 * count).map(|i| i < count).collect();
        let uniform = |i: usize| (i % count) as f64 / count as f64;
        let scores: Vec<f32> =
            (0..2 * count).map(|i| (uniform(i) + if positive[i] { shift } else { 0.0 }) as f32).collect();
        let area = 1.0 - (1.0 - shift).powi(2) / 2.0;
        // P(X below a negative at v) = max(0, v - d), so Q2 = P(two positives beat one negative) is the integral of
        // (1 - max(0, v - d))^2 over v in [0, 1]: d + (1 - d^3) / 3. By symmetry Q1 is the same.
        let q = shift + (1.0 - shift.powi(3)) / 3.0;
        let n = count as f64;
        let variance = (area * (1.0 - area) + 2.0 * (n - 1.0) * (q - area * area)) / (n * n);
        let got = auc_interval(&scores, &positive, 5).unwrap();
        near(got.value, area, 0.003);
        near((got.high - got.low) / (2.0 * 1.96), variance.sqrt(), 0.1 * variance.sqrt());
    }

    #[test]
    fn perfect_scores_have_no_spread() {
        let got = auc_interval(&[0.0, 1.0, 2.0, 3.0], &[false, false, true, true], 1).unwrap();
        assert_eq!(got, Interval { value: 1.0, low: 1.0, high: 1.0 });
        assert_eq!(auc_interval(&[0.0, 1.0], &[true, true], 1), None);
    }

    /// numpy.quantile([1, 2, 3, 10], 0.975) is 9.475.
    #[test]
    fn quantiles_are_those_of_numpy() {
        near(quantile(&[1.0, 2.0, 3.0, 10.0], 0.975), 9.475, 1e-12);
        assert_eq!(quantile(&[4.0], 0.5), 4.0);
    }
}
