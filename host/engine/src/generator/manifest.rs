//! A generator's manifest: what a TOML file says of a model of healthy images.

use crate::architecture::VaeConfig;
use crate::input::Input;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The file, section by section. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GeneratorManifest {
    /// Name for people and records.
    pub name: String,
    /// Where the model comes from.
    #[serde(default)]
    pub source: String,
    pub generator: GeneratorModel,
    pub input: Input,
}

/// The weights: an ONNX `graph` from images to images, or an ONNX `encoder` and `decoder`, or `weights` of a `vae`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GeneratorModel {
    /// An ONNX file from images to healthy images of the same shape.
    pub graph: Option<String>,
    /// An ONNX file from images to z (N, L), or to mean and log-variance side by side (N, 2 L).
    pub encoder: Option<String>,
    /// An ONNX file from z (N, L) to images.
    pub decoder: Option<String>,
    /// Whether `encoder` makes mean and log-variance side by side.
    #[serde(default)]
    pub variational: bool,
    /// A safetensors file of the autoencoder that `lacuna train vae` trains, with its sizes in `vae`.
    pub weights: Option<String>,
    /// Whether the network's images are normalised as its input is; else they are in [0, 1].
    #[serde(default)]
    pub normalised_output: bool,
    pub vae: Option<VaeConfig>,
}

impl GeneratorManifest {
    /// Reads a manifest; `file` names it in messages.
    ///
    /// # Errors
    /// [`Error::Model`] that says the key, what was found and what was expected.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let hint = match text.contains("[output]") && !text.contains("[generator]") {
                true => "; this looks like the manifest of a classifier",
                false => "",
            };
            Error::Model(format!("{file}: not the manifest of a generator: {}{hint}", error.to_string().trim()))
        })?;
        manifest.check().map_err(|why| Error::Model(format!("{file}: {why}")))?;
        Ok(manifest)
    }

    /// A variational autoencoder of these sizes. Its origin is empty until the caller says more.
    pub fn of_vae(name: &str, weights: &str, vae: VaeConfig) -> Self {
        Self {
            name: name.to_owned(),
            source: String::new(),
            input: Input::plain([vae.channels, vae.size, vae.size]),
            generator: GeneratorModel {
                graph: None,
                encoder: None,
                decoder: None,
                variational: false,
                weights: Some(weights.to_owned()),
                normalised_output: false,
                vae: Some(vae),
            },
        }
    }

    /// The file that [`GeneratorManifest::parse`] reads as this manifest.
    ///
    /// # Errors
    /// [`Error::Model`] for what `parse` would refuse.
    pub fn to_toml(&self) -> Result<String> {
        let refused = |why: String| Error::Model(format!("the manifest of `{}`: {why}", self.name));
        self.check().map_err(refused)?;
        toml::to_string(self).map_err(|error| refused(error.to_string()))
    }

    fn check(&self) -> std::result::Result<(), String> {
        self.input.check()?;
        if self.input.depth.is_some() {
            return Err("[input] has a depth, and generators of volumes are not known: a generator makes images".into());
        }
        let GeneratorModel { graph, encoder, decoder, weights, vae, .. } = &self.generator;
        match (graph, encoder, decoder, weights, vae) {
            (Some(_), None, None, None, None) | (None, Some(_), Some(_), None, None) => Ok(()),
            (None, None, None, Some(_), Some(vae)) => {
                vae.check().map_err(|error| format!("[generator.vae] {error}"))?;
                let Input { channels, height, width, .. } = self.input;
                if (vae.channels, vae.size, vae.size) != (channels, height, width) {
                    return Err(format!(
                        "[input] is {channels} x {height} x {width}, but [generator.vae] says {} channels of size {}",
                        vae.channels, vae.size
                    ));
                }
                Ok(())
            }
            _ => Err("[generator] needs either `graph`, or `encoder` and `decoder`, or `weights` with [generator.vae]"
                .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_manifest_is_read_as_it_was() {
        let vae = VaeConfig { widths: vec![4, 8], latent: 6, dropout: 0.1, ..VaeConfig::of_size(32, 1) };
        let mut written =
            GeneratorManifest::of_vae("the \"brains\" of C:\\ e\u{301}\u{200b}\n", "model.safetensors", vae);
        written.source = "seed 7".to_owned();
        let text = written.to_toml().unwrap();
        assert_eq!(GeneratorManifest::parse("model.toml", &text).unwrap(), written, "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_not_written() {
        let vae = VaeConfig { widths: vec![4], ..VaeConfig::of_size(32, 1) };
        let error = GeneratorManifest::of_vae("brains", "model.safetensors", vae).to_toml().unwrap_err().to_string();
        assert!(error.contains("brains") && error.contains("widths"), "{error}");
    }
}
