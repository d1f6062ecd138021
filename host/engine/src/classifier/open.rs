//! From a manifest to a classifier: the file or program that it names, loaded and tried.

use super::{
    Activation, ActivationFunction, BlackBox, Body, Classifier, ClassifierInfo, External, Inner, Manifest, Model,
    Output, Process, RULED, StopProbe, loading,
};
use crate::architecture::{Architecture, Source, Start, Weights};
use crate::error::some_of;
use crate::graph::{self, onnx::Wanted};
use crate::input::Input;
use crate::model_file::{ModelFiles, read_manifest};
use crate::{Device, Error, ReluRule, Result, Tensor};
use lacuna_numeric::SplitMix;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

impl Classifier {
    /// Loads the model of a manifest file.
    ///
    /// # Errors
    /// [`Error::Model`] that names the file, what was found in it, what was expected and the remedy.
    pub fn open(manifest: &Path, device: &Device) -> Result<Self> {
        let (file, text, files) = read_manifest(manifest)?;
        Self::from_manifest(&file, &Manifest::parse(&file, &text)?, &files, device)
    }

    /// Loads the model of a manifest whose files lie anywhere; `file` names it in messages.
    ///
    /// # Errors
    /// As [`Classifier::open`].
    pub fn from_manifest(file: &str, manifest: &Manifest, files: &ModelFiles, device: &Device) -> Result<Self> {
        let unreadable =
            |name: &str, error: std::io::Error| Error::Model(format!("{file}: `{name}` cannot be read: {error}"));
        if let Some(command) = &manifest.model.command {
            return Err(Error::Model(format!(
                "{file}: [model] command starts the program `{}` with your rights; a program is started only \
                 where its user allows it, by `Classifier::start`",
                command.join(" ")
            )));
        }
        let graph = match (&manifest.model.graph, manifest.model.architecture, &manifest.model.weights) {
            (Some(name), ..) => {
                let bytes = files.read(name).map_err(|error| unreadable(name, error))?;
                let wanted = Wanted::Logits(manifest.output.output.as_deref());
                graph::onnx::read(name, &bytes, files, wanted, Some(&manifest.input))?
            }
            (None, Some(architecture), Some(name)) => {
                let weights = Weights::read(name, files)?;
                architecture
                    .graph(&mut Source::File(&weights), manifest.input.channels)
                    .map_err(|error| Error::Model(format!("{file}: {name}: {error}")))?
            }
            _ => return Err(Error::Model(format!("{file}: no model"))),
        };
        Self::new(file, manifest, graph, device)
    }

    /// Starts the program of a manifest that has a `command`; it runs with the rights of this process until the classifier
    /// is dropped. `stop` is asked twenty times a second while it computes, and ends it.
    ///
    /// # Errors
    /// [`Error::Model`] for a manifest without a command, and as [`Classifier::black_box`].
    pub fn start(
        file: &str,
        manifest: &Manifest,
        files: &ModelFiles,
        device: &Device,
        stop: StopProbe,
    ) -> Result<Self> {
        let Some(command) = &manifest.model.command else {
            return Err(Error::Model(format!("{file}: no `command` in [model], so there is no program to start")));
        };
        let folder = match files {
            ModelFiles::Folder(folder) => folder.as_path(),
            ModelFiles::Embedded(_) | ModelFiles::InMemory(_) => Path::new(""),
        };
        let patience = Duration::from_secs_f64(manifest.model.seconds.unwrap_or(60.0));
        let process = Process::start(command, folder, patience, device, stop)?;
        Self::black_box(file, manifest, Box::new(process), device)
    }

    /// A classifier that something else computes, with the names, sizes and normalisation of a manifest. It has no gradients
    /// and no layers.
    ///
    /// # Errors
    /// [`Error::External`] when it cannot answer a grey image as promised.
    pub fn black_box(file: &str, manifest: &Manifest, model: Box<dyn BlackBox>, device: &Device) -> Result<Self> {
        if manifest.output.cam_layer.is_some() {
            return Err(Error::Model(format!("{file}: [output] cam-layer names a layer, and a black box has none")));
        }
        let body = Body::External(External { model, device: device.clone() });
        let info = ClassifierInfo { differentiable: false, ..manifest.info(Vec::new(), None) };
        let classifier = Self {
            inner: Arc::new(Inner {
                info,
                body,
                normalisation: manifest.input.normalisation(device)?,
                pictures: HashMap::new(),
            }),
        };
        classifier.logits(&Tensor::full(device, &manifest.input.shape(1), 0.5)?, ReluRule::Plain)?;
        Ok(classifier)
    }

    /// A native architecture with random weights, to measure with.
    ///
    /// # Errors
    /// [`Error::Device`] when the device has no room.
    pub fn untrained(architecture: Architecture, classes: usize, seed: u64, device: &Device) -> Result<Self> {
        let (channels, size) = architecture.natural_input();
        let mut source = Source::Random { random: SplitMix::new(seed), start: Start::Plausible, classes };
        let manifest = Manifest {
            name: format!("{architecture:?}, untrained"),
            source: String::new(),
            model: Model { architecture: Some(architecture), differentiable: true, ..Model::default() },
            input: Input::plain([channels, size, size]),
            output: Output {
                classes: (0..classes).map(|class| format!("class {class}")).collect(),
                activation: Activation::Softmax,
                healthy: None,
                cam_layer: None,
                output: None,
            },
        };
        Self::new(&manifest.name, &manifest, architecture.graph(&mut source, channels)?, device)
    }

    /// Compiles the graph and runs it on made images, which finds what does not fit.
    fn new(file: &str, manifest: &Manifest, graph: graph::Graph, device: &Device) -> Result<Self> {
        let activation_functions = graph.activation_functions();
        let loaded = loading::load(file, manifest, graph, device)?;
        let layers: Vec<String> = loaded.layers.iter().map(|layer| layer.name.clone()).collect();
        let cam_layer = match &manifest.output.cam_layer {
            Some(layer) if !layers.contains(layer) => {
                return Err(Error::Model(format!(
                    "{file}: [output] cam-layer is `{layer}`, expected one of {}",
                    some_of(&layers)
                )));
            }
            Some(layer) => Some(layer.clone()),
            // Tokens are no picture, and a layer before they mix is far from the answer.
            None if loaded.mixes_after.is_some() => None,
            None => layers.last().cloned(),
        };
        let normalisation = manifest.input.normalisation(device)?;
        let counted =
            |(name, count): (&str, usize)| ActivationFunction { name: name.to_owned(), count, ruled: name == RULED };
        let activation_functions = activation_functions.into_iter().map(counted).collect();
        let info = ClassifierInfo { activation_functions, ..loading::info(manifest, &loaded, layers, cam_layer) };
        let pictures = loaded.layers.into_iter().map(|layer| (layer.name, layer.picture)).collect();
        Ok(Self { inner: Arc::new(Inner { info, body: Body::Network(loaded.network), normalisation, pictures }) })
    }
}
