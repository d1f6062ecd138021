//! Rotates, scales, shifts and shears an image by one affine map of the plane and one bilinear resampling.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::raster::{Geometry, Image};

/// An affine map from positions in the output to positions in the input: `input = matrix * output + shift`.
///
/// Both positions are (row, column) in pixels, rows downwards, each measured from the centre of its own image, which for n
/// pixels lies at (n - 1) / 2. So [`Affine2::identity`] keeps the centre in the centre also where the sizes differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine2 {
    /// The matrix, row by row; unitless where both images have pixels of one size.
    pub matrix: [[f64; 2]; 2],
    /// The shift (row, column) in pixels of the input.
    pub shift: [f64; 2],
}

impl Affine2 {
    /// The map that leaves every pixel where it is.
    pub fn identity() -> Self {
        Self { matrix: [[1.0, 0.0], [0.0, 1.0]], shift: [0.0, 0.0] }
    }

    /// The map that rotates a picture by `degrees` counterclockwise about its centre, enlarges it by `scale` and then shifts it
    /// by (rows down, columns to the right) in pixels of the output. A scale of 0 gives a map that [`Image::warp`] refuses.
    pub fn similarity(degrees: f64, scale: f64, [rows, columns]: [f64; 2]) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        // The picture moves by p' = scale * R * p + t, so its pixels come from p = R^T * (p' - t) / scale.
        let matrix = [[cosine / scale, sine / scale], [-sine / scale, cosine / scale]];
        let moved = apply(matrix, [rows, columns]);
        Self { matrix, shift: moved.map(|length| -length) }
    }

    /// The position in the input of a position in the output, both (row, column) from the centre, in pixels.
    pub fn at(&self, output: [f64; 2]) -> [f64; 2] {
        let [row, column] = apply(self.matrix, output);
        [row + self.shift[0], column + self.shift[1]]
    }

    /// The inverse map; `None` where the matrix is singular or not finite.
    pub fn inverse(&self) -> Option<Self> {
        let [[a, b], [c, d]] = self.matrix;
        let determinant = a * d - b * c;
        let matrix = [[d, -b], [-c, a]].map(|row| row.map(|value| value / determinant));
        let inverse = Self { matrix, shift: apply(matrix, self.shift).map(|length| -length) };
        (determinant != 0.0 && inverse.is_finite()).then_some(inverse)
    }

    /// The composition that applies `self` first, then `other`. Warping by it equals warping by `other` and then by `self`,
    /// without the blur of a second interpolation.
    pub fn then(&self, other: &Self) -> Self {
        let [[a, b], [c, d]] = other.matrix;
        let [top, bottom] = self.matrix;
        let row = |x: f64, y: f64| [x * top[0] + y * bottom[0], x * top[1] + y * bottom[1]];
        Self { matrix: [row(a, b), row(c, d)], shift: other.at(self.shift) }
    }

    fn is_finite(&self) -> bool {
        self.matrix.as_flattened().iter().chain(&self.shift).all(|value| value.is_finite())
    }
}

/// The product of a matrix and a vector (row, column).
fn apply(matrix: [[f64; 2]; 2], [row, column]: [f64; 2]) -> [f64; 2] {
    matrix.map(|[a, b]| a * row + b * column)
}

impl Image {
    /// Resamples the image to `height` x `width` pixels by bilinear interpolation at the positions that `from` gives, every
    /// channel alike. The input is 0 outside: a position less than a pixel beyond the outermost pixel centres is interpolated
    /// between the edge and 0. Shrinking skips pixels; resize with [`crate::Interpolation::BilinearAntialias`] first if that
    /// matters. The result has [`Geometry::Pixels`].
    ///
    /// # Errors
    /// Refuses a height or width of 0, and a map with a NaN or an infinity in it.
    pub fn warp(&self, from: &Affine2, height: usize, width: usize) -> Result<Self> {
        if !from.is_finite() {
            return Err(Error::new(
                ErrorKind::OutOfRange,
                format!("an affine map with the matrix {:?} and the shift {:?}", from.matrix, from.shift),
                "finite numbers",
                "use a scale other than 0",
            )
            .at_maybe(self.path()));
        }
        let taps: Vec<Taps> = (0..height * width)
            .map(|pixel| {
                let output = [centred(pixel / width, height), centred(pixel % width, width)];
                Taps::new(from.at(output), (self.height(), self.width()))
            })
            .collect();
        let planes = self.data().chunks_exact(self.height() * self.width());
        let data = planes.flat_map(|plane| taps.iter().map(|taps| taps.weigh(plane))).collect();
        let warped = Self::new(self.channels(), height, width, data).map_err(|error| error.at_maybe(self.path()))?;
        Ok(warped.with_origin(Geometry::Pixels, self.intensity(), self.path().map(Into::into)))
    }
}

/// The position of pixel `index` of `count` along one axis, measured from the centre, in pixels.
fn centred(index: usize, count: usize) -> f64 {
    index as f64 - (count as f64 - 1.0) / 2.0
}

/// (index, weight) of the four pixels around a position; a pixel outside has the weight 0.
struct Taps([(usize, f32); 4]);

