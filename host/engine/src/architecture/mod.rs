//! Networks that Lacuna builds itself, as graphs, with numbers from a file or from a random start.
//!
//! `Source` (file, random, or a pretrained file with a new head) -> `Builder` -> `Graph`: the same graph is compiled
//! for use and trained, so a network is written down once.

mod builder;
mod densenet;
mod small_cnn;
mod source;
mod vae;
mod weights;

pub(crate) use source::{Source, Start};
pub use vae::VaeConfig;
pub(crate) use vae::{decoder, encoder};
pub use weights::Weights;

use crate::graph::{Graph, Trainable};
use crate::{Device, Result};
use builder::Builder;
use lacuna_numeric::SplitMix;

/// Classifiers that Lacuna builds itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Huang et al. 2017, as in torchvision.
    #[serde(rename = "densenet121")]
    DenseNet121,
    /// A few convolutions and one linear layer, for demonstrations, tests and small data.
    SmallCnn,
}

impl Architecture {
    /// The network for images of `channels` channels.
    ///
    /// # Errors
    /// [`crate::Error::Model`] for an array that the source lacks or has in another shape.
    pub(crate) fn graph(self, source: &mut Source<'_>, channels: usize) -> Result<Graph> {
        let mut builder = Builder::new(source, "images", "logits");
        match self {
            Self::DenseNet121 => densenet::build(&mut builder, channels)?,
            Self::SmallCnn => small_cnn::build(&mut builder, channels)?,
        }
        Ok(builder.graph)
    }

    /// Channels, and rows and columns, of the images it was designed for.
    pub(crate) fn natural_input(self) -> (usize, usize) {
        match self {
            Self::DenseNet121 => (3, 224),
            Self::SmallCnn => (1, 96),
        }
    }

    /// The name that manifests and command lines use.
    pub fn name(self) -> &'static str {
        match self {
            Self::DenseNet121 => "densenet121",
            Self::SmallCnn => "small-cnn",
        }
    }

    /// What the names of the last layer's arrays begin with.
    pub(crate) fn head(self) -> &'static str {
        "classifier."
    }
}

impl Architecture {
    /// The network as it is trained, for images of `channels` channels: from a random start, or from the arrays of
    /// `pretrained` with a new head for `classes` logits.
    ///
    /// # Errors
    /// [`crate::Error::Model`] for an array that `pretrained` lacks or has in another shape.
    pub fn trainable(
        self,
        channels: usize,
        classes: usize,
        pretrained: Option<&Weights>,
        seed: u64,
        device: &Device,
    ) -> Result<Trainable> {
        let random = SplitMix::new(seed);
        let mut source = match pretrained {
            Some(file) => Source::Pretrained { file, head: self.head(), random, classes },
            None => Source::Random { random, start: Start::Training, classes },
        };
        Trainable::new(self.graph(&mut source, channels)?, device)
    }
}

impl VaeConfig {
    /// Encoder and decoder as they are trained, from a random start.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] for sizes that do not fit together.
    pub fn trainable(&self, seed: u64, device: &Device) -> Result<(Trainable, Trainable)> {
        self.check()?;
        let mut source = Source::Random { random: SplitMix::new(seed), start: Start::Training, classes: 0 };
        let encoder = Trainable::new(encoder(self, &mut source)?, device)?;
        Ok((encoder, Trainable::new(decoder(self, &mut source)?, device)?))
    }
}
