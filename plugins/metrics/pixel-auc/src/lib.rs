//! Whether the evidence lies where the expert drew: the area under the ROC curve of the pixels.

use lacuna_plugin::{Error, Info, Measured, Metric, Need, export_metric};
use lacuna_toolkit::evidence;

/// The area under the ROC curve over all thresholds of the map against the expert mask (Uzunova 2019, Sec. 3.3).
///
/// It is the probability that a random pixel of the mask has more evidence than a random other one, ties counted half (Mann
/// and Whitney 1947).
struct PixelAuc;

impl Metric for PixelAuc {
    fn describe() -> Info {
        Info::new(
            "pixel-auc",
            env!("CARGO_PKG_VERSION"),
            "Area under the ROC curve of the pixels against the mask; more is better",
        )
        .needs(Need::Readback)
    }

    fn measure(measured: Measured<'_>) -> Result<Vec<Option<f64>>, Error> {
        let Some(masks) = &measured.masks else { return Ok(vec![None; measured.targets.len()]) };
        let (maps, masks) = (evidence::pixels(&measured.maps)?, evidence::pixels(masks)?);
        Ok(maps.iter().zip(&masks).map(|(map, mask)| auc(map, mask)).collect())
    }
}

/// The area under the curve; `None` where the mask is empty or full.
fn auc(map: &[f32], mask: &[f32]) -> Option<f64> {
    let mut pixels: Vec<(f32, bool)> = map.iter().copied().zip(mask.iter().map(|m| *m > 0.5)).collect();
    pixels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let inside = pixels.iter().filter(|(_, inside)| *inside).count() as f64;
    let outside = pixels.len() as f64 - inside;
    let (mut below, mut pairs) = (0.0, 0.0);
    for equal in pixels.chunk_by(|a, b| a.0 == b.0) {
        let hits = equal.iter().filter(|(_, inside)| *inside).count() as f64;
        let misses = equal.len() as f64 - hits;
        pairs += hits * (below + 0.5 * misses);
        below += misses;
    }
    (inside > 0.0 && outside > 0.0).then(|| pairs / (inside * outside))
}

export_metric!(PixelAuc);

#[cfg(test)]
mod tests {
    use super::auc;

    #[test]
    fn pairs_are_counted() {
        // Of the six pairs (inside, outside) of these, four are in order and one is a tie.
        assert_eq!(auc(&[0.9, 0.4, 0.5, 0.4, 0.1], &[1.0, 1.0, 0.0, 0.0, 0.0]), Some(4.5 / 6.0));
        assert_eq!(auc(&[0.3, 0.3], &[1.0, 0.0]), Some(0.5));
        assert_eq!(auc(&[0.3, 0.4], &[0.0, 0.0]), None);
    }
}
