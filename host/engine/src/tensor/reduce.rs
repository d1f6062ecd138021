//! Sums, means, maxima, and products of matrices.

use super::{Tensor, check_shape};
use crate::{Error, Result};
use burn::backend::Dispatch;
use burn::backend::ops::{ActivationOps, FloatTensorOps};

impl Tensor {
    /// Sum over the dimensions, which stay with size 1; over all of them when the list is empty.
    ///
    /// # Errors
    /// [`Error::Argument`] when a dimension does not exist.
    pub fn sum(&self, dimensions: &[usize]) -> Result<Self> {
        for dimension in dimensions {
            self.size("sum", *dimension)?;
        }
        let rank = self.shape().len();
        if dimensions.is_empty() || (0..rank).all(|axis| dimensions.contains(&axis)) {
            let total = self.like(Dispatch::float_sum(self.primitive()));
            return Ok(total.reshape_unchecked(&vec![1; rank]));
        }
        let mut unique = dimensions.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let primitive = unique.iter().fold(self.primitive(), |sum, axis| Dispatch::float_sum_dim(sum, *axis));
        Ok(self.like(primitive))
    }

    /// Mean over the dimensions, as [`Tensor::sum`].
    pub fn mean(&self, dimensions: &[usize]) -> Result<Self> {
        let sum = self.sum(dimensions)?;
        let count = self.elements() / sum.elements();
        sum.affine(1.0 / count as f32, 0.0)
    }

    /// Largest element along one dimension, which stays with size 1.
    ///
    /// # Errors
    /// [`Error::Argument`] when the dimension does not exist.
    pub fn max_along(&self, dimension: usize) -> Result<Self> {
        self.size("max-along", dimension)?;
        Ok(self.like(Dispatch::float_max_dim(self.primitive(), dimension)))
    }

    /// Softmax along one dimension.
    ///
    /// # Errors
    /// [`Error::Argument`] when the dimension does not exist.
    pub fn softmax(&self, dimension: usize) -> Result<Self> {
        self.size("softmax", dimension)?;
        Ok(self.like(Dispatch::softmax(self.primitive(), dimension)))
    }

    /// Matrix product of the last two dimensions; the dimensions before them broadcast.
    ///
    /// # Errors
    /// [`Error::Shape`] when the inner sizes differ or a rank is below 2.
    pub fn matrix_multiply(&self, other: &Self) -> Result<Self> {
        let (left, right) = (self.shape(), other.shape());
        let rank = left.len();
        let fits = rank >= 2
            && right.len() == rank
            && left[rank - 1] == right[rank - 2]
            && (0..rank - 2).all(|axis| left[axis] == right[axis] || left[axis] == 1 || right[axis] == 1);
        if !fits {
            let expected = format!(
                "the rank of {left:?} (2 or more), its last size as last but one, and other sizes that broadcast"
            );
            return Err(Error::shape("matrix-multiply", expected, &right));
        }
        let mut result: Vec<usize> = (0..rank - 2).map(|axis| left[axis].max(right[axis])).collect();
        result.extend([left[rank - 2], right[rank - 1]]);
        check_shape("matrix-multiply", &result)?;
        Ok(self.like(Dispatch::float_matmul(self.primitive(), other.primitive())))
    }
}
