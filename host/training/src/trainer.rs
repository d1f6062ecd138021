//! Epochs of Adam steps, validation, early stopping, and the weights of the best epoch.

use crate::checkpoint::{self, BEST_FILE, CHECKPOINT_FILE, State};
use crate::images::Images;
use crate::options::TrainOptions;
use crate::task::{Batch, Task};
use crate::{Error, Result};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{Adam, Device, Mode, Tensor, Trainable};
use lacuna_study::{Split, SplitMix};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// One epoch that has been made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean loss over the training images, in training.
    pub training: f32,
    /// Mean loss over the validation images.
    pub validation: f32,
    /// Parts of the validation loss by name.
    pub terms: Vec<(String, f32)>,
}

/// How far a training is.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// Counted from 1.
    pub epoch: usize,
    pub epochs: usize,
    /// Steps made in all, and to make if nothing ends it early.
    pub step: usize,
    pub steps: usize,
    /// Steps that this run has made, and for how long: what the time left is told from.
    pub made_here: usize,
    pub elapsed: Duration,
    /// Mean loss of this epoch so far.
    pub loss: f64,
    /// The epoch before.
    pub last: Option<&'a Epoch>,
}

/// Where a training stands; with weights and optimisers, all that the rest depends on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progressed {
    /// Epochs that are complete.
    pub(crate) history: Vec<Epoch>,
    /// Steps made in the epoch that is not.
    pub(crate) step: usize,
    /// Sum of losses times images, and images, of the epoch that is not complete.
    #[serde(with = "bits")]
    pub(crate) sum: f64,
    pub(crate) seen: usize,
}

/// A number in JSON as its bits: a decimal fraction may come back as its neighbour.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(number.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(f64::from_bits(u64::deserialize(from)?))
    }
}

/// Time between checkpoints within an epoch.
const CHECKPOINTS_APART: Duration = Duration::from_secs(60);

/// What random numbers are for.
const ORDER: u64 = 1;
const AUGMENT: u64 = 2;
const NOISE: u64 = 3;

/// A training under way.
pub(crate) struct Trainer<'a, T> {
    pub(crate) options: &'a TrainOptions,
    pub(crate) images: &'a Images,
    pub(crate) split: &'a Split,
    pub(crate) task: T,
    pub(crate) networks: Vec<Trainable>,
    /// Which data and options this is.
    pub(crate) fingerprint: serde_json::Value,
    /// Folder of the checkpoint and of the best weights.
    pub(crate) out: &'a Path,
}

/// What is told to the caller, who may break off.
pub(crate) type Watch<'a> = dyn FnMut(&Progress<'_>) -> ControlFlow<()> + 'a;

