//! What each pixel's masks have in common.

use crate::{Error, Tensor};

/// For every pixel u the average over masks m_k of numbers v_k, weighted by the masks:
/// sum_k v_k m_k(u) / sum_k m_k(u).
#[derive(Debug)]
pub struct MaskAverage {
    /// (N, H W).
    total: Tensor,
    /// (1, H W).
    weight: Tensor,
    /// N, 1, H, W.
    shape: [u32; 4],
}

impl MaskAverage {
    /// Of nothing yet, for images of shape (N, C, H, W).
    ///
    /// # Errors
    /// What the host refuses.
    pub fn new([n, _, h, w]: [u32; 4]) -> Result<Self, Error> {
        let zeros = |rows| Tensor::full(&[rows, h * w], 0.0).check();
        Ok(Self { total: zeros(n)?, weight: zeros(1)?, shape: [n, 1, h, w] })
    }

    /// Adds numbers (count, N), and masks (count, 1, H, W) that are the same for every image.
    ///
    /// # Errors
    /// Whatever an operation before refused.
    pub fn add(&mut self, values: &Tensor, masks: &Tensor) -> Result<(), Error> {
        let [count, _, h, w] = masks.image_shape()?;
        let masks = masks.reshape(&[count, h * w]);
        self.total = (&self.total + values.permute(&[1, 0]).matrix_multiply(&masks)).check()?;
        self.weight = (&self.weight + masks.sum(&[0])).check()?;
        Ok(())
    }

    /// sum_k v_k m_k(u), (N, 1, H, W).
    pub fn total(&self) -> Tensor {
        self.total.reshape(&self.shape)
    }

    /// sum_k m_k(u), (1, 1, H, W).
    pub fn weight(&self) -> Tensor {
        let [_, _, h, w] = self.shape;
        self.weight.reshape(&[1, 1, h, w])
    }

    /// The average (N, 1, H, W); 0 where no mask was.
    pub fn average(&self) -> Tensor {
        (&self.total / self.weight.clamp(1e-6, f32::MAX)).reshape(&self.shape)
    }
}
