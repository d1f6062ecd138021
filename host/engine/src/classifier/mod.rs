//! The classifier that is explained: images in [0, 1] to logits, and logits to scores.

mod external;
mod loading;
mod manifest;
mod process;

pub use external::BlackBox;
pub use manifest::{Manifest, Model, Output};
pub use process::StopProbe;

use crate::architecture::{Architecture, Source, Start, Weights};
use crate::graph;
use crate::graph::axes::{Cells, Picture};
use crate::input::Input;
use crate::model_file::ModelFiles;
use crate::tensor::SplitMix;
use crate::{Device, Error, Interpolation, Result, Tensor};
use external::External;
use loading::Fed;
use process::Process;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the last layer feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// One class of several.
    Softmax,
    /// One independent label for each logit.
    Sigmoid,
    /// Nothing: the outputs are the probabilities.
    None,
}

/// How gradients pass a ReLU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReluRule {
    #[default]
    Plain,
    /// Springenberg et al. 2015: nothing negative passes.
    Guided,
    /// Zeiler and Fergus 2014: the ReLU is applied to the gradient instead.
    Deconvolution,
}

/// Which number is the score f_c of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    Probability,
    Logit,
    /// log p / (1 - p), which does not saturate.
    LogOdds,
}

/// An index into the class names of one classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClassIndex(pub usize);

/// What a classifier says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierInfo {
    pub name: String,
    pub classes: Vec<String>,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub activation: Activation,
    /// The class that means healthy, where the manifest names one.
    pub healthy: Option<ClassIndex>,
    /// Whether gradients exist.
    pub differentiable: bool,
    /// Layers whose activations (N, C, H, W) can be asked for, in the order of computation.
    pub layers: Vec<String>,
    pub cam_layer: Option<String>,
    /// None for a black box.
    pub activation_functions: Vec<ActivationFunction>,
    /// What loading the model found that its user should know, once.
    pub notes: Vec<String>,
}

/// The activation function that a [`ReluRule`] acts on, by its name in ONNX.
pub(crate) const RULED: &str = "Relu";

/// A kind of activation function inside a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationFunction {
    /// In ONNX.
    pub name: String,
    /// How often it occurs.
    pub count: usize,
    /// Whether a [`ReluRule`] acts on it.
    pub ruled: bool,
}

/// Where log-odds of a probability that is given are cut off.
const SMALLEST: f32 = 1e-7;

/// A frozen classifier on a device. Cheap to clone; nothing changes it.
#[derive(Clone, Debug)]
pub struct Classifier {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    info: ClassifierInfo,
    body: Body,
    /// Normalisation, scale x + shift, each (1, C, 1, 1); none when it changes nothing.
    normalisation: Option<(Tensor, Tensor)>,
    /// How the axes of each layer lie, and its cells on the image.
    pictures: HashMap<String, Picture>,
}

/// Who answers.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each classifier")]
enum Body {
    Network(Fed),
    External(External),
}

