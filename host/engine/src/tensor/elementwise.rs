//! Elementwise arithmetic; two operands broadcast as in NumPy.

use super::parts::in_parts;
use super::{Primitive, Tensor};
use crate::{Error, Result, interrupt};
use burn::backend::Dispatch;
use burn::backend::ops::{ActivationOps, BoolTensorOps, FloatTensorOps};
use burn::backend::tensor::BoolTensor;
use burn::tensor::{BoolDType, FloatDType};

impl Tensor {
    /// # Errors
    /// [`Error::Shape`] when the shapes do not broadcast; so for every operation of two tensors.
    pub fn add(&self, other: &Self) -> Result<Self> {
        self.binary("add", other, Dispatch::float_add)
    }

    /// See [`Tensor::add`] for errors.
    pub fn subtract(&self, other: &Self) -> Result<Self> {
        self.binary("subtract", other, Dispatch::float_sub)
    }

    /// See [`Tensor::add`] for errors.
    pub fn multiply(&self, other: &Self) -> Result<Self> {
        self.binary("multiply", other, Dispatch::float_mul)
    }

    /// See [`Tensor::add`] for errors.
    pub fn divide(&self, other: &Self) -> Result<Self> {
        self.binary("divide", other, Dispatch::float_div)
    }

    /// The smaller of two elements; the gradient goes to that one, and to this one where they are the same. NaN in one of them gives
    /// NaN. On a GPU an infinite element gives NaN too.
    pub fn minimum(&self, other: &Self) -> Result<Self> {
        let smaller = |other: Primitive, own: Primitive| Dispatch::float_lower(other, own, BoolDType::Native);
        self.either("minimum", other, smaller, || self.greater(other))
    }

    /// The larger of two elements, as [`Tensor::minimum`] the smaller.
    pub fn maximum(&self, other: &Self) -> Result<Self> {
        let larger = |other: Primitive, own: Primitive| Dispatch::float_greater(other, own, BoolDType::Native);
        self.either("maximum", other, larger, || other.greater(self))
    }

    /// The other's elements where they win, else its own: chosen, not computed, since in sums of large and small numbers the small
    /// ones are lost. `share` is 1 where the other wins, for devices that cannot choose.
    fn either(
        &self,
        operation: &str,
        other: &Self,
        wins: impl Fn(Primitive, Primitive) -> BoolTensor<Dispatch>,
        share: impl FnOnce() -> Result<Self>,
    ) -> Result<Self> {
        if !self.device().is_cpu() {
            let share = share()?;
            return self.multiply(&share.affine(-1.0, 1.0)?)?.add(&other.multiply(&share)?);
        }
        let shape = broadcast(operation, &self.shape(), &other.shape())?;
        self.filling(&shape)?.binary(operation, &other.filling(&shape)?, |own, other| {
            let wins = wins(other.clone(), own.clone());
            let is_nan = Dispatch::float_is_nan(other.clone(), BoolDType::Native);
            Dispatch::float_mask_where(own, Dispatch::bool_or(wins, is_nan), other)
        })
    }

