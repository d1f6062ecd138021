//! The perturbation operator, as a method sees it.

use crate::bindings::imports::perturbations;
use crate::error::Error;
use crate::tensor::Tensor;

/// Phi(x; .) for one batch of images (Uzunova 2019, Eq. 2): some perturbation plugin, which one is
/// the user's choice. Gradients flow through it.
#[derive(Debug)]
pub struct Phi(perturbations::Perturbation);

impl Phi {
    /// Prepares the deletion of regions of `images` (N, C, H, W) with the user's settings.
    ///
    /// # Errors
    /// What the perturbation refuses.
    pub fn create(images: &Tensor, seed: u64) -> Result<Self, Error> {
        perturbations::create(images.handle()?, &[], seed).map(Self)
    }

    /// The images with what `mask` (N, 1, H, W) does not keep deleted, (N, C, H, W).
    pub fn apply(&self, mask: &Tensor) -> Tensor {
        mask.map(|mask| self.0.apply(mask))
    }
}
