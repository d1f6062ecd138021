//! Tensors: handles to numbers on the host's device.

use std::rc::Rc;

pub use crate::bindings::imports::tensors::Interpolation;
use crate::bindings::imports::tensors::Tensor as Handle;
use crate::error::Error;

/// 32-bit floating point numbers of rank 1 to 8; images are (N, C, H, W), volumes (N, C, D, H, W).
///
/// A tensor is either a handle or the error of the operation that failed to make it, which every
/// operation on it hands on. So formulas read as in the paper, without a `?` after each operator,
/// and no error is lost: whatever leaves the plugin (a map, a term that is reported, numbers that
/// are read) checks, and so does [`Tensor::check`]. Cloning copies the handle, not the numbers.
#[must_use = "a tensor that is not used may carry an error that nobody sees"]
#[derive(Clone, Debug)]
pub struct Tensor(Result<Rc<Handle>, Error>);

/// Making tensors.
impl Tensor {
    /// Every element equal to `value`.
    pub fn full(shape: &[u32], value: f32) -> Self {
        Handle::full(shape, value).into()
    }

    /// Row-major `data`, whose length is the product of `shape`.
    pub fn from_data(shape: &[u32], data: &[f32]) -> Self {
        Handle::from_data(shape, data).into()
    }

    /// Uniform in [low, high); the same seed gives the same numbers on every device.
    pub fn uniform(shape: &[u32], low: f32, high: f32, seed: u64) -> Self {
        Handle::uniform(shape, low, high, seed).into()
    }

    /// Normal; the same seed gives the same numbers.
    pub fn normal(shape: &[u32], mean: f32, deviation: f32, seed: u64) -> Self {
        Handle::normal(shape, mean, deviation, seed).into()
    }

    /// Joins along `dimension`; the other sizes are equal.
    pub fn concatenate(parts: &[&Tensor], dimension: u32) -> Self {
        let handles: Result<Vec<&Handle>, Error> = parts.iter().map(|part| part.handle()).collect();
        handles.and_then(|handles| Handle::concatenate(&handles, dimension)).into()
    }
}

/// Where errors surface.
impl Tensor {
    /// The tensor, or the first error of the operations that made it.
    ///
    /// # Errors
    /// Whatever an operation before refused.
    pub fn check(self) -> Result<Self, Error> {
        self.handle()?;
        Ok(self)
    }

    /// Sizes, outermost first.
    ///
    /// # Errors
    /// Whatever an operation before refused.
    pub fn shape(&self) -> Result<Vec<u32>, Error> {
        Ok(self.handle()?.shape())
    }

    /// Row-major numbers. Waits for the device and is counted: describe [`crate::Need::Readback`].
    ///
    /// # Errors
    /// The limit on readback, and whatever an operation before refused.
    pub fn read(&self) -> Result<Vec<f32>, Error> {
        self.handle()?.read()
    }
}

/// Elementwise operations; `+ - * /` are operators.
impl Tensor {
    /// The smaller of the two, element by element; shapes broadcast.
    pub fn minimum(&self, other: &Tensor) -> Self {
        self.with(other, Handle::minimum)
    }

    /// The larger of the two, element by element; shapes broadcast.
    pub fn maximum(&self, other: &Tensor) -> Self {
        self.with(other, Handle::maximum)
    }

    /// 1 where this is greater than the other, else 0. Has no gradient.
    pub fn greater(&self, other: &Tensor) -> Self {
        self.with(other, Handle::greater)
    }

    /// `scale * x + offset`, in one call.
    pub fn affine(&self, scale: f32, offset: f32) -> Self {
        self.map(|x| x.affine(scale, offset))
    }

    /// Values below `low` become `low`, above `high` become `high`.
    pub fn clamp(&self, low: f32, high: f32) -> Self {
        self.map(|x| x.clamp(low, high))
    }

    /// `x ^ exponent`; for a whole exponent any x, else x >= 0.
    pub fn power(&self, exponent: f32) -> Self {
        self.map(|x| x.power(exponent))
    }

    /// |x|.
    pub fn absolute(&self) -> Self {
        self.map(Handle::absolute)
    }

    /// e ^ x.
    pub fn exponential(&self) -> Self {
        self.map(Handle::exponential)
    }

    /// Natural logarithm.
    pub fn logarithm(&self) -> Self {
        self.map(Handle::logarithm)
    }

    /// Square root.
    pub fn square_root(&self) -> Self {
        self.map(Handle::square_root)
    }

