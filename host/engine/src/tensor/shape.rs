//! The same numbers in another order or another grouping.

use super::{MAX_RANK, Tensor, check_shape};
use crate::kernels::FrozenOps;
use crate::{Error, Result};
use burn::backend::Dispatch;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{Shape, Slice};

impl Tensor {
    /// The same numbers in a buffer of their own, and their gradient too: on the CPU a part of a tensor is a view, which keeps
    /// the whole.
    pub fn alone(&self) -> Result<Self> {
        match (self.device().is_cpu(), self.is_tracked()) {
            (true, false) => self.affine(1.0, 0.0),
            (true, true) => Ok(self.like(Dispatch::alone(self.primitive()))),
            (false, _) => Ok(self.clone()),
        }
    }

    /// The same elements, row-major, under another shape.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of elements differs.
    pub fn reshape(&self, shape: &[usize]) -> Result<Self> {
        check_shape("reshape", shape)?;
        if shape.iter().product::<usize>() != self.elements() {
            return Err(Error::shape("reshape", format!("a shape of {} elements", self.elements()), shape));
        }
        Ok(self.in_order()?.reshape_unchecked(shape))
    }

    pub(crate) fn reshape_unchecked(&self, shape: &[usize]) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        self.like(Dispatch::float_reshape(self.primitive(), Shape::from(shape.to_vec())))
    }

    /// Dimension i of the result is dimension `order[i]` of this.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `order` names every dimension once.
    pub fn permute(&self, order: &[usize]) -> Result<Self> {
        let expected = || format!("each of the {} dimensions once", self.shape().len());
        if order.len() > MAX_RANK {
            return Err(Error::argument("permute", "order", expected(), format!("{} of them", order.len())));
        }
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if sorted != (0..self.shape().len()).collect::<Vec<_>>() {
            return Err(Error::argument("permute", "order", expected(), format!("{order:?}")));
        }
        if order.is_sorted() {
            return Ok(self.clone());
        }
        Ok(self.like(match self.device().is_cpu() {
            true => Dispatch::permuted(self.primitive(), order.to_vec()),
            false => Dispatch::float_permute(self.primitive(), order),
        }))
    }

    /// Elements `start` up to but without `end` of one dimension.
    ///
    /// # Errors
    /// [`Error::Argument`] when the dimension or the range does not exist or is empty.
    pub fn slice(&self, dimension: usize, start: usize, end: usize) -> Result<Self> {
        let size = self.size("slice", dimension)?;
        if start >= end || end > size {
            let expected = format!("start < end <= {size}");
            return Err(Error::argument("slice", "range", expected, format!("{start}..{end}")));
        }
        if self.device().is_cpu() && self.is_tracked() {
            return Ok(self.like(Dispatch::part(self.primitive(), dimension, start, end)));
        }
        let slices: Vec<Slice> = self
            .shape()
            .iter()
            .enumerate()
            .map(|(axis, size)| if axis == dimension { Slice::from(start..end) } else { Slice::from(0..*size) })
            .collect();
        Ok(self.like(Dispatch::float_slice(self.primitive(), &slices)))
    }

    /// Reversed along one dimension.
    ///
    /// # Errors
    /// [`Error::Argument`] when the dimension does not exist.
    pub fn flip(&self, dimension: usize) -> Result<Self> {
        self.size("flip", dimension)?;
        Ok(self.like(Dispatch::float_flip(self.primitive(), &[dimension])))
    }

    /// Joins along `dimension`; the other sizes are equal.
    ///
    /// # Errors
    /// [`Error::Argument`] for no parts or no such dimension, [`Error::Shape`] when they do not fit.
    pub fn concatenate(parts: &[Self], dimension: usize) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Err(Error::argument("concatenate", "parts", "at least one tensor", "none"));
        };
        first.size("concatenate", dimension)?;
        let expected = first.shape();
        let mut joined = expected.clone();
        joined[dimension] = 0;
        for part in parts {
            let shape = part.shape();
            let fits = shape.len() == expected.len()
                && shape.iter().zip(&expected).enumerate().all(|(axis, (a, b))| axis == dimension || a == b);
            if !fits {
                return Err(Error::shape("concatenate", format!("{expected:?} but for dimension {dimension}"), &shape));
            }
            joined[dimension] += shape[dimension];
        }
        check_shape("concatenate", &joined)?;
        if parts.len() == 1 {
            return Ok(first.clone());
        }
        let primitives = parts.iter().map(Self::primitive).collect();
        Ok(first.like(Dispatch::float_cat(primitives, dimension)))
    }

    /// The size of a dimension that must exist.
    pub(crate) fn size(&self, operation: &str, dimension: usize) -> Result<usize> {
        let shape = self.shape();
        shape.get(dimension).copied().ok_or_else(|| {
            Error::argument(
                operation,
                "dimension",
                format!("below {}, the number of dimensions", shape.len()),
                dimension,
            )
        })
    }
}