impl Taps {
    fn new([row, column]: [f64; 2], (height, width): (usize, usize)) -> Self {
        let (rows, columns) = (neighbours(row, height), neighbours(column, width));
        let tap = |y: usize, x: usize| match (rows[y].0, columns[x].0) {
            (Some(row), Some(column)) => (row * width + column, rows[y].1 * columns[x].1),
            _ => (0, 0.0),
        };
        Self([tap(0, 0), tap(0, 1), tap(1, 0), tap(1, 1)])
    }

    /// The interpolated value of a plane.
    fn weigh(&self, plane: &[f32]) -> f32 {
        self.0.iter().map(|&(pixel, weight)| weight * plane[pixel]).sum()
    }
}

/// (index if it exists, weight) of the pixels below and above a position along one axis.
fn neighbours(position: f64, count: usize) -> [(Option<usize>, f32); 2] {
    let position = position + (count as f64 - 1.0) / 2.0;
    let below = position.floor();
    let fraction = (position - below) as f32;
    let inside = |index: f64| (index >= 0.0 && index < count as f64).then_some(index as usize);
    [(inside(below), 1.0 - fraction), (inside(below + 1.0), fraction)]
}

#[cfg(test)]
mod tests {
    use super::Affine2;
    use crate::Image;

    fn numbered(channels: usize, height: usize, width: usize) -> Image {
        let values = (1..=channels * height * width).map(|value| value as f32 / 100.0).collect();
        Image::new(channels, height, width, values).unwrap()
    }

    #[test]
    fn the_identity_changes_nothing() {
        let image = numbered(3, 5, 8);
        assert_eq!(image.warp(&Affine2::identity(), 5, 8).unwrap().data(), image.data());
    }

    /// 1 2 3      3 6
    /// 4 5 6  ->  2 5
    ///            1 4   by a quarter turn counterclockwise
    #[test]
    fn a_quarter_turn_moves_every_pixel_whole() {
        let image = Image::new(1, 2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let turned = image.warp(&Affine2::similarity(90.0, 1.0, [0.0, 0.0]), 3, 2).unwrap();
        assert_eq!(turned.data(), [3.0, 6.0, 2.0, 5.0, 1.0, 4.0]);
    }

    #[test]
    fn whole_pixels_move_exactly_and_what_comes_in_is_0() {
        let image = Image::new(1, 2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let moved = image.warp(&Affine2::similarity(0.0, 1.0, [1.0, -1.0]), 2, 3).unwrap();
        assert_eq!(moved.data(), [0.0, 0.0, 0.0, 2.0, 3.0, 0.0]);
        // Half a pixel to the right: the mean of two neighbours, and of the edge and 0.
        let half = image.warp(&Affine2::similarity(0.0, 1.0, [0.0, 0.5]), 2, 3).unwrap();
        assert_eq!(half.data(), [0.5, 1.5, 2.5, 2.0, 4.5, 5.5]);
    }

    #[test]
    fn doubling_the_size_enlarges_about_the_centre() {
        let image = numbered(1, 3, 3);
        let large = image.warp(&Affine2::similarity(0.0, 2.0, [0.0, 0.0]), 3, 3).unwrap();
        assert!((large.data()[4] - 0.05).abs() < 1e-6, "the centre stays");
        assert!((large.data()[0] - 0.03).abs() < 1e-6, "a corner is the mean of 1, 2, 4 and 5 hundredths");
    }

    #[test]
    fn a_map_and_its_inverse_cancel() {
        let map = Affine2 { matrix: [[1.1, 0.2], [-0.3, 0.8]], shift: [4.5, -2.25] };
        let back = map.then(&map.inverse().unwrap());
        for (got, expected) in back.matrix.as_flattened().iter().zip([1.0, 0.0, 0.0, 1.0]) {
            assert!((got - expected).abs() < 1e-12);
        }
        assert!(back.shift.iter().all(|length| length.abs() < 1e-12));
        let [row, column] = map.inverse().unwrap().at(map.at([3.0, 7.0]));
        assert!((row - 3.0).abs() < 1e-12 && (column - 7.0).abs() < 1e-12);
        assert_eq!(Affine2 { matrix: [[1.0, 2.0], [2.0, 4.0]], shift: [0.0, 0.0] }.inverse(), None);
    }

    /// A smooth picture comes back after a turn by 30 degrees and its inverse, but for the blur of two interpolations.
    #[test]
    fn a_picture_comes_back() {
        let values = (0..64 * 64).map(|pixel| {
            let (row, column) = ((pixel / 64) as f32 - 31.5, (pixel % 64) as f32 - 28.0);
            (-(row * row + 2.0 * column * column) / 80.0).exp()
        });
        let image = Image::new(1, 64, 64, values.collect()).unwrap();
        let map = Affine2::similarity(30.0, 1.2, [2.0, -3.0]);
        let there = image.warp(&map, 64, 64).unwrap();
        let back = there.warp(&map.inverse().unwrap(), 64, 64).unwrap();
        let worst = back.data().iter().zip(image.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.02, "{worst}");
    }

    #[test]
    fn an_infinite_map_and_an_empty_grid_are_refused() {
        let image = numbered(1, 4, 4);
        let error = image.warp(&Affine2::similarity(0.0, 0.0, [0.0, 0.0]), 4, 4).unwrap_err().to_string();
        assert!(error.contains("scale other than 0"), "{error}");
        assert!(image.warp(&Affine2::identity(), 0, 4).is_err());
    }
}
