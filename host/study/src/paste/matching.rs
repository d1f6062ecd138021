//! HE of Eq. 3: histogram matching of one picture to another.

/// The monotone map that gives the source values the distribution of the target: it maps v to the quantile of the target at
/// the fraction of the source that lies below v (Gonzalez and Woods, Digital Image Processing, "histogram matching"). It is
/// exact: it works on the values themselves, not on bins.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    source: Vec<f32>,
    target: Vec<f32>,
}

impl Matching {
    /// Sorts both sets of values; `None` where one of them is empty.
    pub(crate) fn new(source: impl Iterator<Item = f32>, target: impl Iterator<Item = f32>) -> Option<Self> {
        let sorted = |values: &mut dyn Iterator<Item = f32>| {
            let mut values: Vec<f32> = values.collect();
            values.sort_unstable_by(f32::total_cmp);
            values
        };
        let (mut source, mut target) = (source, target);
        let (source, target) = (sorted(&mut source), sorted(&mut target));
        (!source.is_empty() && !target.is_empty()).then_some(Self { source, target })
    }

    /// The matched value; equal values of the source have the mean of their ranks.
    pub(crate) fn map(&self, value: f32) -> f32 {
        let below = self.source.partition_point(|&other| other < value);
        let up_to = self.source.partition_point(|&other| other <= value);
        let share = (below + up_to) as f64 / (2 * self.source.len()) as f64;
        quantile(&self.target, share)
    }
}

/// The quantile at `share` in [0, 1]: value i of n sorted values is the quantile at (i + 1/2) / n, linear between.
pub(crate) fn quantile(sorted: &[f32], share: f64) -> f32 {
    let last = sorted.len() - 1;
    let position = (share * sorted.len() as f64 - 0.5).clamp(0.0, last as f64);
    let below = position as usize;
    let fraction = (position - below as f64) as f32;
    sorted[below] + fraction * (sorted[(below + 1).min(last)] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::{Matching, quantile};

    #[test]
    fn a_picture_matched_to_itself_stays_and_to_a_scaled_one_scales() {
        let values: Vec<f32> = (0..50).map(|i| (i * i % 47) as f32).collect();
        let same = Matching::new(values.iter().copied(), values.iter().copied()).unwrap();
        let scaled = Matching::new(values.iter().copied(), values.iter().map(|v| 0.01 * v + 0.2)).unwrap();
        for &value in &values {
            assert!((same.map(value) - value).abs() < 1e-4);
            assert!((scaled.map(value) - (0.01 * value + 0.2)).abs() < 1e-4);
        }
    }

    /// The source 0, 0, 1, 2 has mean ranks of 2/8, 5/8 and 7/8; the quantiles of 10, 20, 30, 40 at these are 15, 30 and 40.
    #[test]
    fn ties_share_the_middle_of_their_ranks() {
        let matching = Matching::new([1.0, 0.0, 2.0, 0.0].into_iter(), [40.0, 10.0, 30.0, 20.0].into_iter()).unwrap();
        assert_eq!([0.0, 1.0, 2.0].map(|value| matching.map(value)), [15.0, 30.0, 40.0]);
        assert_eq!([-1.0, 9.0].map(|value| matching.map(value)), [10.0, 40.0], "beyond the source the target ends");
        assert!((0..200).all(|i| matching.map(i as f32 / 100.0) <= matching.map((i + 1) as f32 / 100.0)), "monotone");
    }

    #[test]
    fn nothing_cannot_be_matched() {
        assert!(Matching::new([].into_iter(), [1.0].into_iter()).is_none());
        assert_eq!(quantile(&[3.0], 0.9), 3.0);
    }
}
