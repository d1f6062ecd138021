//! `lacuna train vae` and `lacuna train classifier`: from a folder or a table of images to models that `explain` takes.

use crate::{
    console::{Console, resumed},
    failure::{Failure, Result},
    interrupt,
    options::DeviceArguments,
    pictures::{self, PictureArguments},
    words,
};
use lacuna_engine::{Architecture, Device, VaeConfig};
use lacuna_imaging::{Reader, read_regular};
use lacuna_runtime::CancelToken;
use lacuna_session::OutputFolder;
use lacuna_study::{Fold, Interval, Patients, SplitPatients, Table};
use lacuna_training::{
    Augmentation, AutoencoderOptions, ClassWeights, ClassifierOptions, Error, LabelQuality, Labels, MANIFEST_FILE,
    Outcome, Place, Progress, Quality, TrainOptions, train_autoencoder, train_classifier,
};
use serde_json::json;
use std::{
    cell::Cell,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Instant,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Train the model of healthy images (Uzunova 2019, Sec. 2.2) that the perturbation `healthy` uses
    Vae(VaeArguments),
    /// Train a classifier that can be explained
    Classifier(ClassifierArguments),
}

#[derive(Debug, clap::Args)]
struct Common {
    /// A folder of images, or a CSV with the columns image, patient, mask and one for each label (0 or 1)
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Folder for the model, its curves and its record; also of the checkpoint that --resume goes on from
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Rows and columns of the images that the network gets
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    size: usize,
    /// Passes over the images, at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    epochs: usize,
    /// Images in one step [default: 16 for vae, 32 for classifier]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Adam's step size at the start; it falls to 0 along a cosine [default: 0.002 for vae, 0.001 for classifier]
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f32>,
    /// Epochs without a better validation loss after which the training ends
    #[arg(long, value_name = "N", default_value_t = 20)]
    patience: usize,
    /// Decides everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Share of the images whose patients validate
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    validation: f64,
    /// Number of groups that patients are dealt into for a cross-validation
    #[arg(long, value_name = "N", default_value_t = 4)]
    folds: usize,
    /// The group, from 0, that is kept out and judged on; without it every patient is learnt from
    #[arg(long, value_name = "FOLD")]
    test_fold: Option<usize>,
    /// A JSON file with the patients to learn from, validate and judge on: {"train": [...], "validation": [...], "test":
    /// [...]}, or the record.json of another training; instead of --folds and --validation
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["test_fold", "validation"])]
    split: Option<PathBuf>,
    /// How patients are told from file names in a folder: auto, each, prefix:_, cycle:N (image i is of patient i mod N) or block:N
    #[arg(long, value_name = "RULE", default_value = "auto")]
    patients: Patients,
    /// Largest random rotation
    #[arg(long, value_name = "DEGREES", default_value_t = Augmentation::PAPER.rotation)]
    augment_rotation: f64,
    /// Largest random translation, as a share of the size
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::PAPER.translation)]
    augment_translation: f64,
    /// Largest random change of scale, as a share
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::PAPER.scale)]
    augment_scale: f64,
    /// Go on from the checkpoint in --out, if there is one
    #[arg(long)]
    resume: bool,
    /// Leave out images that cannot be read, and list them in the record
    #[arg(long)]
    skip_unreadable: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pictures: PictureArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

#[derive(Debug, clap::Args)]
pub struct VaeArguments {
    #[command(flatten)]
    common: Common,
    /// Channels of the images, 1 or 3
    #[arg(long, value_name = "N", default_value_t = 1)]
    channels: usize,
    /// Channels after each layer of the encoder; each halves rows and columns
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    widths: Vec<usize>,
    /// Dimensions of z
    #[arg(long, value_name = "N")]
    latent: Option<usize>,
    /// Share of the features that dropout silences before the fully connected layers
    #[arg(long, value_name = "SHARE")]
    dropout: Option<f32>,
    /// Standard deviation of omega in z = mu + sigma omega
    #[arg(long, value_name = "DEVIATION", default_value_t = 0.1)]
    latent_noise: f32,
    /// Weight of the Kullback-Leibler term (summed over z) beside the L1 term (mean over pixels)
    #[arg(long, value_name = "WEIGHT", default_value_t = 1e-6)]
    kl_weight: f32,
}

