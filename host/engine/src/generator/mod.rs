//! The model of healthy images: f_VAE of Uzunova 2019, Sec. 2.2, or any other that an ONNX file holds.

mod manifest;
mod open;

pub use manifest::GeneratorManifest;

use crate::fed::Fed;
use crate::graph::network::PassCost;
use crate::input::Layout;
use crate::{Device, Error, Interpolation, ReluRule, Result, Tensor};
use std::sync::Arc;

/// What a generator says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratorInfo {
    pub name: String,
    /// Channels of the images that it makes.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Dimensions of z; none for a network without one.
    pub latent: Option<usize>,
    /// What loading the model found that its user should know, once.
    pub notes: Vec<String>,
}

/// A frozen generator on a device. Cheap to clone; nothing changes it.
#[derive(Clone, Debug)]
pub struct Generator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    info: GeneratorInfo,
    networks: Networks,
    /// Scale and shift before the network, (1, C, 1, 1) each.
    normalisation: Option<(Tensor, Tensor)>,
    normalised_output: bool,
    /// Whether a gradient passes its networks.
    differentiable: bool,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each generator")]
enum Networks {
    /// Images to images.
    Whole(Fed),
    /// Images to z, and z to images.
    Latent { encoder: Fed, decoder: Fed, variational: bool },
}

impl Generator {
    pub fn info(&self) -> &GeneratorInfo {
        &self.inner.info
    }

    pub fn device(&self) -> &Device {
        self.inner.device()
    }

    /// What a pass through all of its networks takes of the device for each image.
    pub fn pass_cost(&self) -> PassCost {
        match &self.inner.networks {
            Networks::Whole(network) => network.network.cost(),
            Networks::Latent { encoder, decoder, .. } => encoder.network.cost().then(decoder.network.cost()),
        }
    }

    /// The healthy images (N, C, H, W) in [0, 1] that the model makes of `images` (N, C, H, W) in [0, 1], on their grid
    /// and with their channels: R = f(x0) (Uzunova 2019, Eq. 2). A latent model uses the mean of z.
    ///
    /// # Errors
    /// [`Error::Shape`] for anything that is no image.
    pub fn reconstruct(&self, images: &Tensor) -> Result<Tensor> {
        let [_, channels, height, width] = images.image_shape("reconstruct")?;
        let made = match &self.inner.networks {
            Networks::Whole(network) => {
                self.inner.finished(&self.inner.run(network, &self.inner.prepared(images)?)?)?
            }
            Networks::Latent { .. } => {
                return self.decode(&self.encode(images)?, height, width)?.with_channels(channels);
            }
        };
        made.resize(&[height, width], Interpolation::Bilinear)?.with_channels(channels)
    }

    /// The mean of z (N, L) for images (N, C, H, W) in [0, 1].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a model without z.
    pub fn encode(&self, images: &Tensor) -> Result<Tensor> {
        let (code, latent) = self.inner.code(images)?;
        code.slice(1, 0, latent)
    }

    /// The standard deviation sigma of z (N, L) for images (N, C, H, W) in [0, 1].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a model that is not variational.
    pub fn deviation(&self, images: &Tensor) -> Result<Tensor> {
        match &self.inner.networks {
            Networks::Latent { variational: true, .. } => {
                let (code, latent) = self.inner.code(images)?;
                code.slice(1, latent, 2 * latent)?.affine(0.5, 0.0)?.exponential()
            }
            _ => Err(Error::Unsupported(format!(
                "the generator `{}` is not variational: z has no spread; use a variational autoencoder, such as Lacuna trains",
                self.info().name
            ))),
        }
    }

    /// The images (N, C, `height`, `width`) of z (N, L), with the model's channels.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a model without z; [`Error::Shape`] for another L.
    pub fn decode(&self, latent: &Tensor, height: usize, width: usize) -> Result<Tensor> {
        let Networks::Latent { decoder, .. } = &self.inner.networks else { return Err(self.inner.no_latent()) };
        if let Some(expected) = self.info().latent
            && latent.shape().get(1..) != Some(&[expected][..])
        {
            return Err(Error::shape("decode", format!("(N, {expected})"), &latent.shape()));
        }
        self.inner.finished(&self.inner.run(decoder, latent)?)?.resize(&[height, width], Interpolation::Bilinear)
    }
}

impl Inner {
    fn device(&self) -> &Device {
        match &self.networks {
            Networks::Whole(fed) | Networks::Latent { encoder: fed, .. } => fed.network.device(),
        }
    }

    /// What one of the networks makes of images or of z.
    ///
    /// # Errors
    /// [`Error::NotDifferentiable`] for what is tracked where no gradient passes.
    fn run(&self, fed: &Fed, given: &Tensor) -> Result<Tensor> {
        if given.is_tracked() && !self.differentiable {
            return Err(Error::NotDifferentiable(format!(
                "no gradient passes the generator `{}`; detach its input, or use a generator of numbers with a fraction",
                self.info.name
            )));
        }
        fed.run(given, ReluRule::Plain)
    }

    /// What the encoder makes of images, and the dimensions of z.
    fn code(&self, images: &Tensor) -> Result<(Tensor, usize)> {
        let Networks::Latent { encoder, variational, .. } = &self.networks else { return Err(self.no_latent()) };
        let code = self.run(encoder, &self.prepared(images)?)?;
        let parts = if *variational { 2 } else { 1 };
        match code.shape()[..] {
            [_, wide] if wide % parts == 0 => Ok((code, wide / parts)),
            ref other => Err(Error::shape("encode", format!("(N, {parts} L) from the encoder"), other)),
        }
    }

    fn no_latent(&self) -> Error {
        Error::Unsupported(format!(
            "the generator `{}` is one graph from images to images and has no z; use one with an encoder and a decoder",
            self.info.name
        ))
    }

    /// Images on the model's grid, with its channels, normalised.
    fn prepared(&self, images: &Tensor) -> Result<Tensor> {
        let info = &self.info;
        let fitted =
            images.with_channels(info.channels)?.resize(&[info.height, info.width], Interpolation::Bilinear)?;
        match &self.normalisation {
            Some((scale, shift)) => fitted.multiply(scale)?.add(shift),
            None => Ok(fitted),
        }
    }

    /// What the network made, in [0, 1].
    fn finished(&self, made: &Tensor) -> Result<Tensor> {
        let layout = match &self.networks {
            Networks::Whole(fed) | Networks::Latent { decoder: fed, .. } => fed.layout(),
        };
        let made = match (layout, made.shape().len()) {
            (Layout::ChannelsLast, 4) => &made.permute(&[0, 3, 1, 2])?,
            _ => made,
        };
        let made = match &self.normalisation {
            Some((scale, shift)) if self.normalised_output => made.subtract(shift)?.divide(scale)?,
            _ => made.clone(),
        };
        made.clamp(0.0, 1.0)
    }
}
