//! Classifiers: from a table with labels to a model that can be explained.

use crate::autoencoder::Place;
use crate::images::Images;
use crate::judge::{self, LabelQuality};
use crate::options::TrainOptions;
use crate::record::{Options, Outcome, Quality, fingerprint};
use crate::report::{self, MANIFEST_FILE, WEIGHTS_FILE, origin};
use crate::task::{Batch, Loss, Task};
use crate::trainer::{Trainer, Watch, best};
use crate::{Error, Result, checkpoint};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{Activation, Architecture, Classifier, Manifest, Mode, Tensor, Trainable, Weights};
use lacuna_imaging::write_atomic;
use lacuna_study::{Split, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of a classifier's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassifierOptions {
    pub train: TrainOptions,
    /// The network, by its name.
    #[schemars(with = "String")]
    pub architecture: Architecture,
    pub labels: Labels,
    pub class_weights: ClassWeights,
    /// Channels of the images, 1 or 3.
    pub channels: usize,
    /// Weights to start from, under torchvision's names; the head is replaced.
    pub pretrained: Option<PathBuf>,
}

/// How labels belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Labels {
    /// Every image has one class: softmax and cross entropy. Where some rows have no label, they are the class `healthy`.
    Single,
    /// Labels are independent: sigmoid and binary cross entropy with logits (Uzunova 2019, Sec. 2.3).
    Multi,
}

/// Whether rare classes count more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every class has the same weight in sum: N / (K N_c), and for a label its negatives to its positives.
    Balanced,
    /// Every image counts the same.
    None,
}

/// The class of rows without a label.
const HEALTHY: &str = "healthy";

/// The truth: (rows, classes), 0 or 1, and the weight of each positive and negative.
#[derive(Debug)]
struct Truth {
    classes: Vec<String>,
    /// Whether the first class is that of the rows without a label.
    has_healthy: bool,
    labels: Labels,
    values: Vec<Vec<f32>>,
    /// Weight of a 1 and of a 0 in each class.
    weights: Vec<[f32; 2]>,
}

impl Truth {
    fn new(table: &Table, split: &Split, labels: Labels, weighing: ClassWeights) -> Result<Self> {
        if table.labels.is_empty() {
            return Err(Error::input(
                "the data",
                "images without labels",
                "a CSV with a column for each label",
                [Remedy::advice("write a table image,patient,mask,LABEL1,...")],
            ));
        }
        let set = |row: &lacuna_study::Row| row.labels.iter().filter(|label| **label).count();
        let has_healthy = labels == Labels::Single && table.rows.iter().any(|row| set(row) == 0);
        if labels == Labels::Single
            && let Some(row) = table.rows.iter().find(|row| set(row) > 1)
        {
            return Err(Error::input(
                row.image.display(),
                format!("{} labels set", set(row)),
                "one class for each image, as the labels are exclusive",
                [Remedy::option("labels", "multi")],
            ));
        }
        let names = table.labels.iter().cloned();
        let (classes, values): (Vec<String>, Vec<Vec<f32>>) = match has_healthy {
            true => {
                let healthy = std::iter::once(HEALTHY.to_owned());
                let row = |row: &lacuna_study::Row| {
                    std::iter::once(set(row) == 0).chain(row.labels.iter().copied()).map(f32::from).collect()
                };
                (healthy.chain(names).collect(), table.rows.iter().map(row).collect())
            }
            false => (
                names.collect(),
                table.rows.iter().map(|row| row.labels.iter().map(|l| f32::from(*l)).collect()).collect(),
            ),
        };
        let mut truth = Self { weights: Vec::new(), classes, has_healthy, labels, values };
        let all = split.train.len();
        let ones = |class: usize| split.train.iter().filter(|row| truth.values[**row][class] > 0.5).count();
        let counts: Vec<usize> = (0..truth.classes.len()).map(ones).collect();
        // A class that nobody has is the cause where another one has everybody.
        let missing = counts.iter().position(|count| *count == 0);
        if let Some(class) = missing.or(counts.iter().position(|count| *count == all)) {
            return Err(Error::input(
                format!("class `{}`", truth.classes[class]),
                format!("{} of {all} training images", counts[class]),
                "images with and without it",
                [
                    Remedy::advice("add images"),
                    Remedy::advice("take the column out"),
                    Remedy::another("seed"),
                    Remedy::another("test-fold"),
                ],
            ));
        }
        for ones in counts {
            let (ones, all) = (ones as f32, all as f32);
            truth.weights.push(match (weighing, labels) {
                (ClassWeights::None, _) => [1.0, 1.0],
                (ClassWeights::Balanced, Labels::Single) => [all / (truth.classes.len() as f32 * ones), 0.0],
                (ClassWeights::Balanced, Labels::Multi) => [0.5 * all / ones, 0.5 * all / (all - ones)],
            });
        }
        Ok(truth)
    }

    /// The truth of rows, (N, K), and the weights of its ones and zeros.
    fn of(&self, rows: &[usize], device: &lacuna_engine::Device) -> Result<[Tensor; 3]> {
        let k = self.classes.len();
        let values: Vec<f32> = rows.iter().flat_map(|row| self.values[*row].iter().copied()).collect();
        let weigh = |which: usize, kept: fn(f32) -> f32| {
            values.iter().enumerate().map(|(i, value)| kept(*value) * self.weights[i % k][which]).collect()
        };
        let (ones, zeros) = (weigh(0, |value| value), weigh(1, |value| 1.0 - value));
        let tensor = |values: Vec<f32>| Tensor::from_data(device, &[rows.len(), k], values);
        Ok([tensor(values)?, tensor(ones)?, tensor(zeros)?])
    }
}

