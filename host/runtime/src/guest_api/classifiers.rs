//! `classifiers`: the model that is explained.

use super::{
    fault::{Fault, sizes},
    handles::{ClassifierHandle, TensorHandle},
};
use crate::{
    bindings::method::lacuna::explain::classifiers::{self as wit, ClassifierInfo, Host, HostClassifier, ReluRule},
    run::{meter::Group, record::MessageLevel, state::PluginState},
};
use lacuna_engine::{self as engine, ClassIndex, Classifier};
use wasmtime::component::Resource;

type Handle = Resource<TensorHandle>;
type Model = Resource<ClassifierHandle>;

/// Bytes that a deep network keeps for its gradients per byte of input: an estimate, so that a guest which hoards tracked
/// answers meets its quota before the device runs out. DenseNet121 at 224 x 224 is of this order.
const GRAPH_BYTES_PER_INPUT_BYTE: u64 = 128;

impl Host for PluginState {}

impl HostClassifier for PluginState {
    fn info(&mut self, this: Model) -> wasmtime::Result<ClassifierInfo> {
        self.begin_query()?;
        Ok(info(self.table().get(&this)?.0.info()))
    }

    fn logits(&mut self, this: Model, images: Handle, rule: ReluRule) -> Result<Handle, Fault> {
        let (model, images) = (self.classifier(&this)?, self.tensor(&images)?);
        let logits =
            self.compute("classifier.logits", Group::Classifier, || model.logits(&images.tensor, rule.into()))?;
        self.keep_answer(logits, images)
    }

    fn probabilities(&mut self, this: Model, logits: Handle) -> Result<Handle, Fault> {
        let (model, logits) = (self.classifier(&this)?, self.tensor(&logits)?);
        let p = self.compute("classifier.probabilities", Group::Classifier, || model.probabilities(&logits.tensor))?;
        self.keep(p, [logits])
    }

    fn scores(&mut self, this: Model, logits: Handle, targets: Vec<u32>, kind: wit::Score) -> Result<Handle, Fault> {
        let (model, logits) = (self.classifier(&this)?, self.tensor(&logits)?);
        let targets: Vec<ClassIndex> = targets.into_iter().map(|target| ClassIndex(target as usize)).collect();
        let work = || model.scores(&logits.tensor, &targets, kind.into());
        let scores = self.compute("classifier.scores", Group::Classifier, work)?;
        self.keep(scores, [logits])
    }

    fn activations(&mut self, this: Model, images: Handle, layer: String) -> Result<Handle, Fault> {
        let (model, images) = (self.classifier(&this)?, self.tensor(&images)?);
        let work = || model.activations(&images.tensor, &layer);
        let activations = self.compute("classifier.activations", Group::Classifier, work)?;
        self.keep_answer(activations, images)
    }

    fn logits_from(&mut self, this: Model, layer: String, activations: Handle) -> Result<Handle, Fault> {
        let (model, activations) = (self.classifier(&this)?, self.tensor(&activations)?);
        let work = || model.logits_from(&layer, &activations.tensor);
        let logits = self.compute("classifier.logits-from", Group::Classifier, work)?;
        self.keep_answer(logits, activations)
    }

    fn place(&mut self, this: Model, layer: String, values: Handle) -> Result<Handle, Fault> {
        let (model, values) = (self.classifier(&this)?, self.tensor(&values)?);
        if let Ok(None) = model.cells(&layer) {
            let said = format!(
                "where the cells of the layer `{layer}` lie on the image cannot be told, so they are spread over it evenly"
            );
            self.shared().journal.borrow_mut().add_once(&self.id, MessageLevel::Warning, &said);
        }
        let placed = self.compute("classifier.place", Group::Classifier, || model.place(&layer, &values.tensor))?;
        self.keep(placed, [values])
    }

    fn drop(&mut self, this: Model) -> wasmtime::Result<()> {
        self.table().delete(this)?;
        Ok(())
    }
}

impl PluginState {
    fn classifier(&mut self, handle: &Model) -> Result<Classifier, Fault> {
        Ok(self.table().get(handle)?.0.clone())
    }

    /// Keeps what the classifier made of a batch, and counts its images.
    fn keep_answer(&mut self, output: engine::Tensor, input: TensorHandle) -> Result<Handle, Fault> {
        let images = input.tensor.shape().first().copied().unwrap_or(0);
        self.shared().meter.count_classified(images as u64);
        self.keep_network(output, input)
    }

    /// Keeps the output of a whole network, whose graph holds far more than its result.
    pub(super) fn keep_network(&mut self, output: engine::Tensor, input: TensorHandle) -> Result<Handle, Fault> {
        let graph = input.tensor.bytes().saturating_mul(GRAPH_BYTES_PER_INPUT_BYTE);
        let hidden = if output.is_tracked() { graph } else { 0 };
        let output = output.alone().map_err(|error| Fault::of_engine("the end of a network", error))?;
        self.keep_with(output, hidden, [input])
    }
}

fn info(info: &engine::ClassifierInfo) -> ClassifierInfo {
    let size = |n: usize| sizes(&[n]).first().copied().unwrap_or(0);
    ClassifierInfo {
        name: info.name.clone(),
        classes: info.classes.clone(),
        channels: size(info.channels),
        height: size(info.height),
        width: size(info.width),
        activation: match info.activation {
            engine::Activation::Softmax => wit::Activation::Softmax,
            engine::Activation::Sigmoid => wit::Activation::Sigmoid,
            engine::Activation::None => wit::Activation::None,
        },
        differentiable: info.differentiable,
        layers: info.layers.clone(),
        cam_layer: info.cam_layer.clone(),
        activation_functions: info
            .activation_functions
            .iter()
            .map(|function| wit::ActivationFunction {
                name: function.name.clone(),
                count: size(function.count),
                ruled: function.ruled,
            })
            .collect(),
    }
}

impl From<ReluRule> for engine::ReluRule {
    fn from(rule: ReluRule) -> engine::ReluRule {
        match rule {
            ReluRule::Plain => engine::ReluRule::Plain,
            ReluRule::Guided => engine::ReluRule::Guided,
            ReluRule::Deconvolution => engine::ReluRule::Deconvolution,
        }
    }
}

impl From<wit::Score> for engine::Score {
    fn from(score: wit::Score) -> engine::Score {
        match score {
            wit::Score::Probability => engine::Score::Probability,
            wit::Score::Logit => engine::Score::Logit,
            wit::Score::LogOdds => engine::Score::LogOdds,
        }
    }
}
