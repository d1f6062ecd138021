//! Whether the maximum of a map lies where the expert drew.

use lacuna_plugin::{Error, Info, Measured, Metric, Need, Parameter, export_metric};
use lacuna_toolkit::evidence;

/// The hit: 1 where a pixel of the mask lies within the tolerance of the map's maximum, else 0 (Zhang et al. 2018,
/// "Top-down neural attention by excitation backprop", Sec. 4.1). Where several pixels share the maximum, the share of them that hits.
struct PointingGame;

impl Metric for PointingGame {
    fn describe() -> Info {
        Info::new("pointing-game", env!("CARGO_PKG_VERSION"), "Whether the map's maximum hits the mask; more is better")
            .needs(Need::Readback)
            .parameter(
                Parameter::number("tolerance", 0.0, 0.0..=1000.0)
                    .summary("Distance from the mask that still counts as a hit")
                    .unit("pixels")
                    .source("none: lesions are smaller than the objects that Zhang et al. 2018 allow 15 pixels for"),
            )
            .preset("zhang2018", "Zhang et al. 2018, Sec. 4.1", &["tolerance=15"])
    }

    fn measure(measured: Measured<'_>) -> Result<Vec<Option<f64>>, Error> {
        let Some(masks) = &measured.masks else { return Ok(vec![None; measured.targets.len()]) };
        let [_, _, _, width] = measured.maps.planar_shape()?;
        let tolerance = measured.settings.number("tolerance")?;
        let (maps, masks) = (evidence::pixels(&measured.maps)?, evidence::pixels(masks)?);
        Ok(maps.iter().zip(&masks).map(|(map, mask)| hits(map, mask, width as usize, tolerance)).collect())
    }
}

/// The share of the maxima that hit; `None` where the mask is empty.
fn hits(map: &[f32], mask: &[f32], width: usize, tolerance: f32) -> Option<f64> {
    let place = |pixel: usize| ((pixel / width) as f32, (pixel % width) as f32);
    let inside: Vec<(f32, f32)> = (0..mask.len()).filter(|&i| mask[i] > 0.5).map(place).collect();
    let peak = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let peaks: Vec<(f32, f32)> = (0..map.len()).filter(|&i| map[i] == peak).map(place).collect();
    let near = |&(y, x): &(f32, f32)| inside.iter().any(|(v, u)| (y - v).hypot(x - u) <= tolerance);
    let hits = peaks.iter().filter(|peak| near(peak)).count();
    (!inside.is_empty()).then(|| hits as f64 / peaks.len() as f64)
}

export_metric!(PointingGame);

#[cfg(test)]
mod tests {
    use super::hits;

    #[test]
    fn the_maximum_and_what_is_near_it_count() {
        let mask = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(hits(&[0.0, 1.0, 2.0, 0.0, 0.0, 9.0], &mask, 3, 0.0), Some(1.0));
        assert_eq!(hits(&[9.0, 1.0, 2.0, 0.0, 0.0, 1.0], &mask, 3, 0.0), Some(0.0));
        assert_eq!(hits(&[1.0, 1.0, 9.0, 0.0, 0.0, 1.0], &mask, 3, 1.0), Some(1.0));
        assert_eq!(hits(&[9.0, 1.0, 2.0, 0.0, 0.0, 9.0], &mask, 3, 0.0), Some(0.5));
        assert_eq!(hits(&[1.0; 6], &[0.0; 6], 3, 0.0), None);
    }
}
