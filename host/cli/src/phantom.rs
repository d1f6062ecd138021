//! `lacuna phantom images` and `lacuna phantom train`: what the demo is made of.

use crate::{
    console::Console,
    failure::{Failure, Result},
    interrupt,
};
use lacuna_imaging::{BitDepth, Image, write_atomic};
use lacuna_phantom::{Error, MANIFEST_FILE, Quality, SIDE, TrainOptions, WEIGHTS_FILE, phantoms, train};
use lacuna_runtime::Progress;
use lacuna_session::OutputFolder;
use lacuna_study::{Row, Table};
use serde_json::json;
use std::{ops::ControlFlow, path::PathBuf, time::Instant};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write made images, every second one with a lesion, a mask for each lesion, and data.csv, which trains and compares
    Images(ImagesArguments),
    /// Train the classifier of the demo; the same seed gives the same files
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
    /// Optimisation steps
    #[arg(long, default_value_t = TrainOptions::default().steps)]
    steps: usize,
    /// Unseen images to judge the result on
    #[arg(long, default_value_t = TrainOptions::default().judged)]
    count: usize,
    /// Folder for the manifest and the weights
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
        let mut rows = Vec::new();
        for (index, made) in phantoms(arguments.seed, arguments.count as usize).enumerate() {
            interrupt::check(&cancel)?;
            let write = |name: String, values: Vec<f32>| {
                Image::new(1, SIDE, SIDE, values)?.write_png(staged.join(name), BitDepth::Eight)
            };
            let name = if made.lesion { "lesion" } else { "healthy" };
            let (image, mask) = (format!("{name}-{index}.png"), format!("{name}-{index}-mask.png"));
            write(image.clone(), made.image)?;
            if made.lesion {
                write(mask.clone(), made.mask)?;
            }
            rows.push(Row {
                image: staged.join(image),
                patient: format!("phantom-{index}"),
                mask: made.lesion.then(|| staged.join(mask)),
                donor: None,
                labels: vec![made.lesion],
            });
        }
        Ok(Table { labels: vec!["lesion".to_owned()], rows, note: None }.write_csv(staged.join("data.csv"))?)
    })?;
    let (count, out) = (files.len(), folder.path().display());
    Console::new(false).say(&format!("{count} files in {out}"));
    Ok(())
}

fn training(arguments: &TrainArguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let cancel = interrupt::watch()?;
    let folder = OutputFolder::open(&arguments.out)?;
    let options = TrainOptions {
        seed: arguments.seed,
        steps: arguments.steps,
        judged: arguments.count,
        ..TrainOptions::default()
    };
    let started = Instant::now();
    let mut show = console.steps("training");
    let trained = train(&options, |step| {
        let count = |steps: usize| u32::try_from(steps).unwrap_or(u32::MAX);
        show(&Progress {
            step: count(step.done),
            total: count(step.steps),
            elapsed: started.elapsed(),
            terms: vec![("loss".to_owned(), step.loss)],
        });
        match cancel.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    drop(show);
    let trained = trained.map_err(|error| match error {
        Error::Stopped { .. } => Failure::interrupted(),
        Error::Option { .. } => Failure::Input(error.to_string()),
        other => Failure::Run(other.to_string()),
    })?;
    folder.fill::<Failure>(&[], |staged| {
        write_atomic(staged.join(WEIGHTS_FILE), &trained.weights)?;
        Ok(write_atomic(staged.join(MANIFEST_FILE), trained.manifest.as_bytes())?)
    })?;
    report(&console, &trained.quality);
    let manifest = folder.path().join(MANIFEST_FILE);
    let seconds = started.elapsed().as_secs_f64();
    console.say(&format!("  {seconds:.0} s; the classifier is {}", manifest.display()));
    console.give(&json!({
        "options": options, "quality": trained.quality, "seconds": seconds, "classifier": manifest
    }));
    Ok(())
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
