//! Sums, means, maxima, and products of matrices.

use super::{Tensor, check_shape};
use crate::kernels::FrozenOps;
use crate::{Error, Result, interrupt, tape::count_result};
use burn::backend::Dispatch;
use burn::backend::ops::{ActivationOps, FloatTensorOps};

/// The CPU backend adds in parallel from this number of elements on.
const LONG: usize = 1 << 22;

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
            return Ok(self.total()?.reshape_unchecked(&vec![1; rank]));
        }
        let mut unique = dimensions.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let primitive =
            unique.iter().fold(self.in_order()?.primitive(), |sum, axis| Dispatch::float_sum_dim(sum, *axis));
        // One is counted for the result.
        unique.iter().skip(1).filter(|_| self.is_tracked()).for_each(|_| count_result());
        Ok(self.like(primitive))
    }

    /// The sum of all elements. The CPU backend adds the parts of a long list in the order in which its threads end
    /// (burn-flex 0.22.1, from 2^22 elements on), so here the parts are rows, and their sums are added one after the other.
    fn total(&self) -> Result<Self> {
        const ROW: usize = 1 << 16;
        let count = self.elements();
        if count < LONG || !self.device().is_cpu() {
            return Ok(self.like(Dispatch::float_sum(self.primitive())));
        }
        let flat = self.reshape(&[count])?;
        let whole = count - count % ROW;
        let rows = if whole == count { flat.clone() } else { flat.slice(0, 0, whole)? };
        let rows = rows.reshape(&[whole / ROW, ROW])?;
        let total = rows.like(Dispatch::float_sum_dim(rows.primitive(), 1)).reshape(&[whole / ROW])?.total()?;
        if whole == count { Ok(total) } else { total.add(&flat.slice(0, whole, count)?.total()?) }
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
        let largest = |x: &Self| Ok(self.like(Dispatch::float_max_dim(x.primitive(), dimension)));
        if self.goes_in_parts(0) { self.in_parts_beside(dimension, largest) } else { largest(self) }
    }

    /// Softmax along one dimension.
    ///
    /// # Errors
    /// [`Error::Argument`] when the dimension does not exist.
    pub fn softmax(&self, dimension: usize) -> Result<Self> {
        self.size("softmax", dimension)?;
        if self.goes_in_parts(0) {
            return self.in_parts_beside(dimension, |part| part.whole_softmax(dimension));
        }
        self.whole_softmax(dimension)
    }

    fn whole_softmax(&self, dimension: usize) -> Result<Self> {
        let last = self.shape().len() - 1;
        if dimension != last && self.device().is_cpu() {
            // Burn 0.22.1 turns the axes itself, and leaves those of size 1 with strides by which its reductions read other
            // numbers, or none that there are.
            let mut order: Vec<usize> = (0..=last).collect();
            order.swap(dimension, last);
            return self.permute(&order)?.whole_softmax(last)?.permute(&order);
        }
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
        self.product(other, &result)
    }

    /// The product of what fits, in parts if it is so large that somebody may want to interrupt it.
    fn product(&self, other: &Self, shape: &[usize]) -> Result<Self> {
        let inner = self.shape().last().copied().unwrap_or(1);
        let work = shape.iter().chain([&inner]).fold(2.0, |work, size| work * *size as f64);
        // The longest axis of the result, which is an axis of one factor or of both.
        let longest = (0..shape.len()).max_by_key(|axis| shape[*axis]).filter(|_| work > WORK_OF_A_PART);
        let Some(axis) = longest.filter(|axis| shape[*axis] > 1) else {
            let product = self.like(Dispatch::float_matmul(self.primitive(), other.primitive()));
            return Ok(product);
        };
        let parts = ((work / WORK_OF_A_PART).ceil() as usize).min(shape[axis]);
        let size = shape[axis].div_ceil(parts);
        let (left, right) = (self.shape(), other.shape());
        let part = |x: &Self, sizes: &[usize], from: usize, to: usize, other_factors: usize| {
            if axis == other_factors || sizes[axis] == 1 { Ok(x.clone()) } else { x.slice(axis, from, to) }
        };
        let mut made = Vec::with_capacity(parts);
        for from in (0..shape[axis]).step_by(size) {
            interrupt::check()?;
            let to = (from + size).min(shape[axis]);
            let rank = shape.len();
            let (a, b) = (part(self, &left, from, to, rank - 1)?, part(other, &right, from, to, rank - 2)?);
            let product = self.like(Dispatch::float_matmul(a.primitive(), b.primitive()));
            made.push(match product.is_tracked() {
                true => self.like(Dispatch::alone(product.primitive())),
                false => product,
            });
        }
        Self::concatenate(&made, axis)
    }
}

/// Multiplications and additions of one part of a product: a second on a slow processor.
const WORK_OF_A_PART: f64 = 2e10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    #[test]
    fn long_sums_are_the_same_with_any_number_of_threads() {
        for count in [LONG, LONG + 12_345] {
            let x = Tensor::normal(&Device::cpu(), &[count], 0.0, 1.0, 7).unwrap();
            let expected: f64 = x.read().unwrap().iter().map(|x| f64::from(*x)).sum();
            let sum = || x.sum(&[]).unwrap().read().unwrap()[0];
            let found = sum();
            assert!((f64::from(found) - expected).abs() < 0.05, "{found} for {expected}");
            for threads in [1, 2, 3, 16] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                (0..5).for_each(|_| assert_eq!(pool.install(sum).to_bits(), found.to_bits(), "{threads} threads"));
            }
        }
        let leaf = Tensor::full(&Device::cpu(), &[LONG + 5], 1.0).unwrap().track().unwrap();
        let gradient = leaf.sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap();
        assert!(gradient.iter().all(|slope| *slope == 1.0));
    }
}