#[derive(Debug, clap::Args)]
pub struct ClassifierArguments {
    #[command(flatten)]
    common: Common,
    /// The network
    #[arg(long, value_parser = ["densenet121", "small-cnn"])]
    architecture: String,
    /// One class for each image, or independent labels
    #[arg(long, value_parser = ["single", "multi"])]
    labels: String,
    /// Whether rare classes count more
    #[arg(long, value_parser = ["balanced", "none"], default_value = "balanced")]
    class_weights: String,
    /// Channels of the images, 1 or 3; default 1, or 3 with --pretrained
    #[arg(long, value_name = "N")]
    channels: Option<usize>,
    /// Weights to start from (.safetensors or .pth, torchvision's names); the last layer is replaced
    #[arg(long, value_name = "FILE")]
    pretrained: Option<PathBuf>,
}

/// Runs one of the commands.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Vae(arguments) => vae(arguments),
        Command::Classifier(arguments) => classifier(arguments),
    }
}

fn vae(arguments: &VaeArguments) -> Result<()> {
    let common = &arguments.common;
    let default = VaeConfig::of_size(common.size, arguments.channels);
    let options = AutoencoderOptions {
        train: common.options(16, 2e-3)?,
        vae: VaeConfig {
            widths: if arguments.widths.is_empty() { default.widths.clone() } else { arguments.widths.clone() },
            latent: arguments.latent.unwrap_or(default.latent),
            dropout: arguments.dropout.unwrap_or(default.dropout),
            ..default
        },
        noise: arguments.latent_noise,
        kl_weight: arguments.kl_weight,
    };
    common.train("the generator", |session| {
        train_autoencoder(&session.table, &options, &session.place(common), &mut session.watch())
    })
}

fn classifier(arguments: &ClassifierArguments) -> Result<()> {
    let common = &arguments.common;
    let channels = arguments.channels.unwrap_or(if arguments.pretrained.is_some() { 3 } else { 1 });
    let options = ClassifierOptions {
        train: common.options(32, 1e-3)?,
        architecture: match arguments.architecture.as_str() {
            "densenet121" => Architecture::DenseNet121,
            _ => Architecture::SmallCnn,
        },
        labels: if arguments.labels == "single" { Labels::Single } else { Labels::Multi },
        class_weights: if arguments.class_weights == "none" { ClassWeights::None } else { ClassWeights::Balanced },
        channels,
        pretrained: arguments.pretrained.clone(),
    };
    common.train("the classifier", |session| {
        train_classifier(&session.table, &options, &session.place(common), &mut session.watch())
    })
}

/// What a training needs of the program around it.
struct Session<'a> {
    console: &'a Console,
    table: Table,
    device: Device,
    cancel: CancelToken,
    reader: Reader,
    told: Cell<bool>,
}

