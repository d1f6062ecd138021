//! `lacuna explain`: images, a classifier, a method and a perturbation in; a folder of results out.
//!
//! `lacuna-session` does the work, and [`crate::options`] has its values as arguments; [`show()`] says what came of it.

mod show;

pub use show::show;

use crate::{
    console::Console,
    failure::{Failure, Result},
    options::{
        AllowedArguments, BlackBoxArguments, DeviceArguments, InputArguments, MethodArguments, PluginArguments, Start,
    },
    pictures,
};
use lacuna_engine::ClassIndex;
use lacuna_session::{
    Answer, Explained, Explainer, GeneratorModel, Given, Model, Models, OutputFolder, Subject, Summary, VolumeSubject,
    write, write_volume,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// PNG, JPEG or NIfTI (.nii, .nii.gz, or .hdr with .img; with --slice or --volume); several are explained in one run
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// The classifier: a manifest, or a .wasm component that is one
    #[arg(long, value_name = "FILE")]
    classifier: PathBuf,
    /// The manifest of a model of healthy images, for plugins that need one, such as `healthy`
    #[arg(long, value_name = "FILE.toml")]
    generator: Option<PathBuf>,
    /// Name or index of the class to explain; default: for each image the most probable one
    #[arg(long, value_name = "CLASS")]
    target: Option<String>,
    /// Folder for the results; with several images each gets a folder of its own inside
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Decides everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Images that are optimised together: faster, and more memory
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    black_box: BlackBoxArguments,
    #[command(flatten)]
    method: MethodArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    plugins: PluginArguments,
    /// Explain whole volumes, by a classifier of volumes (with `depth` in its manifest)
    #[arg(long, conflicts_with = "slice", help_heading = "Reading the image")]
    volume: bool,
    #[command(flatten, next_help_heading = "Reading the image")]
    input: InputArguments,
    #[command(flatten, next_help_heading = "What plugins may use")]
    allowed: AllowedArguments,
}

#[derive(Debug, Serialize)]
struct Report {
    results: Vec<Summary>,
    seconds: f64,
}

/// Checks everything that can be checked cheaply, then loads, explains and writes batch by batch.
pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Start::new(arguments.json, &arguments.plugins, &arguments.allowed)?;
    let console = &start.console;
    let chosen = arguments.method.choose(&start.plugins, &start.granted)?;
    let generator = arguments.generator.as_deref().map(GeneratorModel::read).transpose()?;
    let session = start.session(arguments.device.open(console)?);
    let model = Model::read(&arguments.classifier, &arguments.black_box.trust(), &session)?;
    let target = arguments.target.as_deref();
    let target = target.map(|text| model.class(text)).transpose()?;
    let folders = Folders::open(&arguments.out, &arguments.images)?;
    let subjects = subjects(console, arguments, &model)?;
    session.check()?;
    let models = match arguments.volume {
        true => Models::load(&session, &model, generator.as_ref())?,
        false => Models::load_for_images(&session, &model, generator.as_ref())?,
    };
    session.check()?;

    let explainer = Explainer {
        session: &session,
        models: &models,
        chosen: &chosen,
        seed: arguments.seed,
        started: crate::console::started(),
    };
    let mut report = Report { results: Vec::new(), seconds: 0.0 };
    for batch in subjects.batches(arguments.batch.into()) {
        let done = report.results.len();
        let written = explain_batch((console, &explainer), batch, target, &folders, done);
        report.results.extend(written.map_err(|failure| after(failure, done, subjects.len()))?);
    }
    report.seconds = crate::console::since_start().as_secs_f64();
    console.give(&report);
    Ok(())
}

