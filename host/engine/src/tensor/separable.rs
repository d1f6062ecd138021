//! Linear maps of an image or a volume that act on each spatial axis apart: resizing, blurring, moving.
//!
//! Each is one matrix for each axis, so that `y = A_h x A_w'` for an image. As matrix products they are exact on every
//! device, and so is their adjoint, the gradient.

use super::{Interpolation, Tensor, check_shape};
use crate::{Error, Result};
use lacuna_numeric::{between, gaussian};
use std::ops::Range;

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
    /// Puts cells at `first` + i `spacing` onto `to` pixels.
    Place {
        to: usize,
        first: f64,
        spacing: f64,
    },
}

/// Axes of more elements than this are worked on in parts: an image of 8192 pixels needs no matrix of 8192 x 8192.
const WHOLE: usize = 4096;

/// How many elements of an axis one part reads, unless one element of the result needs more.
const PART: usize = 2048;

/// More parts than a result of any use has.
const MOST_PARTS: usize = 1024;

/// Some elements of the result, and the elements that they are made of.
struct Part {
    to: Range<usize>,
    from: Range<usize>,
}

impl Tensor {
    /// Applies one map along each spatial axis of (N, C, H, W) or (N, C, D, H, W), the last axis first; none leaves its axis
    /// as it is.
    pub(super) fn separable(&self, operation: &str, maps: &[Option<Along>]) -> Result<Self> {
        let mut mapped = self.clone();
        for (index, along) in maps.iter().enumerate().rev() {
            if let Some(along) = along {
                mapped = mapped.along(operation, *along, index + 2)?;
            }
        }
        Ok(mapped)
    }

    /// One map along one axis. The lines along it stay rows of a matrix where it is the last axis, and else become columns.
    fn along(&self, operation: &str, along: Along, axis: usize) -> Result<Self> {
        let mut shape = self.shape();
        let (before, from, after) =
            (shape[..axis].iter().product::<usize>(), shape[axis], shape[axis + 1..].iter().product::<usize>());
        let to = along.size(from);
        shape[axis] = to;
        check_shape(operation, &shape)?;
        let mut made = Vec::new();
        if axis + 1 == shape.len() {
            let lines = self.reshape(&[before, from])?;
            for part in along.parts(operation, from)? {
                let matrix = self.matrix(along, from, &part)?; // (W' of the part, W of the part)
                made.push(lines.part(1, &part.from, from)?.matrix_multiply(&matrix.permute(&[1, 0])?)?);
            }
            return joined(made, 1)?.reshape(&shape);
        }
        // One product over all that stands before and behind: (H', H) x (H, N C W).
        let lines = self.reshape(&[before, from, after])?.permute(&[1, 0, 2])?.reshape(&[from, before * after])?;
        for part in along.parts(operation, from)? {
            made.push(self.matrix(along, from, &part)?.matrix_multiply(&lines.part(0, &part.from, from)?)?);
        }
        joined(made, 0)?.reshape(&[to, before, after])?.permute(&[1, 0, 2])?.reshape(&shape)
    }

    fn part(&self, axis: usize, range: &Range<usize>, size: usize) -> Result<Self> {
        if *range == (0..size) { Ok(self.clone()) } else { self.slice(axis, range.start, range.end) }
    }

    /// What leads from the elements of a part to those of the result, as a matrix.
    fn matrix(&self, along: Along, from: usize, part: &Part) -> Result<Self> {
        let device = self.device().clone();
        let Part { to, from: read } = part;
        self.device().constant(format!("{along:?} {from} {to:?}"), to.len() * read.len() * size_of::<f32>(), || {
            let mut data = vec![0.0; to.len() * read.len()];
            let kernel = along.kernel();
            for (row, weights) in to.clone().zip(data.chunks_mut(read.len())) {
                along.row(row, from, &kernel, |at, weight| weights[at - read.start] += weight);
            }
            Self::from_data(&device, &[to.len(), read.len()], data.into_iter().map(|weight| weight as f32).collect())
        })
    }
}

