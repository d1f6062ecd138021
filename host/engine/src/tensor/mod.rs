//! Arrays of 32-bit floating point numbers on a device, of any rank from 1 to 8.
//!
//! A tensor is a handle: cloning it copies no numbers. Every call checks shapes before it computes
//! and returns an [`Error`] for what does not fit; none panics.

mod elementwise;
mod image;
mod normal;
mod parts;
mod random;
mod reduce;
mod separable;
mod shape;

pub use image::Interpolation;
use parts::PART;

use crate::{Device, Error, Result, interrupt, tape::count_result};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Dispatch, DispatchAutodiffContext, DispatchTensor, TensorMetadata};
use burn::tensor::TensorData;

pub(crate) type Primitive = FloatTensor<Dispatch>;

/// Most dimensions that a tensor has: images take four, volumes five.
pub const MAX_RANK: usize = 8;

/// Most elements of one tensor, so that sizes fit the 32-bit indices of GPU kernels.
pub const MAX_ELEMENTS: usize = u32::MAX as usize / 4;

/// A handle to numbers on a [`Device`].
#[derive(Clone)]
pub struct Tensor {
    primitive: DispatchTensor,
    device: Device,
}

impl Tensor {
    /// Every element equal to `value`.
    ///
    /// # Errors
    /// [`Error::Shape`] for a rank outside 1 to 8, a size of 0, or too many elements.
    pub fn full(device: &Device, shape: &[usize], value: f32) -> Result<Self> {
        check_shape("full", shape)?;
        let count: usize = shape.iter().product();
        let mut data = Vec::with_capacity(count);
        while data.len() < count {
            interrupt::check()?;
            data.resize(count.min(data.len() + PART), value);
        }
        Ok(Self::upload(device, shape, data))
    }

    /// Row-major `data` of the given shape.
    ///
    /// # Errors
    /// [`Error::Shape`] when the length is not the product of the shape, and as [`Tensor::full`].
    pub fn from_data(device: &Device, shape: &[usize], data: Vec<f32>) -> Result<Self> {
        check_shape("from-data", shape)?;
        let elements: usize = shape.iter().product();
        if data.len() != elements {
            return Err(Error::shape(
                "from-data",
                format!("a shape of {} elements, as many as the data has", data.len()),
                shape,
            ));
        }
        Ok(Self::upload(device, shape, data))
    }

    fn upload(device: &Device, shape: &[usize], data: Vec<f32>) -> Self {
        let length = data.len();
        let flat = burn::tensor::Tensor::<1>::from_data(TensorData::new(data, [length]), device.burn());
        Self::wrap(device, flat.into_dispatch()).reshape_unchecked(shape)
    }

    /// A tensor that depends on no leaf stays outside the gradient graph: Burn would keep a node for each result in it.
    pub(crate) fn wrap(device: &Device, primitive: DispatchTensor) -> Self {
        let inside = primitive.autodiff != DispatchAutodiffContext::Disabled;
        let primitive = match burn::tensor::Tensor::<1>::from_dispatch(primitive) {
            tensor if inside && !tensor.is_tracked() => tensor.without_autodiff(),
            tensor => tensor,
        }
        .into_dispatch();
        if primitive.autodiff != DispatchAutodiffContext::Disabled {
            count_result();
        }
        Self { primitive, device: device.clone() }
    }

    /// A result on the same device.
    pub(crate) fn like(&self, primitive: DispatchTensor) -> Self {
        Self::wrap(&self.device, primitive)
    }

    pub(crate) fn primitive(&self) -> DispatchTensor {
        self.primitive.clone()
    }

    pub(crate) fn burn<const D: usize>(&self) -> burn::tensor::Tensor<D> {
        burn::tensor::Tensor::from_dispatch(self.primitive.clone())
    }

    /// Whether nobody else holds the numbers, be it another handle or the gradient graph.
    #[cfg(test)]
    pub(crate) fn is_only_handle(&self) -> bool {
        self.primitive.can_mut()
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Sizes of the dimensions, outermost first.
    pub fn shape(&self) -> Vec<usize> {
        self.primitive.shape().iter().copied().collect()
    }

    pub fn elements(&self) -> usize {
        self.shape().iter().product()
    }

    /// Bytes on the device.
    pub fn bytes(&self) -> u64 {
        self.elements() as u64 * 4
    }

    /// The numbers, row-major. Waits for the device.
    ///
    /// # Errors
    /// [`Error::Device`] when the computation behind them failed.
    pub fn read(&self) -> Result<Vec<f32>> {
        let data = self
            .burn::<1>()
            .try_into_data()
            .map_err(|error| Error::Device(format!("{}: {error}", self.device.name())))?;
        data.try_into_vec::<f32>()
            .map_err(|error| Error::Device(format!("numbers came back in another type: {error:?}")))
    }

    /// Whether every element is a finite number.
    ///
    /// # Errors
    /// As [`Tensor::read`].
    pub fn is_finite(&self) -> Result<bool> {
        // x * 0 is 0 for finite x and NaN otherwise, and NaN survives the sum.
        let zero = self.detach()?.affine(0.0, 0.0)?.sum(&[])?.read()?;
        Ok(zero.iter().all(|value| value.is_finite()))
    }

    /// N, C and the sizes of the spatial axes of (N, C, H, W) or (N, C, D, H, W), or the error that says it is something else.
    pub(crate) fn spatial_shape(&self, operation: &str) -> Result<(usize, usize, Vec<usize>)> {
        match self.shape().as_slice() {
            [n, c, spatial @ ..] if (2..=3).contains(&spatial.len()) => Ok((*n, *c, spatial.to_vec())),
            other => Err(Error::shape(operation, "(N, C, H, W) or (N, C, D, H, W)", other)),
        }
    }

    /// (N, C, H, W), or the error that says it is something else.
    pub(crate) fn image_shape(&self, operation: &str) -> Result<[usize; 4]> {
        <[usize; 4]>::try_from(self.shape()).map_err(|shape| Error::shape(operation, "(N, C, H, W)", &shape))
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Tensor({:?} on {})", self.shape(), self.device.name())
    }
}

pub(crate) fn check_shape(operation: &str, shape: &[usize]) -> Result<()> {
    if shape.is_empty() || shape.len() > MAX_RANK {
        return Err(Error::shape(operation, format!("1 to {MAX_RANK} dimensions"), shape));
    }
    if shape.contains(&0) {
        return Err(Error::shape(operation, "no dimension of size 0", shape));
    }
    let elements = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if elements.is_none_or(|elements| elements > MAX_ELEMENTS) {
        return Err(Error::shape(operation, format!("at most {MAX_ELEMENTS} elements"), shape));
    }
    Ok(())
}