impl Classifier {
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
        Self::from_manifest(&file, &Manifest::parse(&file, &text)?, &ModelFiles::Folder(folder), device)
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
                "{file}: [model] command starts the program `{}` with your rights; a program is started by \
                 `Classifier::start`, and on the command line only with `--allow-command`",
                command.join(" ")
            )));
        }
        let graph = match (&manifest.model.graph, manifest.model.architecture, &manifest.model.weights) {
            (Some(name), ..) => {
                let bytes = files.read(name).map_err(|error| unreadable(name, error))?;
                graph::onnx::read(name, &bytes, files, manifest.output.output.as_deref())?
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
            ModelFiles::Embedded(_) => Path::new(""),
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
        let Input { channels, height, width, .. } = manifest.input;
        classifier.logits(&Tensor::full(device, &[1, channels, height, width], 0.5)?, ReluRule::Plain)?;
        Ok(classifier)
    }

    /// A native architecture with random weights, to measure with.
    ///
    /// # Errors
    /// [`Error::Device`] when the device has no room.
    pub fn untrained(architecture: Architecture, classes: usize, seed: u64, device: &Device) -> Result<Self> {
        let (channels, size) = architecture.natural_input();
        let mut source = Source::Random { random: SplitMix(seed), start: Start::Plausible, classes };
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
                    layers.join(", ")
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
        Ok(Self { inner: Arc::new(Inner { info, body: Body::Network(loaded.fed), normalisation, pictures }) })
    }

    pub fn info(&self) -> &ClassifierInfo {
        &self.inner.info
    }

    pub fn device(&self) -> &Device {
        match &self.inner.body {
            Body::Network(fed) => fed.network.device(),
            Body::External(external) => &external.device,
        }
    }

    /// Logits (N, K) of images (N, C, H, W) in [0, 1]. Normalisation is inside and differentiable.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the images have the classifier's channels, height and width;
    /// [`Error::NotDifferentiable`] for tracked images where gradients do not exist.
    pub fn logits(&self, images: &Tensor, rule: ReluRule) -> Result<Tensor> {
        let images = self.normalised(images)?;
        match &self.inner.body {
            Body::Network(fed) => fed.logits(&images, rule),
            Body::External(external) => external.logits(&self.inner.info, &images),
        }
    }

    /// Logits (N, K) to probabilities of the same shape.
    ///
    /// # Errors
    /// [`Error::Shape`] unless (N, K).
    pub fn probabilities(&self, logits: &Tensor) -> Result<Tensor> {
        self.check_logits(logits)?;
        match self.inner.info.activation {
            Activation::Softmax => logits.softmax(1),
            Activation::Sigmoid => logits.sigmoid(),
            Activation::None => Ok(logits.clone()),
        }
    }

    /// The score of one target for each image: logits (N, K) to (N).
    ///
    /// # Errors
    /// [`Error::Argument`] for a number of targets other than N or a target that is no class.
    pub fn scores(&self, logits: &Tensor, targets: &[ClassIndex], kind: Score) -> Result<Tensor> {
        self.check_logits(logits)?;
        let (n, k) = (logits.shape()[0], self.inner.info.classes.len());
        if targets.len() != n {
            return Err(Error::argument("scores", "targets", format!("{n}, one for each image"), targets.len()));
        }
        if let Some(outside) = targets.iter().find(|target| target.0 >= k) {
            return Err(Error::argument("scores", "target", format!("below {k}, the number of classes"), outside.0));
        }
        let mut chosen = vec![0.0; n * k];
        targets.iter().enumerate().for_each(|(row, target)| chosen[row * k + target.0] = 1.0);
        let chosen = Tensor::from_data(logits.device(), &[n, k], chosen)?;
        let pick = |values: &Tensor| values.multiply(&chosen)?.sum(&[1])?.reshape(&[n]);
        match (kind, self.inner.info.activation) {
            (Score::Probability, _) => pick(&self.probabilities(logits)?),
            (Score::Logit, _) | (Score::LogOdds, Activation::Sigmoid) => pick(logits),
            (Score::LogOdds, Activation::None) => {
                let p = pick(logits)?.clamp(SMALLEST, 1.0 - SMALLEST)?;
                p.logarithm()?.subtract(&p.affine(-1.0, 1.0)?.logarithm()?)
            }
            (Score::LogOdds, Activation::Softmax) => {
                // z_c - logsumexp of the others; the chosen logit is taken out before the maximum.
                let others = logits.subtract(&chosen.affine(1e30, 0.0)?)?;
                let highest = others.max_along(1)?.detach()?;
                let rest = others.subtract(&highest)?.exponential()?.sum(&[1])?.logarithm()?.add(&highest)?;
                pick(logits)?.subtract(&rest.reshape(&[n])?)
            }
        }
    }

    /// Output (N, C', H', W') of one layer.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn activations(&self, images: &Tensor, layer: &str) -> Result<Tensor> {
        self.check_layer(layer)?;
        let fed = self.network()?;
        let order = self.picture(layer)?.order;
        fed.in_batches(&self.normalised(images)?, |images| fed.network.run_until(layer, &fed.fed(images)?))?
            .permute(&order)
    }

    /// Logits (N, K) as a function of the output of one layer.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a layer that other paths go round.
    pub fn logits_from(&self, layer: &str, activations: &Tensor) -> Result<Tensor> {
        self.check_layer(layer)?;
        let fed = self.network()?;
        let mut back = [0; 4];
        self.picture(layer)?.order.iter().enumerate().for_each(|(place, axis)| back[*axis] = place);
        let activations = &activations.permute(&back)?;
        fed.in_batches(activations, |part| fed.answer(&fed.network.run_from(layer, part)?, part.shape()[0]))
    }

    /// Where the cells of a layer lie on the image, along rows and along columns; none where it cannot be told.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn cells(&self, layer: &str) -> Result<Option<[Cells; 2]>> {
        Ok(self.picture(layer)?.cells)
    }

    /// Where a change of the image shows in a layer: the row and column of a bright square on grey, in the upper right, and
    /// the centre of what it changes in the layer, put on the image's grid. None for a layer that it does not change.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer.
    pub fn shown_in(&self, layer: &str) -> Result<Option<[[f64; 2]; 2]>> {
        let ClassifierInfo { channels, height, width, .. } = self.inner.info;
        let (rows, columns) = (height / 8..height / 4 + 1, width - width / 4 - 1..width - width / 8);
        let inside = |at: usize| rows.contains(&(at / width % height)) && columns.contains(&(at % width));
        let image = |bright: f32| {
            let one = |at: usize| if inside(at) { bright } else { 0.5 };
            Tensor::from_data(
                self.device(),
                &[1, channels, height, width],
                (0..channels * height * width).map(one).collect(),
            )
        };
        let change = self.activations(&image(1.0)?, layer)?.subtract(&self.activations(&image(0.5)?, layer)?)?;
        let change = self.place(layer, &change.absolute()?.sum(&[1])?)?.read()?;
        let total: f64 = change.iter().map(|x| f64::from(*x)).sum();
        if total.is_nan() || total <= 0.0 {
            return Ok(None);
        }
        let centre = |of: &dyn Fn(usize) -> usize| {
            change.iter().enumerate().map(|(at, x)| f64::from(*x) * of(at) as f64).sum::<f64>() / total
        };
        let middle = |range: &std::ops::Range<usize>| (range.start + range.end - 1) as f64 / 2.0;
        Ok(Some([[middle(&rows), middle(&columns)], [centre(&|at| at / width), centre(&|at| at % width)]]))
    }

    /// Values (N, C', H', W') on the cells of a layer on the image's grid, (N, C', H, W): bilinear between the places of the
    /// cells, the nearest cell beyond them. Where the places cannot be told, the cells are spread over the image evenly.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is no layer, [`Error::Shape`] for values that are no picture.
    pub fn place(&self, layer: &str, values: &Tensor) -> Result<Tensor> {
        let ClassifierInfo { height, width, .. } = self.inner.info;
        match self.picture(layer)?.cells {
            Some([rows, columns]) => values.place(height, width, [rows, columns]),
            None => values.resize(height, width, Interpolation::Bilinear),
        }
    }

    fn picture(&self, layer: &str) -> Result<&Picture> {
        self.check_layer(layer)?;
        self.inner.pictures.get(layer).ok_or_else(|| Error::Unsupported(format!("layer `{layer}` is no picture")))
    }

    fn network(&self) -> Result<&Fed> {
        match &self.inner.body {
            Body::Network(fed) => Ok(fed),
            Body::External(_) => Err(Error::Unsupported(format!(
                "the classifier `{}` is a black box without layers",
                self.inner.info.name
            ))),
        }
    }

    fn normalised(&self, images: &Tensor) -> Result<Tensor> {
        let info = &self.inner.info;
        if !info.differentiable && images.is_tracked() {
            return Err(Error::NotDifferentiable(format!(
                "the classifier `{}` is a black box; detach the images, or use a method that needs no gradients",
                info.name
            )));
        }
        let [_, channels, height, width] = images.image_shape("classifier")?;
        if (channels, height, width) != (info.channels, info.height, info.width) {
            let expected = format!("(N, {}, {}, {})", info.channels, info.height, info.width);
            return Err(Error::shape("classifier", expected, &images.shape()));
        }
        match &self.inner.normalisation {
            Some((scale, shift)) => images.multiply(scale)?.add(shift),
            None => Ok(images.clone()),
        }
    }

    fn check_logits(&self, logits: &Tensor) -> Result<()> {
        let k = self.inner.info.classes.len();
        match logits.shape().as_slice() {
            [_, found] if *found == k => Ok(()),
            other => Err(Error::shape("logits", format!("(N, {k})"), other)),
        }
    }

    fn check_layer(&self, layer: &str) -> Result<()> {
        let layers = &self.inner.info.layers;
        if layers.iter().any(|known| known == layer) {
            return Ok(());
        }
        Err(Error::argument("layer", "name", format!("one of {}", layers.join(", ")), layer))
    }
}
