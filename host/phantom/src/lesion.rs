//! One lesion: a soft bright blob, as a white-matter hyperintensity on FLAIR.

use crate::SplitMix;
use crate::anatomy::{Point, edge, turn};
use crate::phantom::SIDE;

/// Position, size, shape and brightness. Lengths are in pixels.
#[derive(Debug)]
pub(crate) struct Lesion {
    centre: [f64; 2],
    half_axes: [f64; 2],
    tilt: f64,
    /// Amplitude (a share of the radius) and phase of the 2nd and 3rd harmonic of the outline.
    outline: [[f64; 2]; 2],
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
        let mut lesion = Self {
            centre: [0.0; 2],
            half_axes: [radius, radius * random.between(0.65, 1.0)],
            tilt: random.angle(),
            outline: [0.12, 0.10].map(|most| [random.between(0.0, most), random.angle()]),
            softness: random.between(2.0, 3.5),
            contrast: random.between(0.26, 0.42),
        };
        let choice = random.unit();
        // A blob that fits nowhere shrinks until it does.
        loop {
            let places = lesion.places(anatomy);
            if let Some(place) = places.get((choice * places.len() as f64) as usize) {
                lesion.centre = *place;
                return lesion;
            }
            if lesion.half_axes[0] < 1.0 {
                return lesion;
            }
            lesion.half_axes = lesion.half_axes.map(|half| 0.9 * half);
        }
    }

    /// How much of the lesion is at this place, 0 to 1.
    pub(crate) fn at(&self, x: f64, y: f64) -> f64 {
        let [x, y] = turn([x - self.centre[0], y - self.centre[1]], self.tilt);
        let angle = y.atan2(x);
        let ripple: f64 = self.outline.iter().zip(2_u32..).map(|([most, phase], k)| most * (f64::from(k) * angle + phase).cos()).sum();
        let radius = (1.0 + ripple) / (angle.cos() / self.half_axes[0]).hypot(angle.sin() / self.half_axes[1]);
        edge(radius - x.hypot(y), self.softness)
    }

    /// Pixels where the centre may lie: matter there and towards eight sides.
    fn places(&self, anatomy: &[Point]) -> Vec<[f64; 2]> {
        let reach = 0.7 * self.half_axes[1];
        let free = |x: f64, y: f64| {
            let (column, row) = (x.round(), y.round());
            let within = |v: f64| (0.0..SIDE as f64).contains(&v);
            within(column) && within(row) && anatomy.get(row as usize * SIDE + column as usize).is_some_and(|point| point.tissue > 0.6)
        };
        let mut places = Vec::new();
        for (i, point) in anatomy.iter().enumerate() {
            let (x, y) = ((i % SIDE) as f64, (i / SIDE) as f64);
            let around = || (0..8).all(|k| {
                let (sin, cos) = (f64::from(k) * std::f64::consts::FRAC_PI_4).sin_cos();
                free(x + reach * cos, y + reach * sin)
            });
            if point.depth > MARGIN + self.half_axes[0] && free(x, y) && around() {
                places.push([x, y]);
            }
        }
        places
    }
}
