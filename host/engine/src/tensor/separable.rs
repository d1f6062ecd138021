//! Linear maps of an image that act on rows and columns apart: resizing, blurring, moving.
//!
//! Each is a matrix for the rows and one for the columns, so that `y = A_h x A_w'`. As matrix
//! products they are exact on every device, and so is their adjoint, the gradient.

use super::{Interpolation, Tensor};
use crate::Result;

/// What a matrix does along one axis of `from` elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Along {
    Resize {
        to: usize,
        how: Interpolation,
    },
    Blur {
        sigma: f32,
    },
    Move {
        by: i32,
    },
    /// Onto `to` pixels, from cells at `first` + i `spacing`.
    Place {
        to: usize,
        first: f64,
        spacing: f64,
    },
}

impl Tensor {
    /// Applies `rows` along H and `columns` along W of (N, C, H, W).
    pub(super) fn separable(&self, operation: &str, rows: Along, columns: Along) -> Result<Self> {
        let [n, c, h, w] = self.image_shape(operation)?;
        let right = self.matrix(columns, w)?; // (W', W)
        let left = self.matrix(rows, h)?; // (H', H)
        let (to_h, to_w) = (left.shape()[0], right.shape()[0]);
        let wide = self.reshape(&[n * c * h, w])?.matrix_multiply(&right.permute(&[1, 0])?)?;
        // One product over all channels: (H', H) x (H, N C W').
        let by_row = wide.reshape(&[n * c, h, to_w])?.permute(&[1, 0, 2])?.reshape(&[h, n * c * to_w])?;
        let both = left.matrix_multiply(&by_row)?;
        both.reshape(&[to_h, n * c, to_w])?.permute(&[1, 0, 2])?.reshape(&[n, c, to_h, to_w])
    }

    fn matrix(&self, along: Along, from: usize) -> Result<Self> {
        let device = self.device().clone();
        self.device().constant(format!("{along:?} {from}"), || {
            let rows = along.rows(from);
            Self::from_data(&device, &[rows.len(), from], rows.concat())
        })
    }
}

impl Along {
    /// The matrix, row by row.
    fn rows(self, from: usize) -> Vec<Vec<f32>> {
        match self {
            Self::Resize { to, how } => (0..to).map(|row| resize_row(row, to, from, how)).collect(),
            Self::Place { to, first, spacing } => {
                (0..to).map(|row| between((row as f64 - first) / spacing, from)).collect()
            }
            Self::Blur { sigma } => (0..from).map(|row| blur_row(row, from, sigma)).collect(),
            Self::Move { by } => (0..from)
                .map(|row| {
                    let mut weights = vec![0.0; from];
                    weights[(row as i64 - i64::from(by)).clamp(0, from as i64 - 1) as usize] = 1.0;
                    weights
                })
                .collect(),
        }
    }
}

/// Half-pixel centres: output pixel `row` lies at (row + 0.5) * from / to - 0.5.
fn resize_row(row: usize, to: usize, from: usize, how: Interpolation) -> Vec<f32> {
    match how {
        Interpolation::Nearest => {
            let mut weights = vec![0.0; from];
            weights[(row * from / to).min(from - 1)] = 1.0;
            weights
        }
        Interpolation::Bilinear => between((row as f64 + 0.5) * from as f64 / to as f64 - 0.5, from),
    }
}

/// Weights of the two elements that a place lies between; beyond an end, that end.
fn between(at: f64, from: usize) -> Vec<f32> {
    let mut weights = vec![0.0; from];
    let at = at.clamp(0.0, (from - 1) as f64);
    let low = (at as usize).min(from - 1);
    let part = at - low as f64;
    weights[low] += (1.0 - part) as f32;
    weights[(low + 1).min(from - 1)] += part as f32;
    weights
}

/// A Gaussian cut at 4 sigma and normalised; beyond an edge its pixel counts again.
fn blur_row(row: usize, from: usize, sigma: f32) -> Vec<f32> {
    let radius = (4.0 * sigma).ceil() as i64;
    let kernel: Vec<f64> = (-radius..=radius).map(|x| (-0.5 * (x as f64 / f64::from(sigma)).powi(2)).exp()).collect();
    let total: f64 = kernel.iter().sum();
    let mut weights = vec![0.0_f64; from];
    for (x, weight) in (-radius..=radius).zip(&kernel) {
        weights[(row as i64 + x).clamp(0, from as i64 - 1) as usize] += weight / total;
    }
    weights.into_iter().map(|weight| weight as f32).collect()
}
