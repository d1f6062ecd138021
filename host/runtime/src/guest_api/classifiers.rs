//! `classifiers`: the model that is explained.

use super::{
    cost::Cost,
    fault::{Fault, sizes},
    handles::{ClassifierHandle, TensorHandle},
    passes::Pass,
};
use crate::{
    bindings::method::lacuna::explain::classifiers::{self as wit, ClassifierInfo, Host, HostClassifier, ReluRule},
    run::{meter::Group, record::MessageLevel, state::PluginState},
};
use lacuna_engine::{self as engine, ClassIndex, Classifier};
use wasmtime::component::Resource;

type Handle = Resource<TensorHandle>;
type Model = Resource<ClassifierHandle>;

impl Host for PluginState {}

impl HostClassifier for PluginState {
    fn info(&mut self, this: Model) -> wasmtime::Result<ClassifierInfo> {
        self.begin_query()?;
        Ok(info(self.table().get(&this)?.0.info()))
    }

    fn logits(&mut self, this: Model, images: Handle, rule: ReluRule) -> Result<Handle, Fault> {
        let (model, images) = (self.classifier(&this)?, self.tensor(&images)?);
        self.count_images(&images);
        let pass = pass("classifier.logits", model.pass_cost(engine::Pass::Whole));
        self.pass(&pass, images, |images| model.logits(images, rule.into()))
    }

    fn probabilities(&mut self, this: Model, logits: Handle) -> Result<Handle, Fault> {
        let (model, logits) = (self.classifier(&this)?, self.tensor(&logits)?);
        let between = logits.tensor.bytes().saturating_mul(4);
        self.room_for(between)?;
        let p = self.compute("classifier.probabilities", Group::Classifier, || model.probabilities(&logits.tensor))?;
        let kept = if p.is_tracked() { between } else { 0 };
        self.keep_with(p, kept, [logits])
    }

    fn scores(&mut self, this: Model, logits: Handle, targets: Vec<u32>, kind: wit::Score) -> Result<Handle, Fault> {
        let (model, logits) = (self.classifier(&this)?, self.tensor(&logits)?);
        let targets: Vec<ClassIndex> = targets.into_iter().map(|target| ClassIndex(target as usize)).collect();
        let work = || model.scores(&logits.tensor, &targets, kind.into());
        let between = logits.tensor.bytes().saturating_mul(8);
        self.room_for(between)?;
        let scores = self.compute("classifier.scores", Group::Classifier, work)?;
        let kept = if scores.is_tracked() { between } else { 0 };
        self.keep_with(scores, kept, [logits])
    }

    fn activations(&mut self, this: Model, images: Handle, layer: String) -> Result<Handle, Fault> {
        let (model, images) = (self.classifier(&this)?, self.tensor(&images)?);
        self.count_images(&images);
        let pass = pass("classifier.activations", model.pass_cost(engine::Pass::Until(&layer)));
        self.pass(&pass, images, |images| model.activations(images, &layer))
    }

    fn logits_from(&mut self, this: Model, layer: String, activations: Handle) -> Result<Handle, Fault> {
        let (model, activations) = (self.classifier(&this)?, self.tensor(&activations)?);
        self.count_images(&activations);
        let cost = model.pass_cost(engine::Pass::From(&layer));
        // Activations may be larger than those of an image.
        let images = activations.tensor.shape().first().copied().unwrap_or(1).max(1) as u64;
        let larger = (activations.tensor.bytes() / images).div_ceil(cost.first_bytes.max(1)).max(1);
        let [peak_bytes, graph_bytes] = [cost.peak_bytes, cost.graph_bytes].map(|bytes| bytes.saturating_mul(larger));
        let pass = pass("classifier.logits-from", engine::PassCost { peak_bytes, graph_bytes, ..cost });
        self.pass(&pass, activations, |activations| model.logits_from(&layer, activations))
    }

    fn place(&mut self, this: Model, layer: String, values: Handle) -> Result<Handle, Fault> {
        let (model, values) = (self.classifier(&this)?, self.tensor(&values)?);
        if let Ok(None) = model.cells(&layer) {
            let said = format!(
                "where the cells of the layer `{layer}` lie on the image cannot be told, so they are spread over it evenly"
            );
            self.shared().journal.borrow_mut().add_once(&self.id, MessageLevel::Warning, &said);
        }
        // The map on the image's pixels, and what lies between: the values may be larger than it.
        let (shape, spatial) = (values.tensor.shape(), model.info().spatial());
        let reach = shape.iter().skip(2).zip(&spatial).map(|(from, to)| 2 + from / (*to).max(1)).collect::<Vec<_>>();
        self.room_for(Cost::of_maps(&values.tensor, &spatial, &reach).peak)?;
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

    /// Counts the images of a pass.
    fn count_images(&self, images: &TensorHandle) {
        let images = images.tensor.shape().first().copied().unwrap_or(0);
        self.shared().meter.count_classified(images as u64);
    }
}

fn pass(operation: &'static str, cost: engine::PassCost) -> Pass {
    Pass { operation, group: Group::Classifier, cost }
}

fn info(info: &engine::ClassifierInfo) -> ClassifierInfo {
    let size = |n: usize| sizes(&[n]).first().copied().unwrap_or(0);
    ClassifierInfo {
        name: info.name.clone(),
        classes: info.classes.clone(),
        channels: size(info.channels),
        spatial: sizes(&info.spatial()),
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
