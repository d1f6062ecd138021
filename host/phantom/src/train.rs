//! The training: phantoms that are seen once, cross entropy, Adam.

use crate::model_file;
use crate::network::{Network, Normalisation};
use crate::phantom::{Phantom, phantom};
use crate::{Error, Quality, Result};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::ops::ControlFlow;

/// How to train. The same options make the same bytes on the same processor.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct TrainOptions {
    /// Decides the phantoms and the first weights.
    pub seed: u64,
    /// Optimisation steps, 1 to 100000.
    pub steps: usize,
    /// Phantoms for each step, 2 to 1024, half of them with a lesion; each is seen once.
    pub batch: usize,
    /// Adam's step size at the start, above 0 and at most 1; it falls to 0 along a cosine.
    pub learning_rate: f64,
    /// Share of the label that is spread over both classes, 0 to 0.5: keeps probabilities away from
    /// exactly 1, where no mask could move them.
    pub label_smoothing: f32,
    /// Unseen phantoms to judge the result on, 2 to 100000.
    pub judged: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { seed: 7, steps: 500, batch: 32, learning_rate: 5e-3, label_smoothing: 0.02, judged: 1000 }
    }
}

/// One optimisation step that has been made.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Step {
    /// Steps made so far, 1 to `steps`.
    pub done: usize,
    pub steps: usize,
    /// Cross entropy of this step's phantoms before the step, in nats.
    pub loss: f32,
}

/// A trained model: the contents of its two files, and how good it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The contents of [`crate::WEIGHTS_FILE`].
    pub weights: Vec<u8>,
    /// The contents of [`crate::MANIFEST_FILE`].
    pub manifest: String,
    pub quality: Quality,
}

/// Trained phantoms have indices from here on, so that those a person asks for are unseen.
const FIRST_TRAINED: u64 = 1 << 32;
/// Phantoms that mean and deviation of the input and of the features are taken from.
const MEASURED: u64 = 512;

/// Trains on the CPU. `progress` is told of every step and may break off.
///
/// # Errors
/// [`Error::Option`] for an option outside its range, [`Error::Stopped`] if `progress` broke off,
/// [`Error::Diverged`] if the loss is no longer finite.
pub fn train(options: &TrainOptions, mut progress: impl FnMut(Step) -> ControlFlow<()>) -> Result<Trained> {
    options.check()?;
    let TrainOptions { seed, steps, .. } = *options;
    let mut trainer = Trainer::new(options);
    let normalisation = trainer.normalisation;
    for done in 1..=steps {
        let loss = trainer.step(options, done - 1)?;
        if progress(Step { done, steps, loss }).is_break() {
            return Err(Error::Stopped { done, steps });
        }
    }
    let device = Device::flex();
    let parameters = trainer.finish(&device)?.parameters()?;
    if parameters.iter().flat_map(|p| &p.values).any(|value| !value.is_finite()) {
        return Err(Error::diverged(steps, "a weight", options.learning_rate));
    }
    let weights = model_file::write(&parameters)?;
    // What is judged is what the file says.
    let network = Network::assemble(&model_file::read(&weights)?, &device);
    let quality = Quality::of(&network, normalisation, seed, options.judged, &device)?;
    Ok(Trained { weights, manifest: model_file::manifest(options, normalisation), quality })
}

struct Trainer {
    device: Device,
    measured: Vec<Phantom>,
    network: Network,
    normalisation: Normalisation,
    optimiser: ModuleOptimizer,
    loss: CrossEntropyLoss,
}

impl Trainer {
    fn new(options: &TrainOptions) -> Self {
        let device = Device::flex().autodiff();
        let measured: Vec<Phantom> = (0..MEASURED).map(|i| phantom(options.seed, FIRST_TRAINED + i)).collect();
        Self {
            network: Network::random(options.seed, &device),
            normalisation: Normalisation::of(measured.iter().map(|p| p.image.as_slice())),
            optimiser: AdamConfig::new().with_epsilon(1e-8).init(),
            loss: CrossEntropyLossConfig::new().with_smoothing(Some(options.label_smoothing)).init(&device),
            device,
            measured,
        }
    }

