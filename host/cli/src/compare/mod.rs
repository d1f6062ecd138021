//! `lacuna compare`: methods times perturbations on images whose lesions are known.
//!
//! [`rows`] chooses images of unseen patients -> [`cell`] explains and measures them, image by image on the disk ->
//! [`table`] averages over patients, [`grid`] shows the maps, and [`outcome`] writes, records and says what came of it.

mod bar;
mod cell;
mod grid;
mod outcome;
mod record;
mod rows;
mod table;

use crate::{
    console::Console,
    failure::{Failure, Result},
    options::{AllowedArguments, BlackBoxArguments, DeviceArguments, InputArguments, PluginArguments, Start},
    pictures,
};
use bar::Bar;
use cell::{Cell, ImageResult, Metrics};
use lacuna_imaging::{Orienting, Reader, write_atomic};
use lacuna_runtime::{Plugin, Role};
use lacuna_session::{
    Choice, Explainer, GeneratorModel, Model, Models, OutputFolder, Plugins, RECORD, Selection, Session, Subject,
    Unwatched,
};
use lacuna_study::{Patients, Table};
use outcome::{GRID, Outcome};
use record::{MetricPerturbation, Plan, Used};
use rows::Case;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A table image,patient,mask,LABEL1,... whose labels are classes of the classifier
    #[arg(value_name = "DATA.csv")]
    data: PathBuf,
    /// The classifier: a manifest, or a .wasm component that is one
    #[arg(long, value_name = "FILE")]
    classifier: PathBuf,
    /// The manifest of a model of healthy images, for plugins that need one
    #[arg(long, value_name = "FILE.toml")]
    generator: Option<PathBuf>,
    /// Methods to compare, by name
    #[arg(long, value_name = "NAME,NAME,...", value_delimiter = ',', required = true)]
    methods: Vec<String>,
    /// Perturbations for the methods that delete
    #[arg(long, value_name = "NAME,NAME,...", value_delimiter = ',', default_value = "blur")]
    perturbations: Vec<String>,
    /// Metrics, by name; default: every one that was found
    #[arg(long, value_name = "NAME,NAME,...", value_delimiter = ',')]
    metrics: Vec<String>,
    /// What metrics that delete replace by
    #[arg(long, value_name = "NAME", default_value = "blur")]
    metric_perturbation: String,
    /// A parameter of a plugin, as PLUGIN.NAME=VALUE, for example rise.masks=1000
    #[arg(long, value_name = "PLUGIN.NAME=VALUE")]
    param: Vec<String>,
    /// A preset of a plugin, as PLUGIN=NAME; --param changes it
    #[arg(long, value_name = "PLUGIN=NAME")]
    preset: Vec<String>,
    /// Images to compare on
    #[arg(long, value_name = "N", default_value_t = 50)]
    images: usize,
    /// Images in one batch
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Take images of every patient, also of those that the models have learnt from
    #[arg(long)]
    all_patients: bool,
    /// Folder for the table, the grid and the maps; a run that was stopped goes on there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Decides the images and everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    black_box: BlackBoxArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    plugins: PluginArguments,
    #[command(flatten, next_help_heading = "Reading the images")]
    input: InputArguments,
    #[command(flatten, next_help_heading = "What plugins may use")]
    allowed: AllowedArguments,
}

/// Columns of the grid.
const SHOWN: usize = 8;
/// What a run compares, so that another one does not go on with it.
const PLAN: &str = "plan.json";

