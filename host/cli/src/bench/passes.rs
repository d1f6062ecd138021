//! `lacuna bench passes`: methods of many passes against the passes themselves.

use super::{SEED, classifier};
use crate::{
    console::Console,
    failure::Result,
    interrupt,
    options::{AllowedArguments, DeviceArguments, PluginArguments, Start},
};
use lacuna_engine::{ClassIndex, Classifier, ReluRule, Score, Tensor};
use lacuna_runtime::{ExplainRequest, Need, Role, RunRecord, explain};
use lacuna_session::{Choice, Selection};
use serde::Serialize;
use std::time::Instant;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Methods with a parameter `batch`
    #[arg(long, value_delimiter = ',', default_value = "occlusion,rise,integrated-gradients,smoothgrad")]
    methods: Vec<String>,
    /// `densenet121` (random weights, 3 classes), or a classifier's manifest
    #[arg(long, value_name = "densenet121|FILE.toml", default_value = "densenet121")]
    classifier: String,
    /// Images in one pass
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Passes of one run, about
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    passes: u16,
    /// Turns of bare passes and a run
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    #[command(flatten)]
    device: DeviceArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One run of a method between bare passes. Seconds for one classified image.
#[derive(Clone, Copy, Debug)]
struct Turn {
    images: u64,
    method: f64,
    bare: f64,
    /// What is not the classifier's, as a share of what is.
    own: f64,
}

impl Turn {
    fn new(record: &RunRecord, bare: f64) -> Turn {
        let t = &record.timings;
        let (total, classifier) = (t.total - t.prepare - t.embedder, t.classifier + t.backward);
        let images = record.classified_images;
        Turn { images, method: total / images.max(1) as f64, bare, own: (total - classifier) / classifier }
    }
}

/// The median of all turns, by their ratio.
#[derive(Debug, Serialize)]
struct Row {
    method: String,
    gradients: bool,
    classified_images: u64,
    method_ms: f64,
    bare_ms: f64,
    ratio: f64,
    /// The method's own work, in per cent of the classifier's in the same run.
    own_percent: f64,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Start::new(arguments.json, &PluginArguments::default(), &AllowedArguments::default())?;
    let Start { console, cancel, plugins, .. } = &start;
    let session = start.session(arguments.device.open(console)?);
    let device = &session.device;
    let classifier = classifier(&arguments.classifier, &session)?;
    let info = classifier.info();
    console.say(&format!("{} on {}, batches of {}", info.name, device.name(), arguments.batch));
    console.say("method                   passes            images  ms/image  bare ms/image  ratio  own work %");
    let batch = usize::from(arguments.batch);
    let noise =
        |count: usize| Tensor::uniform(device, &[count, info.channels, info.height, info.width], 0.0, 1.0, SEED);
    let (one, many) = (noise(1)?, noise(batch)?);
    let mut rows = Vec::new();
    for name in &arguments.methods {
        let deletes = plugins.get(Role::Method, name)?.uses_perturbation();
        let method = Selection::named(name).with(params(name, arguments, info.height.min(info.width)));
        let perturbation = if deletes { Selection::named("constant") } else { Selection::default() };
        let chosen = Choice { method, perturbation }.choose(plugins, &[])?;
        let gradients = chosen.method.info().needs.contains(&Need::Gradients);
        let _waiting = console.wait(&format!("measuring {name}"));
        bare(&classifier, &many, gradients)?;
        let passes = || -> Result<f64> {
            let spent = (0..arguments.passes).map(|_| bare(&classifier, &many, gradients)).sum::<Result<f64>>()?;
            Ok(spent / (f64::from(arguments.passes) * batch as f64))
        };
        let mut turns = Vec::new();
        let mut before = passes()?;
        for _ in 0..arguments.rounds {
            interrupt::check(cancel)?;
            let request = ExplainRequest {
                perturbation: chosen.perturbation,
                method_settings: chosen.method_settings.clone(),
                perturbation_settings: chosen.perturbation_settings.clone(),
                seed: SEED,
                grants: chosen.grants.clone(),
                cancel: cancel.clone(),
                ..ExplainRequest::new(chosen.method, &classifier, one.clone(), vec![ClassIndex(0)])
            };
            let record = explain(&plugins.host, request)?.record;
            let after = passes()?;
            turns.push(Turn::new(&record, (before + after) / 2.0));
            before = after;
        }
        let row = Row::new(name, gradients, turns);
        row.show(console);
        rows.push(row);
    }
    console.give(&rows);
    Ok(())
}

/// The parameters that make a method ask for as many versions of the image as the passes hold.
fn params(method: &str, arguments: &Arguments, size: usize) -> Vec<String> {
    let versions = usize::from(arguments.batch) * usize::from(arguments.passes);
    let own = match method {
        "occlusion" => {
            let side = (versions as f64).sqrt().ceil().max(2.0);
            let window = (size / 4).max(1);
            let stride = (((size - window) as f64 / (side - 1.0)).ceil() as usize).clamp(1, window);
            vec![format!("window={window}"), format!("stride={stride}")]
        }
        "integrated-gradients" => vec![format!("steps={versions}")],
        _ => vec![format!("samples={versions}")],
    };
    own.into_iter().chain([format!("batch={}", arguments.batch)]).collect()
}

/// Seconds of one pass: the score of class 0 forward, or its gradient.
fn bare(classifier: &Classifier, images: &Tensor, gradients: bool) -> Result<f64> {
    let started = Instant::now();
    let leaf = if gradients { images.track()? } else { images.clone() };
    let logits = classifier.logits(&leaf, ReluRule::Plain)?;
    let targets = vec![ClassIndex(0); images.shape()[0]];
    let scores = classifier.scores(&logits, &targets, Score::Logit)?;
    match gradients {
        // Reading waits for a device that works asynchronously.
        true => scores.sum(&[])?.backward()?.of_leaf(&leaf)?.sum(&[])?.read()?,
        false => scores.read()?,
    };
    Ok(started.elapsed().as_secs_f64())
}

impl Row {
    fn new(method: &str, gradients: bool, mut turns: Vec<Turn>) -> Row {
        turns.sort_by(|a, b| (a.method / a.bare).total_cmp(&(b.method / b.bare)));
        let middle = turns.get(turns.len() / 2).copied();
        let Turn { images, method: spent, bare, own } =
            middle.unwrap_or(Turn { images: 0, method: 0.0, bare: 1.0, own: 0.0 });
        Row {
            method: method.to_owned(),
            gradients,
            classified_images: images,
            method_ms: 1e3 * spent,
            bare_ms: 1e3 * bare,
            ratio: spent / bare,
            own_percent: 100.0 * own,
        }
    }

    fn show(&self, console: &Console) {
        let Row { method, gradients, classified_images, method_ms, bare_ms, ratio, own_percent } = self;
        let passes = if *gradients { "forward, backward" } else { "forward" };
        console.say(&format!(
            "{method:24} {passes:17} {classified_images:6}  {method_ms:8.2}  {bare_ms:13.2}  {ratio:5.3}  {own_percent:10.2}"
        ));
    }
}