fn joined(mut parts: Vec<Tensor>, axis: usize) -> Result<Tensor> {
    match parts.len() {
        1 => Ok(parts.remove(0)),
        _ => Tensor::concatenate(&parts, axis),
    }
}

impl Along {
    /// How many elements the result has.
    fn size(self, from: usize) -> usize {
        match self {
            Self::Resize { to, .. } | Self::Place { to, .. } => to,
            Self::Blur { .. } | Self::Move { .. } => from,
        }
    }

    /// Parts of the result that read few elements each; one part of everything where the axes are short.
    fn parts(self, operation: &str, from: usize) -> Result<Vec<Part>> {
        let size = self.size(from);
        if size <= WHOLE && from <= WHOLE {
            return Ok(vec![Part { to: 0..size, from: 0..from }]);
        }
        let mut parts: Vec<Part> = Vec::new();
        for row in 0..size {
            let [low, high] = self.reach(row, from);
            if let Some(part) = parts.last_mut() {
                let read = part.from.start.min(low)..part.from.end.max(high + 1);
                if read.len() <= PART.max(high + 1 - low) && part.to.len() < PART {
                    (part.to.end, part.from) = (row + 1, read);
                    continue;
                }
            }
            if parts.len() == MOST_PARTS {
                return Err(Error::argument(
                    operation,
                    "size",
                    format!("axes of at most {WHOLE} elements, or of more that are near to their result"),
                    format!("{from} elements for {size}"),
                ));
            }
            parts.push(Part { to: row..row + 1, from: low..high + 1 });
        }
        Ok(parts)
    }

    /// The first and the last element that an element of the result is made of.
    fn reach(self, row: usize, from: usize) -> [usize; 2] {
        let last = from as i64 - 1;
        let at = |place: i64| place.clamp(0, last) as usize;
        match self {
            Self::Blur { sigma } => {
                let radius = (4.0 * sigma).ceil() as i64;
                [at(row as i64 - radius), at(row as i64 + radius)]
            }
            _ => {
                let (mut low, mut high) = (usize::MAX, 0);
                self.row(row, from, &[], |at, _| (low, high) = (low.min(at), high.max(at)));
                [low, high]
            }
        }
    }

    /// A Gaussian cut at 4 sigma and normalised.
    fn kernel(self) -> Vec<f64> {
        let Self::Blur { sigma } = self else { return Vec::new() };
        let kernel = gaussian(f64::from(sigma), (4.0 * sigma).ceil() as usize);
        let total: f64 = kernel.iter().sum();
        kernel.into_iter().map(|weight| weight / total).collect()
    }

    /// The weights of an element of the result, one after the other.
    fn row(self, row: usize, from: usize, kernel: &[f64], mut add: impl FnMut(usize, f64)) {
        let last = from as i64 - 1;
        match self {
            Self::Resize { to, how: Interpolation::Nearest } => add((row * from / to).min(from - 1), 1.0),
            // Half-pixel centres: element `row` lies at (row + 0.5) * from / to - 0.5.
            Self::Resize { to, how: Interpolation::Bilinear } => {
                weigh((row as f64 + 0.5) * from as f64 / to as f64 - 0.5, from, add)
            }
            Self::Place { first, spacing, .. } => weigh((row as f64 - first) / spacing, from, add),
            Self::Move { by } => add((row as i64 - i64::from(by)).clamp(0, last) as usize, 1.0),
            // Beyond an edge its pixel counts again.
            Self::Blur { .. } => {
                let radius = (kernel.len() / 2) as i64;
                for (x, weight) in (-radius..=radius).zip(kernel) {
                    add((row as i64 + x).clamp(0, last) as usize, *weight);
                }
            }
        }
    }
}

/// The weights of the two elements that a place lies between, each rounded to single precision by itself; beyond an end,
/// that end.
fn weigh(at: f64, from: usize, mut add: impl FnMut(usize, f64)) {
    let (low, part) = between(at, from);
    add(low, f64::from((1.0 - part) as f32));
    add((low + 1).min(from - 1), f64::from(part as f32));
}