fn explain_batch(
    (console, explainer): (&Console, &Explainer<'_>),
    batch: Batch<'_>,
    target: Option<ClassIndex>,
    folders: &Folders,
    done: usize,
) -> Result<Vec<Summary>> {
    let label = match folders.per_image.len() {
        1 => "explaining".to_owned(),
        all => format!("images {} to {} of {all}", done + 1, done + batch.len()),
    };
    let answers = explainer.run(&label, &batch.given(), target)?;
    let mut summaries = Vec::new();
    for (index, (answer, folder)) in answers.into_iter().zip(folders.per_image.iter().skip(done)).enumerate() {
        explainer.check()?;
        let summary = batch.write(index, explainer, answer, folder)?;
        show(&summary, console);
        summaries.push(summary);
    }
    Ok(summaries)
}

/// What a command explains: images, or whole volumes.
enum Subjects {
    Images(Vec<Subject>),
    Volumes(Vec<VolumeSubject>),
}

/// A part of them, in one run.
enum Batch<'a> {
    Images(&'a [Subject]),
    Volumes(&'a [VolumeSubject]),
}

impl Subjects {
    fn len(&self) -> usize {
        match self {
            Subjects::Images(all) => all.len(),
            Subjects::Volumes(all) => all.len(),
        }
    }

    fn batches(&self, size: usize) -> Vec<Batch<'_>> {
        match self {
            Subjects::Images(all) => all.chunks(size).map(Batch::Images).collect(),
            Subjects::Volumes(all) => all.chunks(size).map(Batch::Volumes).collect(),
        }
    }
}

impl Batch<'_> {
    fn len(&self) -> usize {
        match self {
            Batch::Images(part) => part.len(),
            Batch::Volumes(part) => part.len(),
        }
    }

    fn given(&self) -> Vec<Given<'_>> {
        match self {
            Batch::Images(part) => part.iter().map(Subject::given).collect(),
            Batch::Volumes(part) => part.iter().map(VolumeSubject::given).collect(),
        }
    }

    fn write(&self, at: usize, explainer: &Explainer<'_>, answer: Answer, folder: &OutputFolder) -> Result<Summary> {
        Ok(match self {
            Batch::Images(part) => write(explainer, &part[at], &Explained::of(&part[at], answer)?, folder)?,
            Batch::Volumes(part) => write_volume(explainer, &part[at], &answer, folder)?,
        })
    }
}

fn subjects(console: &Console, arguments: &Arguments, model: &Model) -> Result<Subjects> {
    let _waiting = console.wait(match arguments.images.len() {
        1 => "reading the image",
        _ => "reading the images",
    });
    let reader = arguments.input.reader();
    let (input, manifest, paths) = (&arguments.input, model.manifest(), arguments.images.iter());
    let subjects = match arguments.volume {
        false => paths.map(|path| input.read(path, manifest, &reader)).collect::<Result<_>>().map(Subjects::Images),
        true => paths
            .map(|path| Ok(VolumeSubject::read(path, manifest, &reader)?))
            .collect::<Result<_>>()
            .map(Subjects::Volumes),
    };
    pictures::tell(console, &reader.notes());
    subjects
}

/// One folder for each image.
#[derive(Debug)]
struct Folders {
    per_image: Vec<OutputFolder>,
    /// The folder around them; dropped after them, so that it is empty then if nothing was written.
    _all: OutputFolder,
}

impl Folders {
    fn open(out: &Path, images: &[PathBuf]) -> Result<Folders> {
        let all = OutputFolder::open(out)?;
        let mut names: Vec<String> = Vec::new();
        for image in images {
            names.push(unique(stem(image), &names));
        }
        let per_image = match images {
            [_] => vec![OutputFolder::open(out)?],
            _ => names.iter().map(|name| OutputFolder::open(&out.join(name))).collect::<lacuna_session::Result<_>>()?,
        };
        Ok(Folders { per_image, _all: all })
    }
}

/// The file's name without its endings: `brain.nii.gz` is `brain`. What would name another folder names none.
fn stem(image: &Path) -> String {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match stem {
        "" | "." | ".." => "image".to_owned(),
        stem => stem.to_owned(),
    }
}

/// `name`, or `name-2` and so on where it is taken, if only with other capitals: some systems take both for one.
fn unique(name: String, taken: &[String]) -> String {
    let numbered = (2_usize..).map(|number| format!("{name}-{number}"));
    let free = |candidate: &String| !taken.iter().any(|taken| taken.to_lowercase() == candidate.to_lowercase());
    std::iter::once(name.clone()).chain(numbered).find(free).unwrap_or(name)
}

/// Results of earlier batches stay; say so.
fn after(failure: Failure, done: usize, all: usize) -> Failure {
    let also = format!("; the results of the first {done} of {all} images were written");
    match failure {
        other if done == 0 => other,
        Failure::Interrupted(_) => Failure::Interrupted(format!("interrupted{also}")),
        Failure::Run(why) => Failure::Run(why + &also),
        Failure::Input(why) => Failure::Input(why + &also),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_one_name_get_folders_of_their_own() {
        assert_eq!(stem(Path::new("a/brain.nii.gz")), "brain");
        assert_eq!(stem(Path::new("DME-1.2.png")), "DME-1.2");
        assert_eq!(["...png", "..png", ".png"].map(|name| stem(Path::new(name))), ["image"; 3]);
        assert_eq!(unique("scan".into(), &["Scan".into()]), "scan-2");
        let taken = ["a".to_owned(), "a-2".to_owned()];
        assert_eq!(unique("a".to_owned(), &taken), "a-3");
        assert_eq!(unique("b".to_owned(), &taken), "b");
    }
}
