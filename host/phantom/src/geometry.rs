//! Closed shapes and soft edges. Lengths are in pixels. Where thousands of pixels are drawn, only
//! sums, products and square roots are taken, which are fast and the same everywhere.

use lacuna_numeric::SplitMix;

/// A coordinate frame of its own centre and direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) centre: [f64; 2],
    direction: [f64; 2],
}

impl Frame {
    /// A frame that is turned by `angle` radians.
    pub(crate) fn new(centre: [f64; 2], angle: f64) -> Self {
        Self { centre, direction: direction(angle) }
    }

    /// The place in this frame.
    pub(crate) fn place(&self, x: f64, y: f64) -> [f64; 2] {
        let ([x, y], [cos, sin]) = ([x - self.centre[0], y - self.centre[1]], self.direction);
        [x * cos + y * sin, y * cos - x * sin]
    }
}

/// An ellipse around the origin whose radius ripples with the angle.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) half_axes: [f64; 2],
    /// Ripple from the 2nd harmonic on, as a share of the radius: parts along cosine and sine.
    harmonics: Vec<[f64; 2]>,
}

impl Outline {
    /// Draws ripples of at most these shares of the radius, from the 2nd harmonic on.
    pub(crate) fn draw(random: &mut SplitMix, half_axes: [f64; 2], ripples: &[f64]) -> Self {
        let harmonics = ripples.iter().map(|most| (random.between(0.0, *most), direction(random.angle())));
        Self { half_axes, harmonics: harmonics.map(|(size, [cos, sin])| [size * cos, size * sin]).collect() }
    }

    /// Pixels inside the outline along the ray from its centre; negative outside.
    pub(crate) fn inside(&self, x: f64, y: f64) -> f64 {
        let from_centre = length(x, y);
        if from_centre == 0.0 {
            return self.half_axes[0].min(self.half_axes[1]);
        }
        let (cos, sin) = (x / from_centre, y / from_centre);
        // Cosine and sine of k times the angle, one k after the other.
        let (mut c, mut s) = (cos, sin);
        let mut ripple = 1.0;
        for [along_cos, along_sin] in &self.harmonics {
            (c, s) = (c * cos - s * sin, s * cos + c * sin);
            ripple += along_cos * c + along_sin * s;
        }
        ripple / length(cos / self.half_axes[0], sin / self.half_axes[1]) - from_centre
    }
}

/// Cosine and sine.
pub(crate) fn direction(angle: f64) -> [f64; 2] {
    [angle.cos(), angle.sin()]
}

pub(crate) fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

/// 0 to 1 across an edge of `width` pixels at distance 0, smoothly.
pub(crate) fn edge(distance: f64, width: f64) -> f64 {
    let t = (distance / width + 0.5).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_without_ripples_is_an_ellipse() {
        let ellipse = Outline::draw(&mut SplitMix::new(1), [3.0, 5.0], &[]);
        for ([x, y], inside) in
            [([0.0, 0.0], 3.0), ([3.0, 0.0], 0.0), ([0.0, -5.0], 0.0), ([0.0, 6.0], -1.0), ([-1.0, 0.0], 2.0)]
        {
            assert!((ellipse.inside(x, y) - inside).abs() < 1e-12, "{x} {y}");
        }
    }

    #[test]
    fn a_frame_turns_about_its_centre() {
        let [x, y] = Frame::new([10.0, 20.0], std::f64::consts::FRAC_PI_2).place(10.0, 23.0);
        assert!((x - 3.0).abs() < 1e-12 && y.abs() < 1e-12, "{x} {y}");
    }

    #[test]
    fn an_edge_is_half_way_at_distance_0() {
        assert_eq!([edge(-2.0, 2.0), edge(0.0, 2.0), edge(2.0, 2.0)], [0.0, 0.5, 1.0]);
    }
}
