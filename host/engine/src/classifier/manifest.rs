//! A classifier's manifest: what a TOML file says of a model.

use super::{Activation, ClassifierInfo};
use crate::architecture::Architecture;
use crate::input::Input;
use crate::{Error, Result};
use serde::Deserialize;

/// The file, section by section. Unknown keys are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// Name for people and records.
    pub name: String,
    /// Where the model comes from.
    #[serde(default)]
    pub source: String,
    pub model: Model,
    pub input: Input,
    pub output: Output,
}

/// The weights: an ONNX `graph`, or a native `architecture` with `weights`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Model {
    /// An ONNX file, relative to the manifest; `$NAME/...` starts at an environment variable.
    pub graph: Option<String>,
    pub architecture: Option<Architecture>,
    /// A safetensors or PyTorch file under torchvision's parameter names.
    pub weights: Option<String>,
    /// Whether gradients may be asked for; `false` makes a black box of the model.
    #[serde(default = "yes")]
    pub differentiable: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Output {
    /// One name for each logit.
    pub classes: Vec<String>,
    pub activation: Activation,
    /// The layer for class activation maps; default the last with more than one pixel.
    pub cam_layer: Option<String>,
}

fn yes() -> bool {
    true
}

impl Manifest {
    /// Reads a manifest; `file` names it in messages.
    ///
    /// # Errors
    /// [`Error::Model`] that says the key, what was found and what was expected.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let manifest: Self =
            toml::from_str(text).map_err(|error| Error::Model(format!("{file}: {}", error.to_string().trim())))?;
        manifest.check().map_err(|why| Error::Model(format!("{file}: {why}")))?;
        Ok(manifest)
    }

    fn check(&self) -> std::result::Result<(), String> {
        match (&self.model.graph, self.model.architecture, &self.model.weights) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => {}
            _ => return Err("[model] needs either `graph`, or `architecture` together with `weights`".into()),
        }
        self.input.check()?;
        let classes = &self.output.classes;
        if classes.is_empty() {
            return Err("[output] classes is empty, expected a name for each logit".into());
        }
        if let Some(twice) = classes.iter().enumerate().find(|(i, name)| classes[..*i].contains(name)) {
            return Err(format!("[output] classes names `{}` twice", twice.1));
        }
        if classes.len() == 1 && self.output.activation == Activation::Softmax {
            return Err("[output] one class with softmax is always certain; use activation = \"sigmoid\"".into());
        }
        Ok(())
    }

    pub(super) fn info(&self, layers: Vec<String>, cam_layer: Option<String>) -> ClassifierInfo {
        ClassifierInfo {
            name: self.name.clone(),
            classes: self.output.classes.clone(),
            channels: self.input.channels,
            height: self.input.height,
            width: self.input.width,
            activation: self.output.activation,
            differentiable: self.model.differentiable,
            layers,
            cam_layer,
        }
    }
}
