//! T of Eq. 3: registers one brain to another by an affine map.

use argmin::core::{CostFunction, Executor};
use argmin::solver::neldermead::NelderMead;
use lacuna_imaging::{Affine2, Image, Interpolation};

/// A brain on the coarse grid of the registration, about 40 pixels across. Positions are (row, column) in coarse pixels.
#[derive(Clone, Debug)]
pub(crate) struct Coarse {
    height: usize,
    width: usize,
    /// Full-resolution pixels per coarse pixel, along rows and columns.
    step: [f64; 2],
    /// (grey value in [0, BINS - 1], fraction of the pixel that is brain in [0, 1]), with a border of one empty pixel.
    pixels: Vec<[f32; 2]>,
    /// Mean position of the brain, measured from the centre of the picture.
    centre: [f64; 2],
    /// Standard deviation of the brain's position along rows and columns.
    deviation: [f64; 2],
}

/// The affine map between two brains, and how well they match under it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Registration {
    /// Maps a position in the fixed picture to one in the moved picture, both in full-resolution pixels of their own.
    pub map: Affine2,
    /// Normalised mutual information, (H(A) + H(B)) / H(A, B) in [1, 2], over the union of both brains.
    pub information: f64,
    /// Overlap of the two brains, 2 |A and B| / (|A| + |B|) in [0, 1] (Dice 1945).
    pub overlap: f64,
}

/// Width of the brain on the coarse grid, in pixels.
const ACROSS: f64 = 40.0;
/// Grey levels of the joint histogram; about 1600 brain pixels fill 16 x 16 bins.
const BINS: usize = 16;
/// Standard deviation of the simplex's costs at which the search ends, measured within 75 steps. A tolerance a thousand times
/// smaller raises the median information by 0.0001 and leaves the overlap.
const TOLERANCE: f64 = 1e-4;
/// Bound on the steps of the search, for pictures unlike those that were measured.
const STEPS: u64 = 150;
/// First simplex, entries of the matrix: a tenth of the size.
const STRETCH: f64 = 0.1;
/// First simplex, shift in coarse pixels: a tenth of the brain.
const SHIFT: f64 = 4.0;

impl Coarse {
    /// Resamples a picture (1, H, W) and its brain mask to the coarse grid; `None` where the brain has no extent.
    pub(crate) fn new(image: &Image, inside: &[bool]) -> Option<Self> {
        let area = inside.iter().filter(|&&inside| inside).count();
        let step = ((area as f64).sqrt() / ACROSS).max(1.0);
        let size = [image.height(), image.width()].map(|side| ((side as f64 / step).round() as usize).max(1));
        let resize = |image: &Image| image.resize(size[0], size[1], Interpolation::BilinearAntialias);
        let brain = inside.iter().map(|&inside| f32::from(u8::from(inside))).collect();
        let (grey, brain) = (resize(image).ok()?, resize(&image.with_data(1, brain).ok()?).ok()?);

        let mut sorted: Vec<f32> =
            image.data().iter().zip(inside).filter(|(_, inside)| **inside).map(|(v, _)| *v).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| super::matching::quantile(&sorted, share);
        let (low, high) = if sorted.is_empty() { (0.0, 0.0) } else { (at(0.01), at(0.99)) };
        let scale = (BINS - 1) as f32 / (high - low).max(f32::MIN_POSITIVE);
        let (height, width) = (size[0] + 2, size[1] + 2);
        let mut pixels = vec![[0.0; 2]; height * width];
        for (index, (&grey, &brain)) in grey.data().iter().zip(brain.data()).enumerate() {
            let (row, column) = (index / size[1] + 1, index % size[1] + 1);
            pixels[row * width + column] = [((grey - low) * scale).clamp(0.0, (BINS - 1) as f32), brain];
        }
        let step = [image.height() as f64 / size[0] as f64, image.width() as f64 / size[1] as f64];
        let mut coarse = Self { height, width, step, pixels, centre: [0.0; 2], deviation: [0.0; 2] };
        (coarse.centre, coarse.deviation) = coarse.moments()?;
        Some(coarse)
    }

    /// The mean position of the brain and its standard deviations along rows and columns; `None` where one of these is 0.
    fn moments(&self) -> Option<([f64; 2], [f64; 2])> {
        let (mut mass, mut sum, mut squares) = (0.0, [0.0; 2], [0.0; 2]);
        for (index, pixel) in self.pixels.iter().enumerate() {
            let weight = f64::from(pixel[1]);
            let position = [index / self.width, index % self.width];
            mass += weight;
            for axis in 0..2 {
                let length = position[axis] as f64 - self.middle()[axis];
                sum[axis] += weight * length;
                squares[axis] += weight * length * length;
            }
        }
        let centre = sum.map(|sum| sum / mass);
        let deviation = [0, 1].map(|axis| (squares[axis] / mass - centre[axis] * centre[axis]).sqrt());
        (mass > 0.0 && deviation.iter().all(|&length| length > 0.0)).then_some((centre, deviation))
    }