impl Session<'_> {
    fn place<'a>(&'a self, common: &'a Common) -> Place<'a> {
        Place {
            out: &common.out,
            device: &self.device,
            resume: common.resume,
            skip_unreadable: common.skip_unreadable,
            reader: &self.reader,
        }
    }

    /// Says once what is to be said of the images: before hours of training, not after.
    fn tell(&self) {
        if !self.told.replace(true) {
            pictures::tell(self.console, &self.reader.notes());
        }
    }

    /// Shows every step, and breaks off when the user wants to stop.
    fn watch(&self) -> impl FnMut(&Progress<'_>) -> ControlFlow<()> {
        let mut show = self.console.steps("training");
        let cancel = self.cancel.clone();
        move |progress| {
            self.tell();
            let mut terms =
                vec![("epoch".to_owned(), progress.epoch as f32), ("loss".to_owned(), progress.loss as f32)];
            if let Some(last) = progress.last {
                terms.push(("validation".to_owned(), last.validation));
            }
            let shown = resumed(progress.step, progress.steps, progress.made_here, progress.elapsed);
            show(&lacuna_runtime::Progress { terms, ..shown });
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
}

impl Common {
    /// The options of a training; batch and learning rate have defaults that suit the task.
    fn options(&self, batch: usize, learning_rate: f32) -> Result<TrainOptions> {
        Ok(TrainOptions {
            size: self.size,
            epochs: self.epochs,
            batch: self.batch.unwrap_or(batch),
            learning_rate: self.learning_rate.unwrap_or(learning_rate),
            patience: self.patience,
            validation: self.validation,
            fold: Fold { folds: self.folds, test: self.test_fold },
            augmentation: Augmentation {
                rotation: self.augment_rotation,
                translation: self.augment_translation,
                scale: self.augment_scale,
            },
            split: self.split.as_deref().map(read_split).transpose()?,
            seed: self.seed,
        })
    }

    /// Reads the table, opens folder and device, trains, and says what came of it.
    fn train(&self, what: &str, work: impl FnOnce(&Session<'_>) -> std::result::Result<Outcome, Error>) -> Result<()> {
        let console = Console::new(self.json);
        let cancel = interrupt::watch()?;
        let started = Instant::now();
        let table = Table::read(&self.data, &self.patients)?;
        if let Some(note) = &table.note {
            console.warn(note);
        }
        let folder = OutputFolder::open(&self.out)?;
        let device = self.device.open(&console)?;
        let reader = self.pictures.reader();
        let session = Session { console: &console, table, device, cancel, reader, told: Cell::new(false) };
        let outcome = work(&session)?;
        session.tell();
        for skipped in &outcome.skipped {
            console.warn(&format!("left out: {skipped}"));
        }
        let seconds = started.elapsed().as_secs_f64();
        let manifest = folder.path().join(MANIFEST_FILE);
        report(&console, &outcome);
        console.say(&format!("  {seconds:.0} s on {}; {what} is {}", session.device.name(), manifest.display()));
        let notes = pictures::in_words(&session.reader.notes());
        console.give(&json!({ "model": manifest, "seconds": seconds, "outcome": outcome, "notes": notes }));
        Ok(())
    }
}

/// Bytes of a split.
const LARGEST_SPLIT: u64 = 64 << 20;

/// The patients of a split, or of the record of a training.
fn read_split(path: &Path) -> Result<SplitPatients> {
    let refused = |found: String| {
        let remedy = "write {\"train\": [...], \"validation\": [...], \"test\": [...]} with names of patients";
        Failure::input(path.display(), found, remedy)
    };
    let text = read_regular(path, LARGEST_SPLIT).map_err(|error| refused(format!("cannot be read ({error})")))?;
    let mut json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| refused(format!("is no JSON ({error})")))?;
    if let Some(patients) = json.get_mut("patients") {
        json = patients.take();
    }
    serde_json::from_value(json).map_err(|error| refused(format!("is no split of patients ({error})")))
}

/// The best epoch, and how good it is.
fn report(console: &Console, outcome: &Outcome) {
    let epochs = outcome.epochs.len();
    if let Some(best) = outcome.epochs.get(outcome.best.wrapping_sub(1)) {
        let terms: Vec<String> = best.terms.iter().map(|(name, value)| format!(", {name} {value:.4}")).collect();
        console.say(&format!(
            "best epoch {} of {epochs}: validation loss {:.4}{}",
            best.epoch,
            best.validation,
            terms.concat()
        ));
    }
    let Quality::Classifier { validation, test } = &outcome.quality else { return };
    for (labels, name) in [(validation, "validation"), (test, "test, unseen patients")] {
        for LabelQuality { label, with, without, auc } in labels {
            let said = match auc {
                Some(Interval { value, low, high }) => format!("AUC {value:.3} (95 % {low:.3} to {high:.3})"),
                None => "no AUC: one kind of image is missing".to_owned(),
            };
            console.say(&format!("  {name}: `{label}` {said} on {with} images with it and {without} without"));
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let words = error.in_words(words::place, words::remedy);
        match error {
            Error::Input { .. } | Error::Engine(lacuna_engine::Error::Argument { .. }) => Failure::Input(words),
            Error::Stopped { .. } => Failure::Interrupted(words),
            Error::Diverged(_) | Error::Unwritable { .. } => Failure::Run(words),
            Error::Engine(error) => error.into(),
            Error::Imaging(error) => error.into(),
            Error::Study(error) => error.into(),
        }
    }
}
