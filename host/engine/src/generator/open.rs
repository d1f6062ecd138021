//! From a manifest to a generator: the files that it names, loaded and tried.

use super::{Generator, GeneratorInfo, GeneratorManifest, Inner, Networks};
use crate::architecture::{Source, Start, VaeConfig, Weights, decoder, encoder};
use crate::fed::{Fed, fits};
use crate::graph::{self, Graph, onnx::Wanted};
use crate::input::{Input, Layout};
use crate::model_file::{ModelFiles, read_manifest};
use crate::{Device, Error, Result, Tensor};
use lacuna_numeric::SplitMix;
use std::path::Path;
use std::sync::Arc;

impl Generator {
    /// Loads the model of a manifest file.
    ///
    /// # Errors
    /// [`Error::Model`] that names the file, what was found in it, what was expected and the remedy.
    pub fn open(manifest: &Path, device: &Device) -> Result<Self> {
        let (file, text, files) = read_manifest(manifest)?;
        Self::from_manifest(&file, &GeneratorManifest::parse(&file, &text)?, &files, device)
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
        let input = &manifest.input;
        let onnx = |name: &String, takes_images: bool| {
            let bytes =
                files.read(name).map_err(|error| Error::Model(format!("{file}: `{name}` cannot be read: {error}")))?;
            let graph = graph::onnx::read(name, &bytes, files, Wanted::Generated, takes_images.then_some(input))?;
            if let Some(declared) = graph.declared.as_ref().filter(|_| takes_images) {
                fits(&format!("{file}: {name}"), declared, input)?;
            }
            fed(graph, input.layout, device)
        };
        let model = &manifest.generator;
        let networks = match (&model.graph, &model.encoder, &model.decoder, &model.weights, &model.vae) {
            (Some(graph), ..) => Networks::Whole(onnx(graph, true)?),
            (_, Some(encoder), Some(decoder), ..) => Networks::Latent {
                encoder: onnx(encoder, true)?,
                decoder: onnx(decoder, false)?,
                variational: model.variational,
            },
            (.., Some(name), Some(vae)) => {
                let weights = Weights::read(name, files)?;
                let in_file = |error: Error| Error::Model(format!("{file}: {name}: {error}"));
                let mut source = Source::File(&weights);
                Networks::Latent {
                    encoder: fed(encoder(vae, &mut source).map_err(in_file)?, Layout::ChannelsFirst, device)?,
                    decoder: fed(decoder(vae, &mut source).map_err(in_file)?, Layout::ChannelsFirst, device)?,
                    variational: true,
                }
            }
            _ => return Err(Error::Model(format!("{file}: no model"))),
        };
        let Input { channels, height, width, .. } = *input;
        let normalisation = input.normalisation(device)?;
        Self::probed(file, &manifest.name, [channels, height, width], networks, normalisation, model.normalised_output)
    }

    /// A variational autoencoder with random weights, to check plugins with.
    ///
    /// # Errors
    /// Sizes that do not fit together, and [`Error::Device`] when the device has no room.
    pub fn untrained(vae: &VaeConfig, seed: u64, device: &Device) -> Result<Self> {
        vae.check()?;
        let mut source = Source::Random { random: SplitMix::new(seed), start: Start::Plausible, classes: 0 };
        let networks = Networks::Latent {
            encoder: fed(encoder(vae, &mut source)?, Layout::ChannelsFirst, device)?,
            decoder: fed(decoder(vae, &mut source)?, Layout::ChannelsFirst, device)?,
            variational: true,
        };
        let name = "variational autoencoder, untrained";
        Self::probed("an untrained generator", name, [vae.channels, vae.size, vae.size], networks, None, false)
    }

    /// Runs the networks on made images, which finds what does not fit, the dimensions of z, and the batch that they take.
    fn probed(
        file: &str,
        name: &str,
        [channels, height, width]: [usize; 3],
        networks: Networks,
        normalisation: Option<(Tensor, Tensor)>,
        normalised_output: bool,
    ) -> Result<Self> {
        let in_file = |error: Error| Error::Model(format!("{file}: the network refuses an image of [input]: {error}"));
        let blind = networks.all().into_iter().find_map(|fed| {
            let kind = fed.whole().map(|kind| format!("an input of {kind}"));
            fed.network.without_gradient().or(kind)
        });
        let mut notes = Vec::new();
        if let Some(what) = &blind {
            notes.push(format!("no gradient passes {what}, so methods that change its input by gradients are refused"));
        }
        let info = GeneratorInfo { name: name.to_owned(), channels, height, width, latent: None, notes };
        let differentiable = blind.is_none();
        let mut inner = Inner { info, networks, normalisation, normalised_output, differentiable };
        let probe = Tensor::full(inner.device(), &[1, channels, height, width], 0.5)?;
        inner.settle_batches(&probe).map_err(in_file)?;
        if let Networks::Latent { .. } = &inner.networks {
            let (code, latent) = inner.code(&probe).map_err(in_file)?;
            if code.shape().len() != 2 || latent == 0 {
                return Err(Error::Model(format!(
                    "{file}: the encoder makes {:?} for one image, expected (1, L); a variational one needs \
                     `variational = true` and (1, 2 L)",
                    code.shape()
                )));
            }
            inner.info.latent = Some(latent);
        }
        let made = Self { inner: Arc::new(inner) };
        let images = made.reconstruct(&probe).map_err(in_file)?;
        if images.shape() != probe.shape() {
            return Err(Error::Model(format!(
                "{file}: the network makes {:?} of an image {:?}, expected the same shape",
                images.shape(),
                probe.shape()
            )));
        }
        Ok(made)
    }
}

impl Networks {
    fn all(&self) -> Vec<&Fed> {
        match self {
            Self::Whole(fed) => vec![fed],
            Self::Latent { encoder, decoder, .. } => vec![encoder, decoder],
        }
    }
}

impl Inner {
    /// Finds what batch each network takes.
    fn settle_batches(&mut self, probe: &Tensor) -> Result<()> {
        let other = probe.affine(0.5, 0.1)?;
        let images = [self.prepared(probe)?, self.prepared(&other)?];
        match &mut self.networks {
            Networks::Whole(fed) => self.info.notes.extend(settle(fed, &images)?.1),
            Networks::Latent { encoder, decoder, variational } => {
                let (codes, note) = settle(encoder, &images)?;
                self.info.notes.extend(note);
                let parts = if *variational { 2 } else { 1 };
                let [first, second] = codes.map(|code| match code.shape()[..] {
                    [_, wide] => code.slice(1, 0, wide / parts),
                    _ => Ok(code),
                });
                self.info.notes.extend(settle(decoder, &[first?, second?])?.1);
            }
        }
        Ok(())
    }
}

/// What a network makes of each of two inputs, and what its user should know of its batch.
fn settle(fed: &mut Fed, inputs: &[Tensor; 2]) -> Result<([Tensor; 2], Option<String>)> {
    let run = |fed: &Fed, x: &Tensor| fed.run(x, crate::ReluRule::Plain);
    let [first, second] = inputs;
    let made = [run(fed, first)?, run(fed, second)?];
    let alone = [made[0].read()?, made[1].read()?];
    let note = fed.settle_batch([first, second], [&alone[0], &alone[1]], run)?;
    Ok((made, note))
}

fn fed(graph: Graph, layout: Layout, device: &Device) -> Result<Fed> {
    let declared = graph.declared.clone();
    Ok(Fed::new(graph::compile(graph, device)?, layout, declared.as_ref()))
}