    /// (row, column) of the picture's centre, the border included.
    fn middle(&self) -> [f64; 2] {
        [(self.height - 1) as f64 / 2.0, (self.width - 1) as f64 / 2.0]
    }

    /// Grey value and brain fraction at a position counted with the border, by bilinear interpolation; 0 outside.
    fn sample(&self, row: f32, column: f32) -> [f32; 2] {
        if !(row >= 0.0 && column >= 0.0 && row < (self.height - 1) as f32 && column < (self.width - 1) as f32) {
            return [0.0; 2];
        }
        let (y, x) = (row as usize, column as usize);
        let (down, right) = (row - y as f32, column - x as f32);
        let at = y * self.width + x;
        let (top, bottom) = (&self.pixels[at..at + 2], &self.pixels[at + self.width..at + self.width + 2]);
        [0, 1].map(|part| {
            let above = top[0][part] + right * (top[1][part] - top[0][part]);
            let below = bottom[0][part] + right * (bottom[1][part] - bottom[0][part]);
            above + down * (below - above)
        })
    }
}

/// Registers `moved` to `fixed`. Both must stand upright in the same way: mirrored and turned pictures are not tried.
///
/// The search starts with equal centres and extents of the two brains. The simplex of Nelder and Mead (1965, The Computer
/// Journal 7:308-313) changes six parameters so that normalised mutual information (Studholme, Hill and Hawkes 1999, Pattern
/// Recognition 32:71-86) plus the overlap of the brains is largest.
pub(crate) fn register(fixed: &Coarse, moved: &Coarse) -> Registration {
    let problem = Problem { fixed, moved };
    let corner = |index: usize| (0..6).map(|axis| if axis + 1 == index { 1.0 } else { 0.0 }).collect();
    let simplex: Vec<Vec<f64>> = (0..=6).map(corner).collect();
    let start = vec![0.0; 6];
    let found = NelderMead::new(simplex).with_sd_tolerance(TOLERANCE).and_then(|solver| {
        let run = Executor::new(Problem { fixed, moved }, solver)
            .configure(|state| state.max_iters(STEPS))
            .ctrlc(false)
            .run()?;
        Ok(run.state.best_param)
    });
    // The cost is defined everywhere, so the search cannot fail; if it did, the start would be a valid registration.
    let best = found.ok().flatten().unwrap_or(start);
    let map = problem.map(&best);
    let (information, overlap) = problem.likeness(&map);
    Registration { map: full(&map, fixed.step, moved.step), information, overlap }
}

/// Converts a map between coarse pixels into the same map between full-resolution pixels.
fn full(coarse: &Affine2, fixed: [f64; 2], moved: [f64; 2]) -> Affine2 {
    let entry = |row: usize, column: usize| coarse.matrix[row][column] * moved[row] / fixed[column];
    Affine2 {
        matrix: [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]],
        shift: [coarse.shift[0] * moved[0], coarse.shift[1] * moved[1]],
    }
}

/// The cost of the search: minus (information + overlap) under the map of six parameters.
struct Problem<'a> {
    fixed: &'a Coarse,
    moved: &'a Coarse,
}

impl CostFunction for Problem<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, parameters: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        let (information, overlap) = self.likeness(&self.map(parameters));
        Ok(-(information + overlap))
    }
}

impl Problem<'_> {
    /// The map of six parameters (four of the matrix, two of the shift); all 0 is the start.
    fn map(&self, p: &[f64]) -> Affine2 {
        let scale = [0, 1].map(|axis| self.moved.deviation[axis] / self.fixed.deviation[axis]);
        let matrix = [
            [scale[0] * (1.0 + STRETCH * p[0]), scale[0] * STRETCH * p[1]],
            [scale[1] * STRETCH * p[2], scale[1] * (1.0 + STRETCH * p[3])],
        ];
        let about = Affine2 { matrix, shift: [0.0; 2] }.at(self.fixed.centre);
        let shift = [0, 1].map(|axis| self.moved.centre[axis] + SHIFT * p[4 + axis] - about[axis]);
        Affine2 { matrix, shift }
    }

    /// (normalised mutual information, overlap) under a map.
    fn likeness(&self, map: &Affine2) -> (f64, f64) {
        let mut joint = [[0_u32; BINS]; BINS];
        let (mut both, mut fixed_area, mut moved_area) = (0.0_f32, 0.0_f32, 0.0_f32);
        let (middle, other) = (self.fixed.middle(), self.moved.middle());
        let step = [map.matrix[0][1] as f32, map.matrix[1][1] as f32];
        for (y, row) in self.fixed.pixels.chunks_exact(self.fixed.width).enumerate() {
            let first = map.at([y as f64 - middle[0], -middle[1]]);
            let first = [(first[0] + other[0]) as f32, (first[1] + other[1]) as f32];
            for (x, &[grey, brain]) in row.iter().enumerate() {
                let x = x as f32;
                let [moved_grey, moved_brain] = self.moved.sample(first[0] + x * step[0], first[1] + x * step[1]);
                both += brain.min(moved_brain);
                fixed_area += brain;
                moved_area += moved_brain;
                if brain >= 0.5 || moved_brain >= 0.5 {
                    joint[(grey + 0.5) as usize][(moved_grey + 0.5) as usize] += 1;
                }
            }
        }
        let overlap = 2.0 * f64::from(both) / f64::from(fixed_area + moved_area).max(1.0);
        (information(&joint), overlap)
    }
}

