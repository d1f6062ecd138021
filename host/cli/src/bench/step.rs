//! `lacuna bench step`: what one optimisation step costs, and where its time goes.

use super::{SEED, classifier};
use crate::{
    console::Console,
    failure::Result,
    options::{AllowedArguments, DeviceArguments, PluginArguments, Start},
};
use lacuna_engine::{ClassIndex, Classifier, Tensor};
use lacuna_runtime::{CancelToken, ExplainRequest, Host, RunRecord, Settings, Timings, explain};
use lacuna_session::{Choice, Chosen};
use serde::Serialize;
use std::fs;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `densenet121` (random weights, 3 classes), or a classifier's manifest
    #[arg(long, value_name = "densenet121|FILE.toml", default_value = "densenet121")]
    classifier: String,
    /// Images that are optimised together; several sizes are measured one after the other
    #[arg(long, value_delimiter = ',', default_value = "1,8", value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: Vec<u16>,
    /// Steps that are measured
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    steps: u32,
    /// Steps that are not
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    warmup: u32,
    #[command(flatten)]
    device: DeviceArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    classifier: String,
    device: String,
    image: [usize; 3],
    mask: [u32; 2],
    steps: u32,
    warmup: u32,
    batches: Vec<Row>,
}

/// Milliseconds of one step.
#[derive(Debug, Serialize)]
struct Row {
    batch: usize,
    ms_per_step: f64,
    ms_per_image: f64,
    classifier: f64,
    perturbation: f64,
    objective: f64,
    reading: f64,
    boundary: f64,
    boundary_percent: f64,
    host_calls_per_step: f64,
    /// Largest resident memory of the process so far, where the system says it.
    peak_memory_bytes: Option<u64>,
}

/// Measures every size of batch.
pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Start::new(arguments.json, &PluginArguments::default(), &AllowedArguments::default())?;
    let Start { console, cancel, plugins, .. } = &start;
    let chosen = Choice::default().choose(plugins, &[])?;
    let session = start.session(arguments.device.open(console)?);
    let classifier = classifier(&arguments.classifier, &session)?;
    let info = classifier.info();
    let mut report = Report {
        classifier: info.name.clone(),
        device: session.device.name().to_owned(),
        image: [info.channels, info.height, info.width],
        mask: [28, 28],
        steps: arguments.steps,
        warmup: arguments.warmup,
        batches: Vec::new(),
    };
    console.say(&format!("{} on {}", report.classifier, report.device));
    console.say(HEAD);
    for batch in &arguments.batch {
        let bench = Bench {
            host: &plugins.host,
            chosen: &chosen,
            classifier: &classifier,
            batch: usize::from(*batch),
            cancel: cancel.clone(),
        };
        let row = bench.measure(console, arguments.warmup, arguments.steps)?;
        row.show(console);
        report.batches.push(row);
    }
    if let Some(bytes) = peak_memory() {
        console.say(&format!("peak memory {:.0} MiB", bytes as f64 / f64::from(1 << 20)));
    }
    console.give(&report);
    Ok(())
}

#[derive(Debug)]
struct Bench<'a> {
    host: &'a Host,
    chosen: &'a Chosen<'a>,
    classifier: &'a Classifier,
    batch: usize,
    cancel: CancelToken,
}

impl Bench<'_> {
    fn measure(&self, console: &Console, warmup: u32, steps: u32) -> Result<Row> {
        let _waiting = console.wait(&format!("measuring batch {}", self.batch));
        self.run(warmup)?;
        let short = self.run(warmup)?;
        let long = self.run(warmup + steps)?;
        Ok(Row::new(self.batch, steps, &short, &long))
    }

    fn run(&self, steps: u32) -> Result<RunRecord> {
        let (info, device) = (self.classifier.info(), self.classifier.device());
        let shape = [self.batch, info.channels, info.height, info.width];
        let images = Tensor::uniform(device, &shape, 0.0, 1.0, SEED)?;
        let method = self.chosen.method;
        let request = ExplainRequest {
            perturbation: self.chosen.perturbation,
            method_settings: Settings::parse(
                method.info(),
                None,
                &[format!("steps={steps}"), "mask-size=28".to_owned()],
            )?,
            perturbation_settings: self.chosen.perturbation_settings.clone(),
            seed: SEED,
            grants: self.chosen.grants.clone(),
            cancel: self.cancel.clone(),
            ..ExplainRequest::new(method, self.classifier, images, vec![ClassIndex(0); self.batch])
        };
        Ok(explain(self.host, request)?.record)
    }
}

const HEAD: &str = "batch  ms/step  ms/image  classifier  perturbation  objective  reading  boundary      %  calls";

impl Row {
    fn new(batch: usize, steps: u32, short: &RunRecord, long: &RunRecord) -> Row {
        let steps = f64::from(steps);
        let per_step = |part: fn(&Timings) -> f64| 1e3 * (part(&long.timings) - part(&short.timings)).max(0.0) / steps;
        let total = per_step(|t| t.total - t.prepare - t.embedder);
        let boundary = per_step(|t| t.boundary);
        Row {
            batch,
            ms_per_step: total,
            ms_per_image: total / batch as f64,
            classifier: per_step(|t| t.classifier + t.backward),
            perturbation: per_step(|t| t.perturbation),
            objective: per_step(|t| t.objective),
            reading: per_step(|t| t.readback),
            boundary,
            boundary_percent: 100.0 * boundary / total.max(f64::MIN_POSITIVE),
            host_calls_per_step: long.host_calls.saturating_sub(short.host_calls) as f64 / steps,
            peak_memory_bytes: peak_memory(),
        }
    }

    fn show(&self, console: &Console) {
        let Row {
            batch,
            ms_per_step,
            ms_per_image,
            classifier,
            perturbation,
            objective,
            reading,
            boundary,
            boundary_percent,
            host_calls_per_step,
            ..
        } = self;
        console.say(&format!(
            "{batch:5}  {ms_per_step:7.1}  {ms_per_image:8.1}  {classifier:10.1}  {perturbation:12.2}  {objective:9.2}  \
             {reading:7.2}  {boundary:8.3}  {boundary_percent:5.2}  {host_calls_per_step:5.0}"
        ));
    }
}

/// Linux says it in `/proc/self/status`, in kB.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
