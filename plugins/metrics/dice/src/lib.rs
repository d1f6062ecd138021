//! How well the map, cut at a threshold of its own, covers what the expert drew.

use lacuna_plugin::{Error, Info, Measured, Metric, Need, export_metric};
use lacuna_toolkit::evidence;

/// 2 |A and B| / (|A| + |B|) (Dice 1945) of the mask and the pixels above Otsu's threshold (Otsu 1979), which needs no
/// choice: it parts the map into two classes with the largest variance between them.
struct Dice;

/// The number of bins of the histogram in which the threshold is searched.
const BINS: usize = 256;

impl Metric for Dice {
    fn describe() -> Info {
        Info::new(
            "dice",
            env!("CARGO_PKG_VERSION"),
            "Dice coefficient of map and mask at Otsu's threshold; more is better",
        )
        .needs(Need::Readback)
    }

    fn measure(measured: Measured<'_>) -> Result<Vec<Option<f64>>, Error> {
        let Some(masks) = &measured.masks else { return Ok(vec![None; measured.targets.len()]) };
        let (maps, masks) = (evidence::pixels(&measured.maps)?, evidence::pixels(masks)?);
        Ok(maps.iter().zip(&masks).map(|(map, mask)| dice(map, mask)).collect())
    }
}

/// The Dice coefficient; `None` where the mask is empty.
fn dice(map: &[f32], mask: &[f32]) -> Option<f64> {
    let threshold = otsu(map);
    let (mut both, mut found, mut drawn) = (0_u32, 0_u32, 0_u32);
    for (value, inside) in map.iter().zip(mask.iter().map(|m| *m > 0.5)) {
        let above = threshold.is_some_and(|threshold| *value > threshold);
        found += u32::from(above);
        drawn += u32::from(inside);
        both += u32::from(above && inside);
    }
    (drawn > 0).then(|| 2.0 * f64::from(both) / f64::from(found + drawn))
}

/// Otsu's threshold; `None` for a map that is the same everywhere.
fn otsu(map: &[f32]) -> Option<f32> {
    let low = map.iter().copied().fold(f32::INFINITY, f32::min);
    let high = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let width = (high - low) / BINS as f32;
    if width.is_nan() || width <= 0.0 {
        return None;
    }
    let mut counts = [0.0_f64; BINS];
    for value in map {
        counts[(((value - low) / width) as usize).min(BINS - 1)] += 1.0;
    }
    let total: f64 = counts.iter().sum();
    let moment: f64 = counts.iter().enumerate().map(|(bin, count)| bin as f64 * count).sum();
    let (mut below, mut below_moment, mut best, mut threshold) = (0.0, 0.0, -1.0, 0);
    for (bin, count) in counts.iter().enumerate().take(BINS - 1) {
        below += count;
        below_moment += bin as f64 * count;
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let distance = below_moment / below - (moment - below_moment) / above;
            let between = below * above * distance * distance;
            if between > best {
                (best, threshold) = (between, bin);
            }
        }
    }
    Some(low + (threshold + 1) as f32 * width)
}

export_metric!(Dice);

#[cfg(test)]
mod tests {
    use super::dice;

    #[test]
    fn two_levels_are_told_apart() {
        let map = [0.1, 0.2, 0.1, 0.9, 1.0, 0.8];
        assert_eq!(dice(&map, &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), Some(1.0));
        // Two of three found pixels are among the four drawn: 2 * 2 / (3 + 4).
        assert_eq!(dice(&map, &[1.0, 1.0, 0.0, 1.0, 1.0, 0.0]), Some(4.0 / 7.0));
        assert_eq!(dice(&[0.5; 4], &[1.0, 0.0, 0.0, 0.0]), Some(0.0));
        assert_eq!(dice(&map, &[0.0; 6]), None);
    }
}