/// (H(A) + H(B)) / H(A, B) of a joint histogram; 1 where the pictures are independent.
fn information(joint: &[[u32; BINS]; BINS]) -> f64 {
    let total: u32 = joint.as_flattened().iter().sum();
    let entropy = |counts: &mut dyn Iterator<Item = u32>| -> f64 {
        let of = |count: u32| f64::from(count) / f64::from(total.max(1));
        counts.filter(|&count| count > 0).map(|count| -of(count) * of(count).ln()).sum()
    };
    let rows = entropy(&mut joint.iter().map(|row| row.iter().sum()));
    let columns = entropy(&mut (0..BINS).map(|column| joint.iter().map(|row| row[column]).sum()));
    let together = entropy(&mut joint.as_flattened().iter().copied());
    if together > 0.0 { (rows + columns) / together } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paste::foreground::foreground;

    /// A brain-like ellipse with two dark ventricles and a bright spot, so that no turn or mirror image is like it.
    fn head(size: usize, levels: [f32; 4]) -> Image {
        let [ground, tissue, fluid, spot] = levels;
        let values = (0..size * size).map(|pixel| {
            let middle = (size as f32 - 1.0) / 2.0;
            let unit = size as f32 / 128.0;
            let (y, x) = (((pixel / size) as f32 - middle) / unit, ((pixel % size) as f32 - middle) / unit);
            let within = |cy: f32, cx: f32, ry: f32, rx: f32| ((y - cy) / ry).powi(2) + ((x - cx) / rx).powi(2) < 1.0;
            match () {
                () if within(-5.0, -9.0, 16.0, 5.0) || within(-5.0, 9.0, 14.0, 4.0) => fluid,
                () if within(20.0, 14.0, 7.0, 9.0) => spot,
                () if within(0.0, 0.0, 50.0, 40.0) => tissue,
                () => ground,
            }
        });
        Image::new(1, size, size, values.collect()).unwrap()
    }

    fn coarse(image: &Image) -> Coarse {
        let brain = foreground(image.data(), (image.height(), image.width())).unwrap();
        Coarse::new(image, &brain).unwrap()
    }

    /// The moved picture has another size, another contrast and a known affine map; positions in the brain must come back to
    /// within a pixel of the fixed picture (its coarse grid has pixels of 2).
    #[test]
    fn a_known_map_is_found_in_another_contrast() {
        let fixed = head(128, [0.0, 0.8, 0.2, 0.5]);
        let other = head(128, [0.0, 0.5, 0.05, 0.9]);
        for (degrees, stretch, shift) in [(0.0, 1.0, [0.0, 0.0]), (7.0, 0.9, [6.0, -4.0]), (-10.0, 1.1, [-5.0, 8.0])] {
            let turned = Affine2::similarity(degrees, 1.0, shift);
            let truth = Affine2 { matrix: [[1.75 * stretch, 0.0], [0.0, 1.75]], shift: [0.0; 2] };
            // other -> moved, on a grid of 224: moved(p) = other(back(p)).
            let map = turned.then(&truth);
            let back = map.inverse().unwrap();
            let moved = other.warp(&back, 224, 224).unwrap();
            let found = register(&coarse(&fixed), &coarse(&moved));
            for position in [[0.0, 0.0], [-40.0, 0.0], [30.0, 20.0], [0.0, -30.0], [20.0, 14.0]] {
                let came = back.at(found.map.at(position));
                let error = (came[0] - position[0]).hypot(came[1] - position[1]);
                assert!(error < 1.0, "{degrees} degrees: {position:?} came to {came:?}");
            }
            assert!(found.overlap > 0.97 && found.information > 1.3, "{found:?}");
        }
    }

    /// The joint histogram of two coins: 1 where they are independent, 2 where they are equal.
    #[test]
    fn information_is_1_for_independent_and_2_for_equal_pictures() {
        let mut joint = [[0; BINS]; BINS];
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            joint[i][j] = 5;
        }
        assert!((information(&joint) - 1.0).abs() < 1e-12);
        (joint[0][1], joint[1][0]) = (0, 0);
        assert!((information(&joint) - 2.0).abs() < 1e-12);
        assert_eq!(information(&[[0; BINS]; BINS]), 1.0);
    }
}
