//! `lacuna phantom images` and `lacuna phantom train`: images with known lesions, and a classifier that finds them.

mod judge;

use crate::{
    console::{Console, resumed},
    failure::{Failure, Result},
    interrupt,
};
use judge::{Quality, judge};
use lacuna_engine::{Architecture, Classifier, Device};
use lacuna_imaging::{BitDepth, Image, ReadOptions, Reader};
use lacuna_phantom::{SIDE, phantom};
use lacuna_runtime::{CancelToken, Progress};
use lacuna_session::OutputFolder;
use lacuna_study::{Fold, Row, Table};
use lacuna_training::{
    Augmentation, ClassWeights, ClassifierOptions, Error, Labels, MANIFEST_FILE, Place, TrainOptions, train_classifier,
};
use serde_json::json;
use std::{
    fs,
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
    time::Instant,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write made images, every second one with a lesion, a mask for each lesion, and the table data.csv for `train` and `compare`
    Images(ImagesArguments),
    /// Train a classifier on such images, of the architecture small-cnn as that of the demo; the same seed gives the same files
    Train(TrainArguments),
}

#[derive(Debug, clap::Args)]
pub struct ImagesArguments {
    /// Decides every image
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Images to make
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Folder for the images
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct TrainArguments {
    /// Decides the images and the first weights
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Images to learn from; with a sixth of them the best epoch is chosen
    #[arg(long, default_value_t = 2400, value_parser = clap::value_parser!(u32).range(24..=20_000))]
    images: u32,
    /// Passes over the images
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    epochs: u32,
    /// Unseen images to judge the result on
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    count: u32,
    /// Folder for the model, its curves and its record
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs one of the commands.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Images(arguments) => images(arguments),
        Command::Train(arguments) => training(arguments),
    }
}

fn images(arguments: &ImagesArguments) -> Result<()> {
    let cancel = interrupt::watch()?;
    let folder = OutputFolder::open(&arguments.out)?;
    let files = folder.fill::<Failure>(&[], |staged| {
        let table = write_images(staged, arguments.seed, 0..u64::from(arguments.count), &cancel)?;
        Ok(table.write_csv(staged.join("data.csv"))?)
    })?;
    let (count, out) = (files.len(), folder.path().display());
    Console::new(false).say(&format!("{count} files in {out}"));
    Ok(())
}

/// Writes phantoms of `seed` and the masks of their lesions; the table names them.
fn write_images(folder: &Path, seed: u64, indices: Range<u64>, cancel: &CancelToken) -> Result<Table> {
    let mut rows = Vec::new();
    for index in indices {
        interrupt::check(cancel)?;
        let made = phantom(seed, index);
        let write = |name: String, values: Vec<f32>| -> Result<PathBuf> {
            let path = folder.join(name);
            Image::new(1, SIDE, SIDE, values)?.write_png(&path, BitDepth::Eight)?;
            Ok(path)
        };
        let name = if made.lesion { "lesion" } else { "healthy" };
        let image = write(format!("{name}-{index}.png"), made.image)?;
        let mask = match made.lesion {
            true => Some(write(format!("{name}-{index}-mask.png"), made.mask)?),
            false => None,
        };
        rows.push(Row { image, patient: format!("phantom-{index}"), mask, donor: None, labels: vec![made.lesion] });
    }
    Ok(Table { labels: vec!["lesion".to_owned()], rows, note: None })
}

/// Images to learn from have indices from here on, so that those that a person asks for are unseen.
const FIRST_LEARNT: u64 = 1 << 32;

/// How to train on `arguments.images` phantoms: with 2400 of them and ten epochs, networks of two seeds called all of
/// 600 unseen ones right.
fn options(arguments: &TrainArguments) -> ClassifierOptions {
    let epochs = arguments.epochs as usize;
    ClassifierOptions {
        train: TrainOptions {
            size: SIDE,
            epochs,
            batch: 32,
            learning_rate: 5e-3,
            patience: epochs,
            validation: 1.0 / 6.0,
            fold: Fold { folds: 4, test: None },
            split: None,
            // Every phantom is another one as it is.
            augmentation: Augmentation::NONE,
            seed: arguments.seed,
        },
        architecture: Architecture::SmallCnn,
        labels: Labels::Single,
        class_weights: ClassWeights::Balanced,
        channels: 1,
        pretrained: None,
    }
}

fn training(arguments: &TrainArguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let cancel = interrupt::watch()?;
    let started = Instant::now();
    let folder = OutputFolder::open(&arguments.out)?;
    let options = options(arguments);
    let mut quality = Quality::default();
    folder.fill::<Failure>(&[], |staged| {
        quality = train_in(staged, arguments, &options, &console, &cancel)?;
        Ok(())
    })?;
    report(&console, &quality);
    let (seconds, manifest) = (started.elapsed().as_secs_f64(), folder.path().join(MANIFEST_FILE));
    console.say(&format!("  {seconds:.0} s; the classifier is {}", manifest.display()));
    console.give(&json!({ "options": options, "quality": quality, "seconds": seconds, "classifier": manifest }));
    Ok(())
}

/// Makes the images, trains on them, judges, and leaves in `folder` what the training wrote.
fn train_in(
    folder: &Path,
    arguments: &TrainArguments,
    options: &ClassifierOptions,
    console: &Console,
    cancel: &CancelToken,
) -> Result<Quality> {
    let made = folder.join("images");
    let unwritable = |error: std::io::Error| Failure::Run(format!("{}: cannot be written ({error})", made.display()));
    fs::create_dir(&made).map_err(unwritable)?;
    let indices = FIRST_LEARNT..FIRST_LEARNT + u64::from(arguments.images);
    let table = write_images(&made, arguments.seed, indices, cancel)?;
    let (device, reader) = (Device::cpu(), Reader::new(ReadOptions::default()));
    let place = Place { out: folder, device: &device, resume: false, skip_unreadable: false, reader: &reader };
    let mut show = console.steps("training");
    let trained = train_classifier(&table, options, &place, &mut |progress| {
        let terms = vec![("epoch".to_owned(), progress.epoch as f32), ("loss".to_owned(), progress.loss as f32)];
        let shown = resumed(progress.step, progress.steps, progress.made_here, progress.elapsed);
        show(&Progress { terms, ..shown });
        if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(show);
    trained.map_err(|error| match error {
        // The checkpoint goes with the folder that it lies in.
        Error::Stopped { .. } => Failure::interrupted(),
        error => error.into(),
    })?;
    fs::remove_dir_all(&made).map_err(unwritable)?;
    let classifier = Classifier::open(&folder.join(MANIFEST_FILE), &device)?;
    judge(&classifier, arguments.seed, arguments.count as usize, cancel)
}

fn report(console: &Console, quality: &Quality) {
    let percent = |share: f32| format!("{:.1} %", 100.0 * share);
    console.say(&format!(
        "on {} unseen images: accuracy {}, sensitivity {}, specificity {}",
        quality.phantoms,
        percent(quality.accuracy),
        percent(quality.sensitivity),
        percent(quality.specificity)
    ));
    console.say(&format!(
        "  lesions no longer seen once deleted: {} by blur, {} by the healthy twin",
        percent(quality.deleted_by_blur),
        percent(quality.deleted_by_twin)
    ));
}
