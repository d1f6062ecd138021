//! `lacuna data paste-lesions`: a data set of which every lesion is known, from healthy images and patients' lesions.

use crate::{
    console::Console,
    failure::{Failure, Result},
    interrupt,
    pictures::{self, PictureArguments},
};
use lacuna_imaging::write_atomic;
use lacuna_runtime::{CancelToken, Progress};
use lacuna_session::{OutputFolder, Provenance, RECORD};
use lacuna_study::{
    Patients, Table,
    paste::{Contrast, DatasetReport, DonorFold, PasteOptions, Paster, write_dataset},
};
use serde_json::json;
use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Instant,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Paste patients' lesions into healthy brain slices (Uzunova 2019, Eq. 3), with a mask for each
    PasteLesions(PasteArguments),
}

#[derive(Debug, clap::Args)]
pub struct PasteArguments {
    /// A folder of healthy slices without skull, on black; or a CSV with the columns image and patient
    #[arg(value_name = "HEALTHY")]
    healthy: PathBuf,
    /// A folder with `lesion`, slices with lesions upright in the same way, and `lesion_mask`, their masks under equal names
    #[arg(value_name = "LESIONS")]
    lesions: PathBuf,
    /// Folder for the images, the masks, data.csv, sheet.png and record.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Lesion images to paste into each healthy image, each giving one image
    #[arg(long, value_name = "N", default_value_t = PasteOptions::default().per_image)]
    per_image: usize,
    /// Decides which lesions go where
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How bright a lesion becomes: `carried` keeps its contrast to the tissue around it and darkens all images to 70 % for
    /// that; `matched` matches histograms as the paper has it, for lesions and healthy images of one kind of contrast
    #[arg(long, value_name = "HOW", default_value_t = Contrast::default())]
    contrast: Contrast,
    /// Folds of the trainings to come, with the same seed: one person's lesions go into the patients of one fold only, so that
    /// nobody's lesions are learnt from and judged on; default: 4, or as many as people gave lesions if that is less
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// How the people behind the lesions are told from the file names, as with --patients
    #[arg(long, value_name = "RULE", default_value = "auto")]
    donors: Patients,
    /// How patients are told from file names in a folder: auto, each, prefix:_, cycle:N (image i is of patient i mod N) or block:N
    #[arg(long, value_name = "RULE", default_value = "auto")]
    patients: Patients,
    /// Use this many of the healthy images, drawn evenly over all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Pixels of the longer side of what is written; default: each healthy image's own
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pictures: PictureArguments,
}

/// Runs one of the commands.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::PasteLesions(arguments) => paste_lesions(arguments),
    }
}

fn paste_lesions(arguments: &PasteArguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let cancel = interrupt::watch()?;
    let started = Instant::now();
    refuse_old_results(&arguments.out)?;
    let all = Table::read(&arguments.healthy, &arguments.patients)?;
    let table = match arguments.limit {
        Some(limit) => all.thinned(limit as usize, arguments.seed),
        None => all,
    };
    if let Some(note) = &table.note {
        console.warn(&format!("{}: {note}", arguments.healthy.display()));
    }
    let options = PasteOptions {
        per_image: arguments.per_image,
        seed: arguments.seed,
        folds: arguments.folds,
        contrast: arguments.contrast,
        size: arguments.size,
    };
    let paster = {
        let _waiting = console.wait("reading the lesions");
        Paster::read(&arguments.lesions, arguments.donors, options, arguments.pictures.reader())?
    };
    if let Some(note) = paster.note() {
        console.warn(&format!("{}: {note}", arguments.lesions.display()));
    }
    let folder = OutputFolder::open(&arguments.out)?;
    let mut made = None;
    folder.fill::<Failure>(&[], |staged| {
        let report = paste(&console, &cancel, &table, &paster, staged)?;
        let record = json!({
            "lacuna": env!("CARGO_PKG_VERSION"),
            "provenance": Provenance::now(None),
            "healthy": arguments.healthy.display().to_string(),
            "lesions": arguments.lesions.display().to_string(),
            "patients": arguments.patients.to_string(),
            "note": table.note,
            "limit": arguments.limit,
            "donors": arguments.donors.to_string(),
            "options": options,
            "gain": options.contrast.gain(),
            "made": report,
            "notes": pictures::in_words(&paster.notes()),
        });
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| Failure::Run(format!("the record cannot be written: {error}")))?;
        write_atomic(staged.join(RECORD), text.as_bytes())?;
        made = Some(report);
        Ok(())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    pictures::tell(&console, &paster.notes());
    if let Some(report) = &made {
        show(&console, report, arguments.seed, folder.path(), seconds);
    }
    console.give(
        &json!({ "made": made, "options": options, "seconds": seconds, "folder": folder.path().display().to_string() }),
    );
    Ok(())
}

/// Files are moved to their names when all are there, and folders cannot be moved onto folders.
fn refuse_old_results(out: &Path) -> Result<()> {
    for part in ["images", "masks"] {
        let path = out.join(part);
        if path.exists() {
            let remedy = "name another folder with `--out`, or remove this one if nobody needs it";
            return Err(Failure::input(
                path.display(),
                "is there already; expected a folder of our own to make",
                remedy,
            ));
        }
    }
    Ok(())
}

fn paste(
    console: &Console,
    cancel: &CancelToken,
    table: &Table,
    paster: &Paster,
    staged: &Path,
) -> Result<DatasetReport> {
    let started = Instant::now();
    let steps = Mutex::new(console.steps("pasting"));
    let progress = |done: usize, all: usize| {
        let count = |images: usize| u32::try_from(images).unwrap_or(u32::MAX);
        // A thread that panicked while it drew the bar is reported by itself; the others need no bar.
        if let Ok(mut show) = steps.lock() {
            let elapsed = started.elapsed();
            show(&Progress { step: count(done), total: count(all), elapsed, terms: Vec::new() });
        }
        match cancel.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    Ok(write_dataset(table, paster, staged, &progress)?)
}

fn show(console: &Console, report: &DatasetReport, seed: u64, folder: &Path, seconds: f64) {
    if !report.fewer.is_empty() {
        let count = report.fewer.len();
        console.warn(&format!(
            "{count} images got fewer lesions than asked for, since no other fitted; record.json names them"
        ));
    }
    console.say(&format!(
        "{} healthy images of {} patients, {} with a pasted lesion from {} lesion images",
        report.healthy, report.patients, report.pasted, report.donors
    ));
    let (overlap, pixels) = (report.overlap, report.lesion_pixels);
    console.say(&format!(
        "  brains overlap by {:.3} ({:.3} to {:.3}); a lesion has {:.0} pixels ({:.0} to {:.0})",
        overlap.median, overlap.least, overlap.most, pixels.median, pixels.least, pixels.most
    ));
    let folds = report.folds.len();
    let of = |fold: &DonorFold| format!("{} ({} images)", fold.people.join(", "), fold.images);
    let donors: Vec<String> = report.folds.iter().map(of).collect();
    console.say(&match folds {
        1 => format!(
            "  all lesions are of {}: no test fold can have lesions that were not learnt from",
            donors.join("; ")
        ),
        _ => format!(
            "  lesions in folds 0 to {} are of {}; train with `--folds {folds} --seed {seed}` and a `--test-fold`",
            folds - 1,
            donors.join("; ")
        ),
    });
    console.say(&format!("  {seconds:.0} s; look at {}", folder.join("sheet.png").display()));
}
