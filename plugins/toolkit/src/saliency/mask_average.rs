//! The average over masks of a number for each, at every pixel.

use lacuna_plugin::{Error, ImageShape, Tensor};

/// The average, for every pixel u, over masks m_k of numbers v_k, weighted by the masks:
/// sum_k v_k m_k(u) / sum_k m_k(u).
#[derive(Debug)]
pub struct MaskAverage {
    /// sum_k v_k m_k, (N, pixels).
    total: Tensor,
    /// sum_k m_k, (1, pixels).
    weight: Tensor,
    /// The shape of the images.
    shape: ImageShape,
}

impl MaskAverage {
    /// An average over no masks yet, for images of this shape.
    ///
    /// # Errors
    /// What the host refuses.
    pub fn new(shape: ImageShape) -> Result<Self, Error> {
        let zeros = |rows| Tensor::full(&[rows, shape.pixels()], 0.0).check();
        Ok(Self { total: zeros(shape.images())?, weight: zeros(1)?, shape })
    }

    /// Adds numbers (count, N), and `count` masks of one channel that are the same for every image.
    ///
    /// # Errors
    /// Whatever an operation before refused.
    pub fn add(&mut self, values: &Tensor, masks: &Tensor) -> Result<(), Error> {
        let shape = masks.image_shape()?;
        let masks = masks.reshape(&[shape.images(), shape.pixels()]);
        self.total = (&self.total + values.permute(&[1, 0]).matrix_multiply(&masks)).check()?;
        self.weight = (&self.weight + masks.sum(&[0])).check()?;
        Ok(())
    }

    /// sum_k v_k m_k(u) for each image.
    pub fn total(&self) -> Tensor {
        self.total.reshape(&self.shape.masks())
    }

    /// sum_k m_k(u), the same for every image.
    pub fn weight(&self) -> Tensor {
        self.weight.reshape(&self.shape.with(1, 1))
    }

    /// The average for each image; 0 where no mask was.
    pub fn average(&self) -> Tensor {
        (&self.total / self.weight.clamp(1e-6, f32::MAX)).reshape(&self.shape.masks())
    }
}