    /// 1 / (1 + e ^ -x).
    pub fn sigmoid(&self) -> Self {
        self.map(Handle::sigmoid)
    }

    /// max(x, 0).
    pub fn relu(&self) -> Self {
        self.map(Handle::relu)
    }
}

/// Reductions and products.
impl Tensor {
    /// Sum over the dimensions, which stay with size 1; over all of them when there are none.
    pub fn sum(&self, dimensions: &[u32]) -> Self {
        self.map(|x| x.sum(dimensions))
    }

    /// Mean over the dimensions, which stay with size 1; over all of them when there are none.
    pub fn mean(&self, dimensions: &[u32]) -> Self {
        self.map(|x| x.mean(dimensions))
    }

    /// Largest element along one dimension, which stays with size 1.
    pub fn max_along(&self, dimension: u32) -> Self {
        self.map(|x| x.max_along(dimension))
    }

    /// Softmax along one dimension.
    pub fn softmax(&self, dimension: u32) -> Self {
        self.map(|x| x.softmax(dimension))
    }

    /// Matrix product of the last two dimensions, the others equal.
    pub fn matrix_multiply(&self, other: &Tensor) -> Self {
        self.with(other, Handle::matrix_multiply)
    }
}

/// Layout.
impl Tensor {
    /// The same numbers in another shape.
    pub fn reshape(&self, shape: &[u32]) -> Self {
        self.map(|x| x.reshape(shape))
    }

    /// Dimension i of the result is dimension `order[i]` of this.
    pub fn permute(&self, order: &[u32]) -> Self {
        self.map(|x| x.permute(order))
    }

    /// The elements `range` of one dimension.
    pub fn slice(&self, dimension: u32, range: std::ops::Range<u32>) -> Self {
        self.map(|x| x.slice(dimension, range.start, range.end))
    }

    /// Reversed along one dimension.
    pub fn flip(&self, dimension: u32) -> Self {
        self.map(|x| x.flip(dimension))
    }
}

/// Images and masks.
impl Tensor {
    /// Images to the spatial `sizes`, (height, width) or (depth, height, width), half-pixel centres; its adjoint is exact.
    pub fn resize(&self, sizes: &[u32], how: Interpolation) -> Self {
        self.map(|x| x.resize(sizes, how))
    }

    /// Gaussian of standard deviation `sigma` pixels along every spatial dimension of images, edges replicated.
    pub fn gaussian_blur(&self, sigma: f32) -> Self {
        self.map(|x| x.gaussian_blur(&[sigma]))
    }

    /// Images moved by whole pixels towards larger indices, a number for each spatial dimension; edges replicated.
    pub fn translate(&self, offsets: &[i32]) -> Self {
        self.map(|x| x.translate(offsets))
    }

    /// `m * x + (1 - m) * R` (Uzunova 2019, Eq. 2), for a mask m of one channel.
    pub fn blend(&self, reference: &Tensor, mask: &Tensor) -> Self {
        let blended = || self.handle()?.blend(reference.handle()?, mask.handle()?);
        blended().into()
    }

    /// Sum over u of ||grad x(u)||^beta for each mask, shape (N): the TV norm
    /// (Uzunova 2019, Eq. 1), isotropic with forward differences.
    pub fn total_variation(&self, beta: f32) -> Self {
        self.map(|x| x.total_variation(beta))
    }
}

impl From<Result<Handle, Error>> for Tensor {
    fn from(result: Result<Handle, Error>) -> Self {
        Self(result.map(Rc::new))
    }
}

impl From<Error> for Tensor {
    fn from(error: Error) -> Self {
        Self(Err(error))
    }
}

impl Tensor {
    pub(crate) fn handle(&self) -> Result<&Handle, Error> {
        self.0.as_deref().map_err(Clone::clone)
    }

    /// The handle itself, as an export gives it away.
    pub(crate) fn into_handle(self) -> Result<Handle, Error> {
        Rc::try_unwrap(self.0?).or_else(|shared| shared.share())
    }

    pub(crate) fn map(&self, operation: impl FnOnce(&Handle) -> Result<Handle, Error>) -> Self {
        self.handle().and_then(operation).into()
    }

    pub(crate) fn with(
        &self,
        other: &Tensor,
        operation: impl FnOnce(&Handle, &Handle) -> Result<Handle, Error>,
    ) -> Self {
        let both = || operation(self.handle()?, other.handle()?);
        both().into()
    }
}
