//! The start of a mask from a central disc.

use crate::masks::{Game, Objective};
use lacuna_plugin::{Error, Tensor, progress};

/// Radii of the circle start differ by this many pixels.
const RADIUS_STEP: u32 = 5;
/// A disc is large enough where at most this share of the reachable change of the score is left.
const SHARE_LEFT: f32 = 1e-2;

/// The start for each image: the smallest central disc which, deleted (preservation game: kept alone), leaves
/// less than 1 % of the change of the score that the largest disc makes (Fong and Vedaldi 2017,
/// the authors' code). Where the largest disc makes the score worse, the best disc.
pub(super) fn circle(objective: &Objective<'_>, steps: u32) -> Result<Tensor, Error> {
    let [images, _, height, width] = objective.images.planar_shape()?;
    let grid = objective.config.grid;
    let disc = |radius: u32| {
        let disc = disc(grid.size, height, width, (radius * RADIUS_STEP) as f32);
        match objective.config.game {
            Game::Deletion => disc.iter().map(|inside| 1.0 - inside).collect(),
            Game::Preservation => disc,
        }
    };
    let batch = |masks: Vec<f32>| Tensor::from_data(&objective.cells(images), &masks);

    let corner = f64::from(height).hypot(f64::from(width)) / 2.0;
    let radii = (corner / f64::from(RADIUS_STEP)).ceil() as u32 + 1;
    let mut scores = Vec::new();
    for radius in 0..radii {
        let mask = objective.upsample(&batch(disc(radius).repeat(images as usize)));
        scores.push(objective.minimised(&objective.logits(&mask)));
        // Lets the user stop.
        progress::report(0, steps, &[])?;
    }
    let scores = Tensor::concatenate(&scores.iter().collect::<Vec<_>>(), 0).read()?;

    let chosen = (0..images as usize).flat_map(|image| {
        let scores: Vec<f32> = scores.iter().skip(image).step_by(images as usize).copied().collect();
        disc(smallest(&scores))
    });
    batch(chosen.collect()).check()
}

/// The index of the first score that has all but reached the last one.
fn smallest(scores: &[f32]) -> u32 {
    let (Some(first), Some(last)) = (scores.first(), scores.last()) else {
        return 0;
    };
    let index = if first > last {
        scores.iter().position(|score| (score - last) / (first - last) < SHARE_LEFT)
    } else {
        (0..scores.len()).min_by(|&a, &b| scores[a].total_cmp(&scores[b]))
    };
    index.unwrap_or(0) as u32
}

/// The share of each of size x size cells that lies in the disc of `radius` pixels about the centre of a
/// height x width image.
fn disc(size: u32, height: u32, width: u32, radius: f32) -> Vec<f32> {
    const SAMPLES: u32 = 4;
    let place = |cell: u32, sample: u32, extent: u32| {
        let share = (cell as f32 + (sample as f32 + 0.5) / SAMPLES as f32) / size as f32;
        (share - 0.5) * extent as f32
    };
    let mut cells = Vec::with_capacity((size * size) as usize);
    for row in 0..size {
        for column in 0..size {
            let inside = (0..SAMPLES * SAMPLES).filter(|sample| {
                let y = place(row, sample / SAMPLES, height);
                let x = place(column, sample % SAMPLES, width);
                x * x + y * y <= radius * radius
            });
            cells.push(inside.count() as f32 / (SAMPLES * SAMPLES) as f32);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::{disc, smallest};

    #[test]
    fn disc_has_the_area_of_a_disc() {
        let cells = disc(28, 224, 224, 50.0);
        let area = cells.iter().sum::<f32>() * 64.0;
        let expected = std::f32::consts::PI * 2500.0;
        assert!((area / expected - 1.0).abs() < 0.01, "{area} against {expected}");
        assert!(disc(28, 224, 224, 0.0).iter().all(|&cell| cell == 0.0));
        assert!(disc(28, 100, 300, 160.0).iter().all(|&cell| cell == 1.0));
        // Pixels, not cells, are round: on a wide image the disc is narrow in cells.
        let wide = disc(28, 100, 200, 25.0);
        let row: f32 = wide[14 * 28..15 * 28].iter().sum();
        let column: f32 = (0..28).map(|row| wide[row * 28 + 14]).sum();
        assert!((column / row - 2.0).abs() < 0.1, "{column} against {row}");
    }

    #[test]
    fn the_smallest_disc_that_does_the_job() {
        assert_eq!(smallest(&[1.0, 0.9, 0.105, 0.1, 0.1]), 2);
        assert_eq!(smallest(&[1.0, 0.5, 0.1]), 2);
        // Deleting everything does not lower the score: the best disc.
        assert_eq!(smallest(&[0.8, 0.3, 0.9]), 1);
        assert_eq!(smallest(&[0.5, 0.5]), 0);
        assert_eq!(smallest(&[]), 0);
    }
}
