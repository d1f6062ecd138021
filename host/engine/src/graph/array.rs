//! Arrays on the host: the constants of a file, and what exporters compute from shapes.

use crate::{Error, Result};

/// What the numbers of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Half, single and double precision, all computed in single precision.
    Float,
    /// Integers of so many bits.
    Whole { bits: u8, signed: bool },
    /// 0 or 1.
    Bool,
}

impl Kind {
    pub(crate) const INT64: Self = Self::Whole { bits: 64, signed: true };
    pub(crate) const UINT8: Self = Self::Whole { bits: 8, signed: false };

    /// The smallest and the largest whole number.
    pub(crate) fn range(self) -> [i64; 2] {
        match self {
            Self::Whole { bits, signed: true } if bits < 64 => [-(1 << (bits - 1)), (1 << (bits - 1)) - 1],
            Self::Whole { bits, signed: false } if bits < 63 => [0, (1 << bits) - 1],
            Self::Whole { signed: false, .. } => [0, i64::MAX],
            Self::Bool => [0, 1],
            _ => [i64::MIN, i64::MAX],
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Float => f.write_str("numbers with a fraction"),
            Self::Whole { bits, signed: true } => write!(f, "int{bits}"),
            Self::Whole { bits, signed: false } => write!(f, "uint{bits}"),
            Self::Bool => f.write_str("booleans"),
        }
    }
}

/// The elements, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numbers {
    Floats(Vec<f32>),
    /// Whole numbers, and booleans as 0 and 1.
    Whole(Vec<i64>),
}

/// Numbers under a shape; no sizes for a single number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) kind: Kind,
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Numbers,
}

impl Array {
    pub(crate) fn floats(shape: Vec<usize>, data: Vec<f32>) -> Self {
        Self { kind: Kind::Float, shape, numbers: Numbers::Floats(data) }
    }

    pub(crate) fn whole(kind: Kind, shape: Vec<usize>, data: Vec<i64>) -> Self {
        Self { kind, shape, numbers: Numbers::Whole(data) }
    }

    /// A list of sizes, axes or places.
    pub(crate) fn list(data: Vec<i64>) -> Self {
        Self::whole(Kind::INT64, vec![data.len()], data)
    }

    /// One number.
    pub(crate) fn scalar(value: f32) -> Self {
        Self::floats(Vec::new(), vec![value])
    }

    pub(crate) fn len(&self) -> usize {
        match &self.numbers {
            Numbers::Floats(data) => data.len(),
            Numbers::Whole(data) => data.len(),
        }
    }

    /// The numbers with a fraction; `of` names the array in the error.
    pub(crate) fn as_floats(&self, of: &str) -> Result<&[f32]> {
        match &self.numbers {
            Numbers::Floats(data) => Ok(data),
            Numbers::Whole(_) => {
                Err(Error::Model(format!("`{of}` holds {} where numbers with a fraction are needed", self.kind)))
            }
        }
    }

    /// The whole numbers.
    pub(crate) fn as_whole(&self) -> Option<&[i64]> {
        match &self.numbers {
            Numbers::Floats(_) => None,
            Numbers::Whole(data) => Some(data),
        }
    }

    /// The numbers in single precision, whatever they are.
    pub(crate) fn to_floats(&self) -> Vec<f32> {
        match &self.numbers {
            Numbers::Floats(data) => data.clone(),
            Numbers::Whole(data) => data.iter().map(|x| *x as f32).collect(),
        }
    }

    /// The elements at `places` of the row-major order, under another shape.
    pub(crate) fn pick(&self, shape: Vec<usize>, places: impl Iterator<Item = usize>) -> Self {
        let numbers = match &self.numbers {
            Numbers::Floats(data) => Numbers::Floats(places.map(|at| data[at]).collect()),
            Numbers::Whole(data) => Numbers::Whole(places.map(|at| data[at]).collect()),
        };
        Self { kind: self.kind, shape, numbers }
    }

    /// The same elements under another shape of as many.
    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self { kind: self.kind, shape, numbers: self.numbers.clone() }
    }
}

/// Distances in the row-major order between neighbours along each axis.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The shape that two shapes broadcast to, as in NumPy.
pub(crate) fn broadcast(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let rank = left.len().max(right.len());
    let size = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(at) => shape[at],
        None => 1,
    };
    (0..rank)
        .map(|axis| match (size(left, axis), size(right, axis)) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        })
        .collect()
}

/// The index of the element of `from` that broadcasting puts at each element of `to`.
pub(crate) fn broadcast_places(from: &[usize], to: &[usize]) -> impl Iterator<Item = usize> {
    let missing = to.len() - from.len();
    let strides = strides(from);
    let steps: Vec<isize> = (0..to.len())
        .map(|axis| match axis.checked_sub(missing) {
            Some(at) if from[at] > 1 => strides[at] as isize,
            _ => 0,
        })
        .collect();
    let to = to.to_vec();
    places(to, steps, 0)
}

/// Places `start + sum of index times step` for every index of `shape`, in row-major order.
pub(crate) fn places(shape: Vec<usize>, steps: Vec<isize>, start: isize) -> impl Iterator<Item = usize> {
    let total: usize = shape.iter().product();
    let mut index = vec![0_usize; shape.len()];
    let mut at = start;
    (0..total).map(move |_| {
        let here = at;
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += steps[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= steps[axis] * shape[axis] as isize;
            index[axis] = 0;
        }
        here as usize
    })
}
