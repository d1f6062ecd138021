//! Places between pixels.

/// The lower of the two pixels that `place` lies between, and how far `place` lies above it, in [0, 1).
///
/// `place` is in pixels, measured from the centre of pixel 0 of `count`, which is at least 1. The weights of linear
/// interpolation are one minus the distance for the lower pixel, and the distance for the next one. A place beyond the
/// first or the last centre counts as that centre, so the distance is 0 where there is no next pixel.
#[inline]
pub fn between(place: f64, count: usize) -> (usize, f64) {
    let last = count.saturating_sub(1);
    let place = place.clamp(0.0, last as f64);
    let low = (place as usize).min(last);
    (low, place - low as f64)
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn places_inside_lie_between_their_neighbours() {
        assert_eq!(between(0.0, 5), (0, 0.0));
        assert_eq!(between(1.25, 5), (1, 0.25));
        assert_eq!(between(3.875, 5), (3, 0.875));
    }

    #[test]
    fn places_outside_are_the_edge() {
        assert_eq!(between(-0.5, 5), (0, 0.0));
        assert_eq!(between(4.0, 5), (4, 0.0));
        assert_eq!(between(4.5, 5), (4, 0.0));
        assert_eq!(between(f64::INFINITY, 5), (4, 0.0));
        assert_eq!(between(0.5, 1), (0, 0.0));
    }

    /// Linear interpolation is exact for a line.
    #[test]
    fn a_line_comes_back() {
        for place in [0.1, 0.5, 1.7, 2.3, 2.999] {
            let (low, part) = between(place, 4);
            let line = |x: usize| 3.0 * x as f64 - 1.0;
            let found = (1.0 - part) * line(low) + part * line(low + 1);
            assert!((found - (3.0 * place - 1.0)).abs() < 1e-14, "{place}: {found}");
        }
    }
}