/// Cross entropy of a normalised batch.
struct Classification<'a> {
    truth: &'a Truth,
    /// Mean and deviation of each channel.
    normalisation: (Vec<f32>, Vec<f32>),
}

impl Task for Classification<'_> {
    fn loss(&self, networks: &[Trainable], leaves: &[Vec<Tensor>], batch: &Batch, mode: Mode) -> Result<Loss> {
        let device = batch.images.device();
        let (mean, deviation) = &self.normalisation;
        let shape = [1, mean.len(), 1, 1];
        let mean = Tensor::from_data(device, &shape, mean.clone())?;
        let deviation = Tensor::from_data(device, &shape, deviation.clone())?;
        let input = batch.images.subtract(&mean)?.divide(&deviation)?;
        let (logits, statistics) = networks[0].run(&leaves[0], &input, mode)?;
        let [_, ones, zeros] = self.truth.of(&batch.rows, device)?;
        let each = match self.truth.labels {
            Labels::Single => {
                let highest = logits.max_along(1)?.detach()?;
                let shifted = logits.subtract(&highest)?;
                let sum = shifted.exponential()?.sum(&[1])?.logarithm()?;
                sum.subtract(&shifted)?.multiply(&ones)?.sum(&[1])?
            }
            Labels::Multi => {
                // log(1 + e^-z) for ones and log(1 + e^z) for zeros, without overflow.
                let soft = logits.absolute()?.affine(-1.0, 0.0)?.exponential()?.affine(1.0, 1.0)?.logarithm()?;
                let for_ones = soft.add(&logits.affine(-1.0, 0.0)?.relu()?)?.multiply(&ones)?;
                let for_zeros = soft.add(&logits.relu()?)?.multiply(&zeros)?;
                for_ones.add(&for_zeros)?.mean(&[1])?
            }
        };
        Ok(Loss { total: each.mean(&[])?, terms: Vec::new(), statistics: vec![statistics] })
    }
}

/// Trains on the rows of `table` outside of the test fold and writes the classifier to `out`.
///
/// # Errors
/// Those of [`crate::train_autoencoder`], and [`Error::Input`] for a class that no training image has, or all have.
pub fn train_classifier(
    table: &Table,
    options: &ClassifierOptions,
    place: &Place<'_>,
    watch: &mut Watch<'_>,
) -> Result<Outcome> {
    options.train.check()?;
    let mut table = table.clone();
    let pretrained = options.pretrained.as_deref().map(Weights::open).transpose()?;
    let (images, skipped) =
        Images::load(&mut table, options.channels, options.train.size, (place.reader, place.skip_unreadable))?;
    let split = options.train.split(&table)?;
    lacuna_study::check(&split, &table)?;
    let truth = Truth::new(&table, &split, options.labels, options.class_weights)?;
    let fingerprint = fingerprint(Options::Classifier(options), &table, place.reader);
    if let Some(outcome) = report::finished(place, &fingerprint)? {
        return Ok(outcome);
    }
    let (train, architecture) = (&options.train, options.architecture);
    let network =
        architecture.trainable(options.channels, truth.classes.len(), pretrained.as_ref(), train.seed, place.device)?;
    let normalisation = normalisation(options, &images, &split);
    let mut manifest = manifest(options, &truth, &normalisation);
    // A class name that no manifest may have is told now, not after hours.
    manifest.to_toml()?;
    let mut trainer = Trainer {
        options: train,
        images: &images,
        split: &split,
        task: Classification { truth: &truth, normalisation },
        networks: vec![network],
        fingerprint: fingerprint.clone(),
        out: place.out,
    };
    let history = trainer.run(place.resume, watch)?;
    checkpoint::write_weights(&place.out.join(WEIGHTS_FILE), &trainer.networks)?;
    let best = best(&history).map_or(0, |epoch| epoch.epoch);
    let path = place.out.join(MANIFEST_FILE);
    manifest.source = origin(train, split.train.len(), best);
    write_atomic(&path, manifest.to_toml()?.as_bytes())?;

    // What is judged is what the files say.
    let classifier = Classifier::open(&path, place.device)?;
    let judged = |rows: &[usize]| -> Result<Vec<LabelQuality>> {
        let probabilities = judge::probabilities(&classifier, &images, rows, train.batch)?;
        Ok(judge::labels(&truth.classes, &probabilities, |row, class| truth.values[rows[row]][class] > 0.5, train.seed))
    };
    let quality = Quality::Classifier { validation: judged(&split.validation)?, test: judged(&split.test)? };
    report::curves(&history, place.out)?;
    let patients = split.patients(&table);
    report::finish(place, &fingerprint, &history, best, &patients, quality, skipped)
}

/// ImageNet's for weights that were trained with it, else those of the training images.
fn normalisation(options: &ClassifierOptions, images: &Images, split: &Split) -> (Vec<f32>, Vec<f32>) {
    if options.pretrained.is_some() && options.channels == 3 {
        // torchvision's documentation of its pretrained models.
        return (vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]);
    }
    let (mean, deviation) = images.statistics(&split.train);
    (vec![mean; options.channels], vec![deviation; options.channels])
}

/// What is known of the classifier before it is trained.
fn manifest(options: &ClassifierOptions, truth: &Truth, (mean, deviation): &(Vec<f32>, Vec<f32>)) -> Manifest {
    let size = [options.channels, options.train.size, options.train.size];
    let activation = match truth.labels {
        Labels::Single => Activation::Softmax,
        Labels::Multi => Activation::Sigmoid,
    };
    let mut manifest = Manifest::of_native(options.architecture, WEIGHTS_FILE, size, truth.classes.clone(), activation);
    manifest.input.mean.clone_from(mean);
    manifest.input.deviation.clone_from(deviation);
    manifest.output.healthy = truth.has_healthy.then(|| HEALTHY.to_owned());
    manifest
}