/// Compares everything that is not compared yet, then writes table and grid.
pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Start::new(arguments.json, &arguments.plugins, &arguments.allowed)?;
    let (console, plugins) = (&start.console, &start.plugins);
    let session = start.session(arguments.device.open(console)?);
    let model = Model::read(&arguments.classifier, &arguments.black_box.trust(), &session)?;
    let generator_model = arguments.generator.as_deref().map(GeneratorModel::read).transpose()?;
    let cases = cases(console, arguments, &model)?;
    let cells = cells(arguments, plugins)?;
    let metrics = metrics(arguments, plugins)?;
    check_params(arguments, &cells)?;
    let folder = OutputFolder::open(&arguments.out)?;
    let reader = arguments.input.reader();
    let plan = Plan {
        device: session.device.name(),
        classifier: model.record(),
        generator: generator_model.as_ref().map(GeneratorModel::record),
        metrics: metrics.plugins.iter().map(|metric| metric.sha256()).collect(),
        metric_perturbation: MetricPerturbation {
            name: &arguments.metric_perturbation,
            sha256: metrics.perturbation.sha256(),
        },
        parameters: &arguments.param,
        presets: &arguments.preset,
        seed: arguments.seed,
        apply_orientation: reader.options().orientation == Orienting::Upright,
        cells: &cells,
        images: cases.iter().map(|case| case.name.as_str()).collect(),
    };
    write_plan(&plan, folder.path())?;
    let subjects = subjects((console, &reader), arguments, &model, &cases)?;
    let notes = reader.notes();
    pictures::tell(console, &notes);
    let models = Models::load_for_images(&session, &model, generator_model.as_ref())?;

    let images: Vec<(&Case, &Subject)> = cases.iter().zip(&subjects).collect();
    let task = Task { arguments, metrics: &metrics, reader: &reader, images: &images };
    let outcome = task.run(&cells, &start, &session, &models)?;
    outcome.write(folder.path())?;
    let picture = folder.path().join(GRID);
    let shown = &images[..images.len().min(SHOWN)];
    grid::grid(&cells, shown, &reader, folder.path())?.write_png(&picture)?;
    let record = outcome.record(&plan, &session, &notes, folder.path());
    write_atomic(folder.path().join(RECORD), serde_json::to_string_pretty(&record).unwrap_or_default().as_bytes())?;
    outcome.say(console, &picture);
    console.give(&record);
    Ok(())
}

/// The images of the table that are compared, those of one class after another, since a batch has one target.
fn cases(console: &Console, arguments: &Arguments, model: &Model) -> Result<Vec<Case>> {
    let table = Table::read(&arguments.data, &Patients::Auto)?;
    let manifests: Vec<&Path> =
        std::iter::once(arguments.classifier.as_path()).chain(arguments.generator.as_deref()).collect();
    let wanted = (arguments.images, arguments.seed, arguments.all_patients);
    let mut cases = rows::choose(console, &table, model, &manifests, wanted)?;
    cases.sort_by_key(|case| case.target.0);
    Ok(cases)
}

/// Reads the images, and makes sure that their masks can be read: that is told before hours of work, not after.
fn subjects(
    (console, reader): (&Console, &Reader),
    arguments: &Arguments,
    model: &Model,
    cases: &[Case],
) -> Result<Vec<Subject>> {
    let _waiting = console.wait("reading the images");
    let one = |case: &Case| {
        let subject = arguments.input.read(&case.row.image, model.manifest(), reader)?;
        cell::mask(case, &subject, reader)?;
        Ok(subject)
    };
    cases.iter().map(one).collect()
}

/// The plugins of a cell with the parameters and presets that were given for them.
fn choice(arguments: &Arguments, cell: &Cell) -> Choice {
    let selected =
        |name: &str| Selection::named(name).with(params_of(arguments, name)).preset(preset_of(arguments, name));
    Choice {
        method: selected(&cell.method),
        perturbation: cell.perturbation.as_deref().map(selected).unwrap_or_default(),
    }
}

/// What every cell is compared on, and what measures it.
struct Task<'a> {
    arguments: &'a Arguments,
    metrics: &'a Metrics<'a>,
    reader: &'a Reader,
    images: &'a [(&'a Case, &'a Subject)],
}

impl Task<'_> {
    /// Every cell, one after another.
    fn run(&self, cells: &[Cell], start: &Start, session: &Session<'_>, models: &Models<'_>) -> Result<Outcome> {
        // The bar shows how far the comparison is.
        let quiet = Session { watch: &Unwatched, ..session.clone() };
        let mut bar = Bar::new(&start.console, cells.len() * self.images.len());
        let mut all = Vec::new();
        let mut used = Used::by(&self.metrics.plugins);
        for cell in cells {
            let settings = choice(self.arguments, cell).choose(&start.plugins, &start.granted)?;
            used.add(&settings);
            let explainer = Explainer {
                session: &quiet,
                models,
                chosen: &settings,
                seed: self.arguments.seed,
                started: crate::console::started(),
            };
            all.push((cell, self.images_of(cell, &explainer, &mut bar)?));
        }
        drop(bar);
        let names: Vec<String> = self.metrics.plugins.iter().map(|metric| metric.name().to_owned()).collect();
        Ok(Outcome::new(&all, &names, self.arguments.seed, used))
    }

    /// The images of one cell: those that an earlier run finished, and the rest, batch by batch.
    fn images_of(&self, cell: &Cell, explainer: &Explainer<'_>, bar: &mut Bar) -> Result<Vec<ImageResult>> {
        let out = &self.arguments.out;
        let mut results = Vec::new();
        let mut missing = Vec::new();
        for image in self.images {
            let inputs = cell::inputs(explainer, self.metrics, image.0, image.1)?;
            match cell.finished(out, &image.0.name, &inputs) {
                Some(result) => results.push(result),
                None => missing.push(*image),
            }
        }
        bar.found(results.len());
        for same_target in missing.chunk_by(|a, b| a.0.target == b.0.target) {
            for batch in same_target.chunks(usize::from(self.arguments.batch)) {
                explainer.check().map_err(|error| stopped(error.into()))?;
                results.extend(cell.run(explainer, (self.metrics, self.reader), batch, out).map_err(stopped)?);
                bar.made(batch.len());
            }
        }
        Ok(results)
    }
}

