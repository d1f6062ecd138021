//! Resizing with half-pixel centres, as PyTorch's `F.interpolate(..., align_corners=False)` does it.
//!
//! Every rule is a small set of weighted source pixels for each target pixel, the same for all rows and all columns; so one
//! loop over rows and one over columns serve all of them.

use lacuna_numeric::between;

/// Which source pixels make a target pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// The pixel whose centre is nearest: `mode="nearest-exact"`.
    Nearest,
    /// The two neighbours on each axis, also when shrinking: `mode="bilinear"`.
    #[default]
    Bilinear,
    /// A triangle as wide as the shrinking, so that no source pixel is skipped: `mode="bilinear", antialias=True`.
    BilinearAntialias,
}

/// Resizes one plane of shape `from` = (H, W) to `to`; nothing where `to` has no pixels.
pub(crate) fn resize_plane(
    plane: &[f32],
    from: (usize, usize),
    to: (usize, usize),
    interpolation: Interpolation,
) -> Vec<f32> {
    let columns = taps(from.1, to.1, interpolation);
    let narrow: Vec<f32> =
        plane.chunks_exact(from.1).flat_map(|row| columns.iter().map(|taps| taps.weigh(|x| row[x]))).collect();
    let rows = taps(from.0, to.0, interpolation);
    let at = |y: usize, x: usize| narrow[y * to.1 + x];
    rows.iter().flat_map(|taps| (0..to.1).map(move |x| taps.weigh(|y| at(y, x)))).collect()
}

/// The source pixels of one target pixel along one axis: `first` and those after it, with weights that sum to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    fn weigh(&self, value: impl Fn(usize) -> f32) -> f32 {
        match self.weights[..] {
            [_] => value(self.first),
            _ => self.weights.iter().enumerate().map(|(offset, weight)| weight * value(self.first + offset)).sum(),
        }
    }
}

fn taps(from: usize, to: usize, interpolation: Interpolation) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let last = from - 1;
    (0..to)
        .map(|target| {
            let centre = (target as f64 + 0.5) * scale;
            match interpolation {
                Interpolation::Nearest => Taps { first: (centre as usize).min(last), weights: vec![1.0] },
                Interpolation::Bilinear => two_neighbours(centre, last),
                Interpolation::BilinearAntialias => triangle(centre, scale.max(1.0), last),
            }
        })
        .collect()
}

/// `centre` is measured from the outer edge of pixel 0; beyond the first and last centres the edge pixel repeats.
fn two_neighbours(centre: f64, last: usize) -> Taps {
    let (first, fraction) = between(centre - 0.5, last + 1);
    let fraction = fraction as f32;
    let weights = if first == last { vec![1.0] } else { vec![1.0 - fraction, fraction] };
    Taps { first, weights }
}

/// Weights fall linearly from `centre` to zero at `support` pixels away and are normalised over the pixels that exist.
fn triangle(centre: f64, support: f64, last: usize) -> Taps {
    let first = (centre - support + 0.5).max(0.0) as usize;
    let end = ((centre + support + 0.5) as usize).min(last + 1);
    let weight = |x: usize| (1.0 - ((x as f64 + 0.5 - centre) / support).abs()).max(0.0);
    let total: f64 = (first..end).map(weight).sum();
    Taps { first, weights: (first..end).map(|x| (weight(x) / total) as f32).collect() }
}

#[cfg(test)]
mod tests {
    use super::{Interpolation, resize_plane};

    fn close(got: &[f32], expected: &[f32]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-5, "{got} instead of {expected}");
        }
    }

    /// The example of PyTorch's own documentation of `nn.Upsample(scale_factor=2, mode="bilinear")`.
    #[test]
    fn enlarges_as_pytorch_documents() {
        let got = resize_plane(&[1.0, 2.0, 3.0, 4.0], (2, 2), (4, 4), Interpolation::Bilinear);
        #[rustfmt::skip]
        close(&got, &[
            1.00, 1.25, 1.75, 2.00,
            1.50, 1.75, 2.25, 2.50,
            2.50, 2.75, 3.25, 3.50,
            3.00, 3.25, 3.75, 4.00,
        ]);
    }

    /// 5 -> 3 has centres at 1/3, 2, 11/3; without antialiasing only their two neighbours count.
    #[test]
    fn shrinks_with_and_without_antialiasing() {
        let row = [0.0, 1.0, 4.0, 9.0, 16.0];
        let plain = resize_plane(&row, (1, 5), (1, 3), Interpolation::Bilinear);
        close(&plain, &[1.0 / 3.0, 4.0, 9.0 + 7.0 * 2.0 / 3.0]);
        // Pillow: Image.fromarray(row).resize((3, 1), Image.BILINEAR), mode "F", which is what antialias=True computes.
        let smooth = resize_plane(&row, (1, 5), (1, 3), Interpolation::BilinearAntialias);
        close(&smooth, &[0.428_571_43, 4.444_444_7, 13.0]);
        let nearest = resize_plane(&row, (1, 5), (1, 3), Interpolation::Nearest);
        close(&nearest, &[0.0, 4.0, 16.0]);
    }

    #[test]
    fn keeps_constants_at_odd_sizes() {
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::BilinearAntialias] {
            for to in [(1, 1), (5, 13), (31, 3), (224, 224)] {
                let got = resize_plane(&[0.25; 7 * 11], (7, 11), to, interpolation);
                close(&got, &vec![0.25; to.0 * to.1]);
            }
        }
    }
}
