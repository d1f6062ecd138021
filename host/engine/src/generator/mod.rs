//! The model of healthy images: f_VAE of Uzunova 2019, Sec. 2.2, or any other that an ONNX file holds.

mod manifest;

pub use manifest::GeneratorManifest;

use crate::architecture::{Source, Start, VaeConfig, Weights, decoder, encoder};
use crate::graph::{self, Graph, Network};
use crate::model_file::ModelFiles;
use crate::tensor::SplitMix;
use crate::{Device, Error, Interpolation, ReluRule, Result, Tensor};
use std::path::Path;
use std::sync::Arc;

/// What a generator says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratorInfo {
    pub name: String,
    /// Of the images that it makes.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Dimensions of z; none for a network without one.
    pub latent: Option<usize>,
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
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each generator")]
enum Networks {
    /// Images to images.
    Whole(Network),
    /// Images to z, and z to images.
    Latent { encoder: Network, decoder: Network, variational: bool },
}

impl Generator {
    /// Loads the model of a manifest file.
    ///
    /// # Errors
    /// [`Error::Model`] that names the file, what was found in it, what was expected and the remedy.
    pub fn open(manifest: &Path, device: &Device) -> Result<Self> {
        let file = manifest.display().to_string();
        let text = std::fs::read_to_string(manifest).map_err(|error| {
            Error::Model(format!("{file}: the manifest cannot be read: {error}; give the path of a .toml file"))
        })?;
        let folder = manifest.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::from_manifest(&file, &GeneratorManifest::parse(&file, &text)?, &ModelFiles::Folder(folder), device)
    }

    /// Loads the model of a manifest whose files lie anywhere; `file` names it in messages.
    ///
    /// # Errors
    /// As [`Generator::open`].
    pub fn from_manifest(
        file: &str,
        manifest: &GeneratorManifest,
        files: &ModelFiles,
        device: &Device,
    ) -> Result<Self> {
        let onnx = |name: &String| {
            let bytes =
                files.read(name).map_err(|error| Error::Model(format!("{file}: `{name}` cannot be read: {error}")))?;
            network(graph::onnx::read(name, &bytes, files, None)?, device)
        };
        let model = &manifest.generator;
        let networks = match (&model.graph, &model.encoder, &model.decoder, &model.weights, &model.vae) {
            (Some(graph), ..) => Networks::Whole(onnx(graph)?),
            (_, Some(encoder), Some(decoder), ..) => {
                Networks::Latent { encoder: onnx(encoder)?, decoder: onnx(decoder)?, variational: model.variational }
            }
            (.., Some(name), Some(vae)) => {
                let weights = Weights::read(name, files)?;
                let in_file = |error: Error| Error::Model(format!("{file}: {name}: {error}"));
                let mut source = Source::File(&weights);
                Networks::Latent {
                    encoder: network(encoder(vae, &mut source).map_err(in_file)?, device)?,
                    decoder: network(decoder(vae, &mut source).map_err(in_file)?, device)?,
                    variational: true,
                }
            }
            _ => return Err(Error::Model(format!("{file}: no model"))),
        };
        let input = &manifest.input;
        let info = GeneratorInfo {
            name: manifest.name.clone(),
            channels: input.channels,
            height: input.height,
            width: input.width,
            latent: None,
        };
        let normalisation = input.normalisation(device)?;
        let normalised_output = model.normalised_output;
        Self { inner: Arc::new(Inner { info, networks, normalisation, normalised_output }) }.probed(file)
    }

    /// A variational autoencoder with random weights, to check plugins with.
    ///
    /// # Errors
    /// Sizes that do not fit together, and [`Error::Device`] when the device has no room.
    pub fn untrained(vae: &VaeConfig, seed: u64, device: &Device) -> Result<Self> {
        vae.check()?;
        let mut source = Source::Random { random: SplitMix(seed), start: Start::Plausible, classes: 0 };
        let networks = Networks::Latent {
            encoder: network(encoder(vae, &mut source)?, device)?,
            decoder: network(decoder(vae, &mut source)?, device)?,
            variational: true,
        };
        let name = "variational autoencoder, untrained".to_owned();
        let info = GeneratorInfo { name, channels: vae.channels, height: vae.size, width: vae.size, latent: None };
        let inner = Inner { info, networks, normalisation: None, normalised_output: false };
        Self { inner: Arc::new(inner) }.probed("an untrained generator")
    }