/// What is finished stays.
fn stopped(failure: Failure) -> Failure {
    match failure {
        Failure::Interrupted(_) => Failure::Interrupted(
            "interrupted; finished images stay, and the same command goes on with the others".into(),
        ),
        other => other,
    }
}

/// Every method with every perturbation, and once the methods that use none.
fn cells(arguments: &Arguments, plugins: &Plugins) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for method in &arguments.methods {
        match plugins.get(Role::Method, method)?.uses_perturbation() {
            false => cells.push(Cell { method: method.clone(), perturbation: None }),
            true => {
                for perturbation in &arguments.perturbations {
                    plugins.get(Role::Perturbation, perturbation)?;
                    cells.push(Cell { method: method.clone(), perturbation: Some(perturbation.clone()) });
                }
            }
        }
    }
    Ok(cells)
}

fn metrics<'a>(arguments: &Arguments, plugins: &'a Plugins) -> Result<Metrics<'a>> {
    let chosen: Vec<&Plugin> = match arguments.metrics.as_slice() {
        [] => plugins.iter().filter(|plugin| plugin.role() == Role::Metric).collect(),
        names => names.iter().map(|name| plugins.get(Role::Metric, name)).collect::<lacuna_session::Result<_>>()?,
    };
    let perturbation = plugins.get(Role::Perturbation, &arguments.metric_perturbation)?;
    let used: Vec<&Plugin> = chosen.iter().copied().chain([perturbation]).collect();
    Ok(Metrics { grants: plugins.grants(&arguments.allowed.granted, &used)?, plugins: chosen, perturbation })
}

/// `NAME=VALUE` of the parameters that are meant for one plugin.
fn params_of(arguments: &Arguments, plugin: &str) -> Vec<String> {
    let own = |text: &String| text.strip_prefix(plugin)?.strip_prefix('.').map(str::to_owned);
    arguments.param.iter().filter_map(own).collect()
}

/// The preset that is meant for one plugin.
fn preset_of(arguments: &Arguments, plugin: &str) -> Option<String> {
    let own = |text: &String| text.strip_prefix(plugin)?.strip_prefix('=').map(str::to_owned);
    arguments.preset.iter().find_map(own)
}

fn check_params(arguments: &Arguments, cells: &[Cell]) -> Result<()> {
    let names: Vec<&str> = cells
        .iter()
        .flat_map(|cell| std::iter::once(cell.method.as_str()).chain(cell.perturbation.as_deref()))
        .collect();
    let params = arguments.param.iter().map(|text| ("--param", '.', text));
    for (option, mark, text) in params.chain(arguments.preset.iter().map(|text| ("--preset", '=', text))) {
        let plugin = text.split_once(mark).map_or("", |(plugin, _)| plugin);
        if !names.contains(&plugin) {
            let remedy = "write PLUGIN.NAME=VALUE or PLUGIN=PRESET with a method or perturbation of this comparison";
            return Err(Failure::input(option, format!("`{text}` is for none of {}", names.join(", ")), remedy));
        }
    }
    Ok(())
}

/// Writes what is compared, after making sure that an earlier run in this folder compared the same.
fn write_plan(plan: &Plan<'_>, out: &Path) -> Result<()> {
    let path = out.join(PLAN);
    if let Ok(before) = fs::read_to_string(&path)
        && !plan.continues(&before)
    {
        return Err(Failure::input(
            path.display(),
            "an earlier comparison with another device, other models, metrics, parameters or seed",
            "choose another --out, or take that folder away",
        ));
    }
    Ok(write_atomic(path, serde_json::to_string_pretty(plan).unwrap_or_default().as_bytes())?)
}
