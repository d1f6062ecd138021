//! A classifier's manifest: what a TOML file says of a model.

use super::{Activation, ClassIndex, ClassifierInfo};
use crate::architecture::Architecture;
use crate::input::{Input, Layout};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The file, section by section. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
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

/// The network: an ONNX `graph`, a native `architecture` with `weights`, or a `command` that answers images with logits.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Model {
    /// An ONNX file, relative to the manifest; `$NAME/...` starts at an environment variable.
    pub graph: Option<String>,
    pub architecture: Option<Architecture>,
    /// A safetensors or PyTorch file under torchvision's parameter names.
    pub weights: Option<String>,
    /// A program and its arguments, started in the manifest's folder; a black box. What it reads and writes stands in
    /// `classifier/process.rs` and in the README.
    pub command: Option<Vec<String>>,
    /// How long the program may take for one batch; default 60.
    pub seconds: Option<f64>,
    /// Whether gradients may be asked for; `false` makes a black box of the model.
    #[serde(default = "yes")]
    pub differentiable: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Output {
    /// One name for each logit.
    pub classes: Vec<String>,
    pub activation: Activation,
    /// The class that means healthy; with it, a deletion that ends in another disease is told.
    pub healthy: Option<String>,
    /// The layer for class activation maps; default the last with more than one pixel.
    pub cam_layer: Option<String>,
    /// The output of the graph that holds the logits, where it has several.
    pub output: Option<String>,
}