impl<T: Task> Trainer<'_, T> {
    /// Trains to the end, from the checkpoint if there is one and `resume` says so. The networks are then those of the
    /// epoch with the lowest validation loss.
    pub(crate) fn run(&mut self, resume: bool, watch: &mut Watch<'_>) -> Result<Vec<Epoch>> {
        let checkpoint = self.out.join(CHECKPOINT_FILE);
        if !resume && checkpoint.exists() {
            return Err(Error::input(
                checkpoint.display(),
                "the checkpoint of an earlier training",
                "a folder without one",
                [Remedy::on("resume"), Remedy::another("out")],
            ));
        }
        let mut optimisers = self.optimisers()?;
        let loaded = match resume {
            true => checkpoint::load(&checkpoint, &mut self.networks, &mut optimisers, &self.fingerprint)?,
            false => None,
        };
        let mut at = loaded.unwrap_or_default();
        let mut clock = Clock { started: Instant::now(), saved: Instant::now(), made_here: 0 };
        while at.history.len() < self.options.epochs && !self.is_over(&at.history) {
            self.epoch(&mut at, &mut optimisers, &mut clock, watch)?;
            let (validation, terms) = self.validate()?;
            let training = (at.sum / at.seen.max(1) as f64) as f32;
            let epoch = Epoch { epoch: at.history.len() + 1, training, validation, terms };
            if !validation.is_finite() {
                return Err(Error::Diverged(format!("the validation loss of epoch {} is {validation}", epoch.epoch)));
            }
            let is_best = best(&at.history).is_none_or(|best| validation < best.validation);
            at = Progressed { history: at.history, ..Progressed::default() };
            at.history.push(epoch);
            // The best weights first: a training that is killed between the two makes the epoch again, alike.
            if is_best {
                checkpoint::write_weights(&self.out.join(BEST_FILE), &self.networks)?;
            }
            self.save(&optimisers, &at)?;
            clock.saved = Instant::now();
        }
        checkpoint::read_weights(&self.out.join(BEST_FILE), &mut self.networks)?;
        Ok(at.history)
    }

    /// The steps of one epoch that are still to make.
    fn epoch(
        &mut self,
        at: &mut Progressed,
        optimisers: &mut [Vec<Adam>],
        clock: &mut Clock,
        watch: &mut Watch<'_>,
    ) -> Result<()> {
        let epoch = at.history.len();
        let mut order = self.split.train.clone();
        SplitMix::stream(self.options.seed, &[ORDER, epoch as u64]).shuffle(&mut order);
        let batches: Vec<&[usize]> = order.chunks(self.options.batch).collect();
        let total = batches.len() * self.options.epochs;
        for indices in batches.iter().skip(at.step) {
            let done = epoch * batches.len() + at.step;
            self.set_rate(optimisers, done as f64 / total as f64);
            let loss = self.step(indices, epoch, done, optimisers)?;
            at.step += 1;
            at.sum += loss * indices.len() as f64;
            at.seen += indices.len();
            clock.made_here += 1;
            let progress = Progress {
                epoch: epoch + 1,
                epochs: self.options.epochs,
                step: done + 1,
                steps: total,
                made_here: clock.made_here,
                elapsed: clock.started.elapsed(),
                loss: at.sum / at.seen as f64,
                last: at.history.last(),
            };
            let stopped = watch(&progress).is_break();
            if stopped || clock.saved.elapsed() > CHECKPOINTS_APART {
                self.save(optimisers, at)?;
                clock.saved = Instant::now();
            }
            if stopped {
                let checkpoint = self.out.join(CHECKPOINT_FILE).display().to_string();
                return Err(Error::Stopped { epoch: epoch + 1, steps: done + 1, checkpoint });
            }
        }
        Ok(())
    }

    /// One step; returns the loss before it.
    fn step(&mut self, indices: &[usize], epoch: usize, done: usize, optimisers: &mut [Vec<Adam>]) -> Result<f64> {
        let (seed, size) = (self.options.seed, self.options.size);
        let augmentation = self.options.augmentation;
        let map =
            |index: usize| augmentation.draw(&mut SplitMix::stream(seed, &[AUGMENT, epoch as u64, index as u64]), size);
        let batch = self.batch(indices, map)?;
        let mode = Mode::Training { seed: SplitMix::stream(seed, &[NOISE, done as u64]).next_u64() };
        let leaves = self.networks.iter().map(Trainable::leaves).collect::<std::result::Result<Vec<_>, _>>()?;
        let loss = self.task.loss(&self.networks, &leaves, &batch, mode)?;
        let value = scalar(&loss.total)?;
        if !value.is_finite() {
            let found = format!("the loss of step {} (epoch {}) is {value}", done + 1, epoch + 1);
            return Err(Error::Diverged(found));
        }
        let gradients = loss.total.backward()?;
        for (((network, leaves), optimisers), statistics) in
            self.networks.iter_mut().zip(&leaves).zip(optimisers).zip(loss.statistics)
        {
            let step = |(leaf, optimiser): (&Tensor, &mut Adam)| optimiser.step(leaf, &gradients.of_leaf(leaf)?);
            let values = leaves.iter().zip(optimisers).map(step).collect::<std::result::Result<Vec<_>, _>>()?;
            network.replace(values);
            network.measure(statistics);
        }
        Ok(value)
    }

    /// Mean loss and terms over the validation images, as they are.
    fn validate(&self) -> Result<(f32, Vec<(String, f32)>)> {
        let leaves = self.networks.iter().map(detached).collect::<Result<Vec<_>>>()?;
        let mut sums: Vec<(String, f64)> = Vec::new();
        let mut total = 0.0;
        for indices in self.split.validation.chunks(self.options.batch) {
            let batch = self.batch(indices, |_| None)?;
            let loss = self.task.loss(&self.networks, &leaves, &batch, Mode::Evaluation)?;
            total += scalar(&loss.total)? * indices.len() as f64;
            for (place, (name, term)) in loss.terms.iter().enumerate() {
                let value = scalar(term)? * indices.len() as f64;
                match sums.get_mut(place) {
                    Some((_, sum)) => *sum += value,
                    None => sums.push(((*name).to_owned(), value)),
                }
            }
        }
        let count = self.split.validation.len().max(1) as f64;
        let mean = |sum: f64| (sum / count) as f32;
        Ok((mean(total), sums.into_iter().map(|(name, sum)| (name, mean(sum))).collect()))
    }

    fn batch(&self, indices: &[usize], map: impl Fn(usize) -> Option<lacuna_imaging::Affine2> + Sync) -> Result<Batch> {
        let [channels, height, width] = self.images.shape();
        let values = self.images.batch(indices, map)?;
        let images = Tensor::from_data(self.device(), &[indices.len(), channels, height, width], values)?;
        Ok(Batch { images, rows: indices.to_vec() })
    }

    fn device(&self) -> &Device {
        self.networks[0].device()
    }

    fn optimisers(&self) -> Result<Vec<Vec<Adam>>> {
        let adam = |_| Ok(Adam::new(self.options.learning_rate, 0.9, 0.999, 1e-8)?);
        self.networks.iter().map(|network| network.learnt_names().map(adam).collect()).collect()
    }

    /// The learning rate after a share of all steps: half a cosine (Loshchilov and Hutter 2017, Eq. 5, without restarts).
    fn set_rate(&self, optimisers: &mut [Vec<Adam>], share: f64) {
        let factor = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
        let rate = (f64::from(self.options.learning_rate) * factor) as f32;
        optimisers.iter_mut().flatten().for_each(|optimiser| optimiser.set_learning_rate(rate));
    }

    fn is_over(&self, history: &[Epoch]) -> bool {
        best(history).is_some_and(|best| history.len() - best.epoch >= self.options.patience)
    }

    fn save(&self, optimisers: &[Vec<Adam>], at: &Progressed) -> Result<()> {
        let adam_steps = optimisers.iter().flatten().next().map_or(0, |optimiser| optimiser.state().steps);
        let state = State { fingerprint: self.fingerprint.clone(), progressed: at.clone(), adam_steps };
        checkpoint::save(&self.out.join(CHECKPOINT_FILE), &self.networks, optimisers, &state)
    }
}

/// The first epoch with the lowest validation loss.
pub(crate) fn best(history: &[Epoch]) -> Option<&Epoch> {
    history.iter().min_by(|a, b| a.validation.total_cmp(&b.validation))
}

/// The learnt arrays as they are, outside of any graph.
pub(crate) fn detached(network: &Trainable) -> Result<Vec<Tensor>> {
    Ok(network.learnt().map(Tensor::detach).collect::<std::result::Result<Vec<_>, _>>()?)
}

/// When this run began and last wrote a checkpoint, and the steps it has made.
struct Clock {
    started: Instant,
    saved: Instant,
    made_here: usize,
}

/// The number in a tensor of one element.
fn scalar(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.read()?.first().map_or(f64::NAN, |value| f64::from(*value)))
}
