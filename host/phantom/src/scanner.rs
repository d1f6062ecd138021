//! What a scanner adds to the anatomy: uneven shading, speckle, blur and noise.

use crate::phantom::SIDE;
use lacuna_numeric::SplitMix;
use lacuna_numeric::{between, gaussian};

/// Standard deviation of the blur of the scanner, in pixels.
const BLUR: f64 = 0.75;
/// Standard deviation of the speckle, as a share of the brightness, before the blur.
const SPECKLE: f64 = 0.11;
/// Standard deviation of the noise, which is everywhere and is added after the blur.
const NOISE: f64 = 0.012;
/// The texture of the tissue is drawn on a coarse grid with so many points along a side.
const TEXTURE_POINTS: usize = 14;

/// The marks of one acquisition, drawn once, so that a phantom and its healthy twin share them.
#[derive(Debug)]
pub(crate) struct Scanner {
    gain: f64,
    /// Change of the gain across the image: along x, along y and towards the corners.
    shading: [f64; 3],
    texture: Vec<f64>,
    speckle: Vec<f64>,
    noise: Vec<f64>,
}

impl Scanner {
    pub(crate) fn draw(random: &mut SplitMix) -> Self {
        let mut normal =
            |count: usize, deviation: f64| -> Vec<f64> { (0..count).map(|_| deviation * random.normal()).collect() };
        let (texture, speckle, noise) =
            (normal(TEXTURE_POINTS * TEXTURE_POINTS, 0.035), normal(SIDE * SIDE, SPECKLE), normal(SIDE * SIDE, NOISE));
        let shading = [0.07, 0.07, 0.06].map(|most| random.between(-most, most));
        Self { gain: random.between(0.88, 1.12), shading, texture, speckle, noise }
    }

    /// The image (SIDE x SIDE, in [0, 1]) that the scanner makes of this brightness.
    pub(crate) fn image(&self, brightness: &[f64]) -> Vec<f32> {
        let marked: Vec<f64> = brightness
            .iter()
            .zip(&self.speckle)
            .enumerate()
            .map(|(i, (brightness, speckle))| brightness * self.gain_at(i % SIDE, i / SIDE) * (1.0 + speckle))
            .collect();
        // The magnitude of a signal is never negative: noise folds at 0 (Rice).
        blurred(&marked, BLUR)
            .iter()
            .zip(&self.noise)
            .map(|(value, noise)| (value + noise).abs().min(1.0) as f32)
            .collect()
    }

    fn gain_at(&self, column: usize, row: usize) -> f64 {
        let [x, y] = [column, row].map(|at| 2.0 * at as f64 / (SIDE - 1) as f64 - 1.0);
        let [along_x, along_y, corners] = self.shading;
        self.gain * (1.0 + along_x * x + along_y * y + corners * (x * x + y * y - 0.5) + self.texture_at(column, row))
    }

    /// The texture at a pixel, bilinear between the points of the coarse grid.
    fn texture_at(&self, column: usize, row: usize) -> f64 {
        let place = |at: usize| between(at as f64 * (TEXTURE_POINTS - 1) as f64 / SIDE as f64, TEXTURE_POINTS);
        let ((column, right), (row, down)) = (place(column), place(row));
        let line = |row: usize| {
            let at = row * TEXTURE_POINTS + column;
            self.texture[at] * (1.0 - right) + self.texture[at + 1] * right
        };
        line(row) * (1.0 - down) + line(row + 1) * down
    }
}

/// Blurs an image (SIDE x SIDE) by a Gaussian of standard deviation `sigma` pixels, cut at 3 sigma; beyond the border the
/// nearest pixel goes on.
pub(crate) fn blurred(image: &[f64], sigma: f64) -> Vec<f64> {
    let reach = (3.0 * sigma).ceil() as usize;
    let kernel = gaussian(sigma, reach);
    let sum: f64 = kernel.iter().sum();
    let pass = |image: &[f64], step: usize| -> Vec<f64> {
        (0..image.len())
            .map(|i| {
                let at = i / step % SIDE;
                let start = i - at * step;
                let taps = kernel.iter().enumerate();
                taps.map(|(k, weight)| weight * image[start + step * (at + k).saturating_sub(reach).min(SIDE - 1)])
                    .sum::<f64>()
                    / sum
            })
            .collect()
    };
    pass(&pass(image, 1), SIDE)
}