    /// The network as it is used: no statistics of a batch are needed any more.
    fn finish(self, device: &Device) -> Result<Network> {
        let images: Vec<&[f32]> = self.measured.iter().map(|p| p.image.as_slice()).collect();
        let network = Network::assemble(&self.network.parameters()?, device);
        Ok(network.fold(self.normalisation.input(&images, device)))
    }

    /// Makes one step, after `done` others, and returns the loss before it.
    fn step(&mut self, options: &TrainOptions, done: usize) -> Result<f32> {
        let first = FIRST_TRAINED + (done * options.batch) as u64;
        let batch: Vec<Phantom> =
            (first..first + options.batch as u64).map(|index| phantom(options.seed, index)).collect();
        let images: Vec<&[f32]> = batch.iter().map(|p| p.image.as_slice()).collect();
        let targets: Vec<i64> = batch.iter().map(|p| i64::from(p.lesion)).collect();
        let targets = Tensor::<1, Int>::from_data(TensorData::from(targets.as_slice()), &self.device);
        let logits = self.network.forward_standardised(self.normalisation.input(&images, &self.device));
        let loss = self.loss.forward(logits, targets);
        let value = crate::network::numbers(loss.clone())?.first().copied().unwrap_or(f32::NAN);
        if !value.is_finite() {
            return Err(Error::diverged(done, "the loss", options.learning_rate));
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        let rate =
            options.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done as f64 / options.steps as f64).cos());
        self.network = self.optimiser.step(rate, self.network.clone(), gradients);
        Ok(value)
    }
}

impl TrainOptions {
    fn check(&self) -> Result<()> {
        let refuse = |option, found: String, expected: &str, remedy| {
            Err(Error::Option { option, found, expected: expected.into(), remedy })
        };
        if !(1..=100_000).contains(&self.steps) {
            return refuse("steps", self.steps.to_string(), "1 to 100000", "500 steps are enough for these images");
        }
        if !(2..=1024).contains(&self.batch) {
            return refuse("batch", self.batch.to_string(), "2 to 1024 images", "take 32");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return refuse("learning rate", self.learning_rate.to_string(), "above 0 and at most 1", "take 0.005");
        }
        if !(0.0..=0.5).contains(&self.label_smoothing) {
            return refuse("label smoothing", self.label_smoothing.to_string(), "0 to 0.5", "take 0.02");
        }
        if !(2..=100_000).contains(&self.judged) {
            return refuse("number of judged images", self.judged.to_string(), "2 to 100000", "take 1000");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short() -> TrainOptions {
        TrainOptions { steps: 30, batch: 16, judged: 16, ..TrainOptions::default() }
    }

    #[test]
    fn a_few_steps_lower_the_loss_and_the_same_seed_makes_the_same_bytes() {
        let mut losses = Vec::new();
        let trained = train(&short(), |step| {
            losses.push(step.loss);
            ControlFlow::Continue(())
        });
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        assert_eq!(losses.len(), 30);
        assert!(mean(&losses[25..]) < 0.9 * mean(&losses[..5]), "{losses:?}");
        assert_eq!(trained, train(&short(), |_| ControlFlow::Continue(())));
    }

    #[test]
    fn breaking_off_is_told() {
        let stopped =
            train(&short(), |step| if step.done == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        assert_eq!(stopped, Err(Error::Stopped { done: 2, steps: 30 }));
    }

    #[test]
    fn options_outside_their_range_are_refused_with_a_remedy() {
        let wrong = [
            TrainOptions { steps: 0, ..short() },
            TrainOptions { batch: 1, ..short() },
            TrainOptions { learning_rate: f64::NAN, ..short() },
            TrainOptions { label_smoothing: 0.6, ..short() },
            TrainOptions { judged: 0, ..short() },
        ];
        for options in wrong {
            let error = train(&options, |_| ControlFlow::Continue(())).unwrap_err().to_string();
            assert!(error.contains("expected") && error.contains("Remedy"), "{error}");
        }
    }
}