/// Far above any classifier of today.
const MOST_CLASSES: usize = 1 << 16;

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

    /// What [`Classifier::black_box`](super::Classifier::black_box) needs of a model that has no manifest: its name and
    /// origin, its classes and the shape (C, H, W) of its images.
    ///
    /// # Errors
    /// [`Error::Model`] for sizes out of range, and for classes that are none, twice, or one alone with softmax.
    pub fn of_black_box(
        (name, origin): (&str, &str),
        classes: Vec<String>,
        activation: Activation,
        size: &[usize],
    ) -> Result<Self> {
        let input = match *size {
            [channels, height, width] => Input::plain([channels, height, width]),
            [channels, depth, height, width] => Input { depth: Some(depth), ..Input::plain([channels, height, width]) },
            _ => return Err(Error::Model(format!("{origin}: {} sizes of an image, expected 3 or 4", size.len()))),
        };
        let manifest = Self {
            name: name.to_owned(),
            source: origin.to_owned(),
            model: Model::default(),
            input,
            output: Output { classes, activation, healthy: None, cam_layer: None, output: None },
        };
        manifest.check_input_and_output().map_err(|why| Error::Model(format!("{origin}: {why}")))?;
        Ok(manifest)
    }

    /// A native network for images of a shape (C, H, W), with one name for each logit. Name and origin are those of the
    /// architecture, and images come as they are, until the caller says otherwise.
    pub fn of_native(
        architecture: Architecture,
        weights: &str,
        size: [usize; 3],
        classes: Vec<String>,
        activation: Activation,
    ) -> Self {
        Self {
            name: architecture.name().to_owned(),
            source: String::new(),
            model: Model {
                architecture: Some(architecture),
                weights: Some(weights.to_owned()),
                differentiable: true,
                ..Model::default()
            },
            input: Input::plain(size),
            output: Output { classes, activation, healthy: None, cam_layer: None, output: None },
        }
    }

    /// The file that [`Manifest::parse`] reads as this manifest.
    ///
    /// # Errors
    /// [`Error::Model`] for what `parse` would refuse.
    pub fn to_toml(&self) -> Result<String> {
        let refused = |why: String| Error::Model(format!("the manifest of `{}`: {why}", self.name));
        self.check().map_err(refused)?;
        toml::to_string(self).map_err(|error| refused(error.to_string()))
    }

    fn check(&self) -> std::result::Result<(), String> {
        let Model { graph, architecture, weights, command, seconds, .. } = &self.model;
        match (graph, architecture, weights, command) {
            (Some(_), None, None, None) | (None, Some(_), Some(_), None) | (None, None, None, Some(_)) => {}
            _ => {
                return Err(
                    "[model] needs either `graph`, or `architecture` together with `weights`, or `command`".into()
                );
            }
        }
        if graph.is_none() && (self.output.output.is_some() || self.input.layout != Layout::ChannelsFirst) {
            return Err("[output] output and [input] layout belong to a `graph`; leave them out".into());
        }
        if command.as_ref().is_some_and(Vec::is_empty) {
            return Err("[model] command is empty, expected a program and its arguments".into());
        }
        if let Some(seconds) = seconds
            && (command.is_none() || !(*seconds > 0.0 && *seconds <= 86_400.0))
        {
            return Err(format!(
                "[model] seconds is {seconds}, expected a number above 0 and up to 86400, with `command`"
            ));
        }
        if self.input.depth.is_some() && architecture.is_some() {
            return Err(
                "[input] has a depth, and a native architecture takes images; leave depth out, or give a `graph`"
                    .into(),
            );
        }
        self.check_input_and_output()
    }

    fn check_input_and_output(&self) -> std::result::Result<(), String> {
        self.input.check()?;
        let classes = &self.output.classes;
        if classes.is_empty() {
            return Err("[output] classes is empty, expected a name for each logit".into());
        }
        if classes.len() > MOST_CLASSES {
            return Err(format!("[output] classes names {}, expected at most {MOST_CLASSES}", classes.len()));
        }
        let several_lines = |text: &&String| text.contains(|c: char| c.is_control());
        if let Some(class) = classes.iter().find(several_lines) {
            return Err(format!(
                "[output] classes names {class:?}, expected names without line breaks and control characters"
            ));
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = classes.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(format!("[output] classes names `{twice}` twice"));
        }
        if classes.len() == 1 && self.output.activation == Activation::Softmax {
            return Err("[output] one class with softmax is always certain; use activation = \"sigmoid\"".into());
        }
        match &self.output.healthy {
            Some(name) if self.healthy().is_none() => {
                Err(format!("[output] healthy is `{name}`, expected one of the classes {}", listed(classes)))
            }
            _ => Ok(()),
        }
    }

    /// The class that means healthy, where one is named.
    fn healthy(&self) -> Option<ClassIndex> {
        let healthy = self.output.healthy.as_ref()?;
        self.output.classes.iter().position(|name| name == healthy).map(ClassIndex)
    }

    pub(super) fn info(&self, layers: Vec<String>, cam_layer: Option<String>) -> ClassifierInfo {
        ClassifierInfo {
            name: self.name.clone(),
            classes: self.output.classes.clone(),
            channels: self.input.channels,
            depth: self.input.depth,
            height: self.input.height,
            width: self.input.width,
            activation: self.output.activation,
            healthy: self.healthy(),
            differentiable: self.model.differentiable && self.model.command.is_none(),
            layers,
            cam_layer,
            activation_functions: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// Names for a message, which a list of a thousand would bury.
fn listed(classes: &[String]) -> String {
    const SHOWN: usize = 20;
    let names: Vec<String> = classes.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match classes.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(classes: &[&str]) -> Manifest {
        let classes = classes.iter().map(|&class| class.to_owned()).collect();
        Manifest::of_native(Architecture::SmallCnn, "model.safetensors", [1, 96, 64], classes, Activation::Softmax)
    }

    #[test]
    fn a_written_manifest_is_read_as_it_was() {
        // Quotes and backslashes, a combining accent, a zero-width space and joiner, a mark of direction, an emoji.
        let classes = [
            "healthy",
            "a \"b\" 'c'",
            "'''\"\"\"",
            "C:\\new\\u{301}",
            "le\u{301}sion",
            "z\u{200b}w\u{200d}\u{200e}",
            "\u{1f9e0}",
        ];
        let mut written = manifest(&classes);
        // Class names are lines; name and origin may be any text.
        written.name = "tab\t, line\n, \r, bell \u{7}, \u{7f}, \u{85}, \u{0}".to_owned();
        written.source = "\n\"\"\"\n[output]\n".to_owned();
        written.input.mean = vec![0.1924, f32::MIN_POSITIVE];
        written.input.deviation = vec![1.0 / 3.0];
        written.input.channels = 2;
        written.output.healthy = Some("healthy".to_owned());
        let text = written.to_toml().unwrap();
        let read = Manifest::parse("model.toml", &text).unwrap();
        assert_eq!(read.output.classes, classes);
        assert_eq!(read, written, "{text}");
        assert!(text.contains("mean = [0.1924, "), "{text}");
        assert_eq!(read.to_toml().unwrap(), text);
    }

    #[test]
    fn what_cannot_be_read_is_not_written() {
        for (classes, named) in [
            (&["healthy", "le\u{7}sion"][..], "control characters"),
            (&["a\nb", "c"], "line breaks"),
            (&["a", "a"], "twice"),
            (&["a"], "softmax"),
        ] {
            let error = manifest(classes).to_toml().unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("small-cnn"), "{error}");
        }
    }
}
