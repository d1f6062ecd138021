//! The area under the receiver operating characteristic (ROC) curve.

/// The exact area under the ROC curve over all thresholds: the probability that a random positive scores higher than a random
/// negative, ties counted half (Mann and Whitney 1947; Hanley and McNeil 1982, Radiology 143:29-36). In [0, 1]; 0.5 is
/// chance. O(n log n).
///
/// `None` where there is no positive or no negative, where a score is NaN, and where the two lists differ in length.
pub fn auc(scores: &[f32], positive: &[bool]) -> Option<f64> {
    Ranking::new(scores, positive).and_then(|ranking| ranking.auc(|_| 1))
}

/// Items sorted by score, so that the area under any re-weighting of them takes one pass.
pub(crate) struct Ranking {
    /// (index of the item, whether it is positive, whether its score equals that of the item before it).
    order: Vec<(usize, bool, bool)>,
}

impl Ranking {
    /// Sorts the items; `None` where the lists differ in length or a score is NaN.
    pub(crate) fn new(scores: &[f32], positive: &[bool]) -> Option<Self> {
        if scores.len() != positive.len() || scores.iter().any(|score| score.is_nan()) {
            return None;
        }
        let mut items: Vec<usize> = (0..scores.len()).collect();
        items.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let mut previous = f32::NAN;
        let order = items.into_iter().map(|item| {
            let tied = scores[item] == previous;
            previous = scores[item];
            (item, positive[item], tied)
        });
        Some(Self { order: order.collect() })
    }

    /// The area where item i occurs `weight(i)` times; `None` where positives or negatives are missing.
    ///
    /// In ascending order, every positive wins against all negatives below it, and half against the negatives of its own score.
    /// Twice the wins of a tie are positives x (2 x negatives below + negatives tied), a whole number.
    pub(crate) fn auc(&self, weight: impl Fn(usize) -> u32) -> Option<f64> {
        let (mut positives, mut negatives, mut twice_wins) = (0_u64, 0_u64, 0_u128);
        let mut tie = [0_u64; 2];
        let mut close = |tie: &mut [u64; 2]| {
            twice_wins += u128::from(tie[1]) * u128::from(2 * negatives + tie[0]);
            negatives += tie[0];
            positives += tie[1];
            *tie = [0, 0];
        };
        for &(item, positive, tied) in &self.order {
            if !tied {
                close(&mut tie);
            }
            tie[usize::from(positive)] += u64::from(weight(item));
        }
        close(&mut tie);
        let pairs = u128::from(positives) * u128::from(negatives);
        (pairs > 0).then(|| twice_wins as f64 / (2 * pairs) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::auc;

    /// The example of scikit-learn's `roc_auc_score`: y = [0, 0, 1, 1], scores as here, 0.75.
    #[test]
    fn the_area_is_that_of_scikit_learn() {
        assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), Some(0.75));
    }

    /// Positives 1, 2, 2; negatives 0, 2. Wins: 1 > 0; 2 > 0 and 2 = 2, twice. 1 + 2 x 1.5 = 4 of 6 pairs.
    #[test]
    fn ties_count_half() {
        let positive = [true, true, true, false, false];
        assert_eq!(auc(&[1.0, 2.0, 2.0, 0.0, 2.0], &positive), Some(4.0 / 6.0));
        assert_eq!(auc(&[0.3; 5], &positive), Some(0.5));
        assert_eq!(auc(&[-0.0, 0.0], &[true, false]), Some(0.5), "zero has one value");
    }

    #[test]
    fn a_reversed_order_gives_0_and_one_class_alone_nothing() {
        assert_eq!(auc(&[0.0, 1.0], &[true, false]), Some(0.0));
        assert_eq!(auc(&[f32::INFINITY, 1.0], &[true, false]), Some(1.0));
        assert_eq!(auc(&[0.0, 1.0], &[true, true]), None);
        assert_eq!(auc(&[], &[]), None);
        assert_eq!(auc(&[f32::NAN, 1.0], &[true, false]), None);
        assert_eq!(auc(&[0.0, 1.0], &[true]), None);
    }

    /// The definition, pair by pair.
    #[test]
    fn the_area_is_the_share_of_pairs_won() {
        let mut random = crate::SplitMix::new(3);
        let scores: Vec<f32> = (0..200).map(|_| random.below(40) as f32).collect();
        let positive: Vec<bool> = (0..200).map(|_| random.below(3) == 0).collect();
        let (mut wins, mut pairs) = (0.0, 0.0);
        for a in (0..200).filter(|&a| positive[a]) {
            for b in (0..200).filter(|&b| !positive[b]) {
                pairs += 1.0;
                wins += match scores[a].total_cmp(&scores[b]) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        assert_eq!(auc(&scores, &positive), Some(wins / pairs));
    }
}
