//! One lesion: a soft bright blob, as a white-matter hyperintensity on FLAIR.

use crate::anatomy::Point;
use crate::geometry::{Frame, Outline, direction, edge};
use crate::phantom::SIDE;
use lacuna_numeric::SplitMix;

/// Position, size, shape and brightness. Lengths are in pixels.
#[derive(Debug)]
pub(crate) struct Lesion {
    frame: Frame,
    outline: Outline,
    softness: f64,
    /// Added to the brightness of the tissue.
    pub(crate) contrast: f64,
}

/// The blob keeps this far from the surface of the brain.
const MARGIN: f64 = 3.0;

impl Lesion {
    /// A lesion within the tissue of `anatomy` (row by row).
    pub(crate) fn draw(random: &mut SplitMix, anatomy: &[Point]) -> Self {
        let radius = random.between(4.5, 8.5);
        let half_axes = [radius, radius * random.between(0.65, 1.0)];
        let mut lesion = Self {
            frame: Frame::new([0.0; 2], random.angle()),
            outline: Outline::draw(random, half_axes, &[0.12, 0.10]),
            softness: random.between(2.0, 3.5),
            contrast: random.between(0.28, 0.42),
        };
        let choice = random.unit();
        // A blob that fits nowhere shrinks until it does.
        while lesion.outline.half_axes[0] > 1.0 {
            let places = lesion.places(anatomy);
            if let Some(place) = places.get((choice * places.len() as f64) as usize) {
                lesion.frame.centre = *place;
                break;
            }
            lesion.outline.half_axes = lesion.outline.half_axes.map(|half| 0.9 * half);
        }
        lesion
    }

    /// How much of the lesion is at this place, 0 to 1.
    pub(crate) fn at(&self, x: f64, y: f64) -> f64 {
        let [x, y] = self.frame.place(x, y);
        edge(self.outline.inside(x, y), self.softness)
    }

    /// Pixels where the centre may lie: matter there and towards eight sides.
    fn places(&self, anatomy: &[Point]) -> Vec<[f64; 2]> {
        let [long, short] = self.outline.half_axes;
        let sides: Vec<[f64; 2]> = (0..8)
            .map(|k| direction(f64::from(k) * std::f64::consts::FRAC_PI_4).map(|part| 0.7 * short * part))
            .collect();
        let free = |x: f64, y: f64| {
            let within = |v: f64| (0.0..SIDE as f64).contains(&v);
            let (column, row) = (x.round(), y.round());
            within(column)
                && within(row)
                && anatomy.get(row as usize * SIDE + column as usize).is_some_and(|point| point.tissue > 0.6)
        };
        let places = anatomy.iter().enumerate().filter(|(_, point)| point.depth > MARGIN + long);
        places
            .map(|(i, _)| [(i % SIDE) as f64, (i / SIDE) as f64])
            .filter(|[x, y]| free(*x, *y) && sides.iter().all(|[right, down]| free(x + right, y + down)))
            .collect()
    }
}
