//! The model of healthy images.

use crate::bindings::imports::generators;
pub use crate::bindings::imports::generators::GeneratorInfo;
use crate::error::Error;
use crate::tensor::Tensor;

/// The generator that the user chose. A plugin that uses it describes [`crate::Need::Generator`].
#[derive(Debug)]
pub struct Generator(generators::Generator);

impl Generator {
    /// The generator of this run.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the user chose none.
    pub fn chosen() -> Result<Self, Error> {
        generators::chosen().map(Self)
    }

    /// Name, sizes, and dimensions of z.
    pub fn info(&self) -> GeneratorInfo {
        self.0.info()
    }

    /// R = f(x0) (Uzunova 2019, Eq. 2): the healthy images that the model makes of images (N, C, H, W) in [0, 1], of
    /// their shape.
    pub fn reconstruct(&self, images: &Tensor) -> Tensor {
        images.map(|images| self.0.reconstruct(images))
    }

    /// The mean of z, (N, L), for images (N, C, H, W). Refused by a model without z.
    pub fn encode(&self, images: &Tensor) -> Tensor {
        images.map(|images| self.0.encode(images))
    }

    /// The standard deviation of z, (N, L). Refused by a model that is not variational.
    pub fn deviation(&self, images: &Tensor) -> Tensor {
        images.map(|images| self.0.deviation(images))
    }

    /// z (N, L) to images of the spatial `sizes` in [0, 1], with the model's channels.
    pub fn decode(&self, latent: &Tensor, sizes: &[u32]) -> Tensor {
        latent.map(|latent| self.0.decode(latent, sizes))
    }
}