    /// Runs it once on a grey image, which finds what does not fit, and the dimensions of z.
    fn probed(self, file: &str) -> Result<Self> {
        let in_file = |error: Error| Error::Model(format!("{file}: the network refuses an image of [input]: {error}"));
        let GeneratorInfo { channels, height, width, .. } = *self.info();
        let probe = Tensor::full(self.device(), &[1, channels, height, width], 0.5)?;
        let latent = match &self.inner.networks {
            Networks::Whole(_) => None,
            Networks::Latent { .. } => {
                let z = self.encode(&probe).map_err(in_file)?;
                match z.shape()[..] {
                    [1, latent] => Some(latent),
                    ref other => {
                        return Err(Error::Model(format!(
                            "{file}: the encoder makes {other:?} for one image, expected (1, L); a variational one needs \
                             `variational = true` and (1, 2 L)"
                        )));
                    }
                }
            }
        };
        let made = self.reconstruct(&probe).map_err(in_file)?;
        if made.shape() != probe.shape() {
            return Err(Error::Model(format!(
                "{file}: the network makes {:?} of an image {:?}, expected the same shape",
                made.shape(),
                probe.shape()
            )));
        }
        let inner = Arc::try_unwrap(self.inner).map_err(|_| Error::Model(format!("{file}: in use while it loads")))?;
        Ok(Self { inner: Arc::new(Inner { info: GeneratorInfo { latent, ..inner.info }, ..inner }) })
    }

    pub fn info(&self) -> &GeneratorInfo {
        &self.inner.info
    }

    pub fn device(&self) -> &Device {
        match &self.inner.networks {
            Networks::Whole(network) | Networks::Latent { encoder: network, .. } => network.device(),
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
            Networks::Whole(network) => self.finished(&network.run(&self.prepared(images)?, ReluRule::Plain)?)?,
            Networks::Latent { .. } => {
                return self.decode(&self.encode(images)?, height, width)?.with_channels(channels);
            }
        };
        made.resize(height, width, Interpolation::Bilinear)?.with_channels(channels)
    }

    /// The mean of z (N, L) for images (N, C, H, W) in [0, 1].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a model without z.
    pub fn encode(&self, images: &Tensor) -> Result<Tensor> {
        let (code, latent) = self.code(images)?;
        code.slice(1, 0, latent)
    }

    /// The standard deviation sigma of z (N, L) for images (N, C, H, W) in [0, 1].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a model that is not variational.
    pub fn deviation(&self, images: &Tensor) -> Result<Tensor> {
        match &self.inner.networks {
            Networks::Latent { variational: true, .. } => {
                let (code, latent) = self.code(images)?;
                code.slice(1, latent, 2 * latent)?.affine(0.5, 0.0)?.exponential()
            }
            _ => Err(Error::Unsupported(format!(
                "the generator `{}` is not variational: z has no spread; use one that `lacuna train vae` trained",
                self.info().name
            ))),
        }
    }

    /// The images (N, C, `height`, `width`) of z (N, L), with the model's channels.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a model without z; [`Error::Shape`] for another L.
    pub fn decode(&self, latent: &Tensor, height: usize, width: usize) -> Result<Tensor> {
        let Networks::Latent { decoder, .. } = &self.inner.networks else { return Err(self.no_latent()) };
        if let Some(expected) = self.info().latent
            && latent.shape().get(1..) != Some(&[expected][..])
        {
            return Err(Error::shape("decode", format!("(N, {expected})"), &latent.shape()));
        }
        self.finished(&decoder.run(latent, ReluRule::Plain)?)?.resize(height, width, Interpolation::Bilinear)
    }

    /// What the encoder makes of images, and the dimensions of z.
    fn code(&self, images: &Tensor) -> Result<(Tensor, usize)> {
        let Networks::Latent { encoder, variational, .. } = &self.inner.networks else { return Err(self.no_latent()) };
        let code = encoder.run(&self.prepared(images)?, ReluRule::Plain)?;
        let parts = if *variational { 2 } else { 1 };
        match code.shape()[..] {
            [_, wide] if wide % parts == 0 => Ok((code, wide / parts)),
            ref other => Err(Error::shape("encode", format!("(N, {parts} L) from the encoder"), other)),
        }
    }

    fn no_latent(&self) -> Error {
        Error::Unsupported(format!(
            "the generator `{}` is one graph from images to images and has no z; use one with an encoder and a decoder",
            self.info().name
        ))
    }

    /// Images on the model's grid, with its channels, normalised.
    fn prepared(&self, images: &Tensor) -> Result<Tensor> {
        let info = self.info();
        let fitted = images.with_channels(info.channels)?.resize(info.height, info.width, Interpolation::Bilinear)?;
        match &self.inner.normalisation {
            Some((scale, shift)) => fitted.multiply(scale)?.add(shift),
            None => Ok(fitted),
        }
    }

    /// What the network made, in [0, 1].
    fn finished(&self, made: &Tensor) -> Result<Tensor> {
        let made = match &self.inner.normalisation {
            Some((scale, shift)) if self.inner.normalised_output => made.subtract(shift)?.divide(scale)?,
            _ => made.clone(),
        };
        made.clamp(0.0, 1.0)
    }
}

fn network(graph: Graph, device: &Device) -> Result<Network> {
    graph::compile(graph, device)
}