    /// The same elements in a larger shape that they broadcast to.
    fn filling(&self, shape: &[usize]) -> Result<Self> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        self.multiply(&Self::full(self.device(), shape, 1.0)?)
    }

    /// 1 where this is greater than the other, else 0. Has no gradient.
    pub fn greater(&self, other: &Self) -> Result<Self> {
        if self.device().is_cpu() {
            return self.detach()?.binary("greater", &other.detach()?, |left, right| {
                Dispatch::bool_into_float(Dispatch::float_greater(left, right, BoolDType::Native), FloatDType::F32)
            });
        }
        // Only the sign of the difference counts; arithmetic, because not every GPU can store booleans.
        let above = self.detach()?.subtract(&other.detach()?)?.affine(1e30, 0.0)?;
        // Twice: the smallest difference is 1e-45.
        above.affine(1e30, 0.0)?.clamp(0.0, 1.0)
    }

    /// `scale * x + offset`.
    pub fn affine(&self, scale: f32, offset: f32) -> Result<Self> {
        self.each(&|x| {
            let scaled = Dispatch::float_mul_scalar(x, scale.into());
            if offset == 0.0 { scaled } else { Dispatch::float_add_scalar(scaled, offset.into()) }
        })
    }

    /// Values below `low` become `low`, above `high` become `high`.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `low` <= `high`.
    pub fn clamp(&self, low: f32, high: f32) -> Result<Self> {
        if low > high || low.is_nan() || high.is_nan() {
            return Err(Error::argument("clamp", "low", format!("at most high, which is {high}"), low));
        }
        self.each(&|x| Dispatch::float_clamp(x, low.into(), high.into()))
    }

    /// `x ^ exponent`; for a whole exponent any x, else x >= 0.
    ///
    /// # Errors
    /// [`Error::Argument`] for an exponent below -1000 or above 1000.
    pub fn power(&self, exponent: f32) -> Result<Self> {
        if !(-1000.0..=1000.0).contains(&exponent) {
            return Err(Error::argument("power", "exponent", "-1000 to 1000", exponent));
        }
        self.each(&|x| Dispatch::float_powf_scalar(x, exponent.into()))
    }

    pub fn absolute(&self) -> Result<Self> {
        self.each(&|x| Dispatch::float_abs(x))
    }

    pub fn exponential(&self) -> Result<Self> {
        self.each(&|x| Dispatch::float_exp(x))
    }

    /// Natural logarithm.
    pub fn logarithm(&self) -> Result<Self> {
        self.each(&|x| Dispatch::float_log(x))
    }

    pub fn square_root(&self) -> Result<Self> {
        self.each(&|x| Dispatch::float_sqrt(x))
    }

    /// The nearest whole numbers, halves to the even one. Has no gradient.
    pub fn rounded(&self) -> Result<Self> {
        let x = self.detach()?;
        Ok(x.like(Dispatch::float_round(x.primitive())))
    }

    pub fn sigmoid(&self) -> Result<Self> {
        self.each(&|x| Dispatch::sigmoid(x))
    }

    pub fn relu(&self) -> Result<Self> {
        self.each(&|x| Dispatch::relu(x))
    }

    /// Brings both to one rank, checks that they broadcast, and computes.
    fn binary(
        &self,
        operation: &str,
        other: &Self,
        compute: impl Fn(Primitive, Primitive) -> Primitive,
    ) -> Result<Self> {
        let shape = broadcast(operation, &self.shape(), &other.shape())?;
        let [left, right] = [self, other].map(|x| x.reshape_unchecked(&aligned(&x.shape(), shape.len())));
        if left.goes_in_parts(shape.iter().product()) && !right.is_tracked() {
            let work = |parts: &[Self]| Ok(self.like(compute(parts[0].primitive(), parts[1].primitive())));
            return in_parts(&[&left, &right], &shape, &work);
        }
        interrupt::check()?;
        Ok(self.like(compute(left.primitive(), right.primitive())))
    }

    /// An operation on each element.
    fn each(&self, compute: &dyn Fn(Primitive) -> Primitive) -> Result<Self> {
        if self.goes_in_parts(0) {
            return in_parts(&[self], &self.shape(), &|parts| Ok(self.like(compute(parts[0].primitive()))));
        }
        interrupt::check()?;
        Ok(self.like(compute(self.primitive())))
    }
}

/// The shape that two shapes broadcast to.
fn broadcast(operation: &str, left: &[usize], right: &[usize]) -> Result<Vec<usize>> {
    let rank = left.len().max(right.len());
    let both = || aligned(left, rank).into_iter().zip(aligned(right, rank));
    if both().any(|(a, b)| a != b && a != 1 && b != 1) {
        return Err(Error::shape(operation, format!("a shape that broadcasts with {left:?}"), right));
    }
    Ok(both().map(|(a, b)| a.max(b)).collect())
}

fn aligned(shape: &[usize], rank: usize) -> Vec<usize> {
    let mut aligned = vec![1; rank - shape.len()];
    aligned.extend_from_slice(shape);
    aligned
}
