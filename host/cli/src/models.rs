//! `lacuna models inspect FILE.toml`.

use crate::{
    console::Console,
    failure::Result,
    options::{AllowedArguments, BlackBoxArguments, DeviceArguments, PluginArguments, Start},
};
use lacuna_engine::{Activation, Cells, Classifier, ClassifierInfo, Device, ReluRule, Tensor};
use lacuna_session::{Model, ModelRecord};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show what a classifier takes, its classes and layers, and its answer to a grey image
    Inspect(Arguments),
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The classifier: a manifest, or a .wasm component that is one
    #[arg(value_name = "FILE")]
    classifier: PathBuf,
    #[command(flatten)]
    black_box: BlackBoxArguments,
    #[command(flatten, next_help_heading = "What a component may use")]
    allowed: AllowedArguments,
    #[command(flatten)]
    device: DeviceArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs one of the commands.
pub fn run(Command::Inspect(arguments): &Command) -> Result<()> {
    let start = Start::new(arguments.json, &PluginArguments::default(), &arguments.allowed)?;
    let console = &start.console;
    let session = start.session(arguments.device.open(console)?);
    let model = Model::read(&arguments.classifier, &arguments.black_box.trust(), &session)?;
    let classifier = model.load(console, &session.device)?;
    let (record, info) = (model.record(), classifier.info());
    let answer = Answer::to_grey(&classifier, &session.device)?;

    say_file(console, record, info);
    say_input_and_output(console, info);
    answer.say(console, info);
    say_layers(console, info);
    let seen = cam_layer_seen(&classifier)?;
    if let Some((layer, orientation)) = &seen {
        console.say(&format!("  layer `{layer}`: {orientation}"));
    }
    console.give(&document(record, info, &answer, seen.map(|(_, orientation)| orientation), session.device.name()));
    Ok(())
}

/// What a classifier says of an image that is 0.5 everywhere, class by class.
struct Answer {
    logits: Vec<f32>,
    probabilities: Vec<f32>,
}

impl Answer {
    fn to_grey(classifier: &Classifier, device: &Device) -> Result<Answer> {
        let grey = Tensor::full(device, &classifier.info().shape(1), 0.5)?;
        let logits = classifier.logits(&grey, ReluRule::Plain)?;
        let probabilities = classifier.probabilities(&logits)?.read()?;
        Ok(Answer { logits: logits.read()?, probabilities })
    }

    fn say(&self, console: &Console, info: &ClassifierInfo) {
        console.say("  answer to a grey image (0.5 everywhere):");
        for (index, class) in info.classes.iter().enumerate() {
            let (logit, probability) = (self.logits[index], self.probabilities[index]);
            console.say(&format!("    {index:3} {class:24} logit {logit:9.4}  probability {probability:.4}"));
        }
    }
}

/// How the outputs become probabilities.
fn activation(info: &ClassifierInfo) -> &'static str {
    match info.activation {
        Activation::Softmax => "softmax",
        Activation::Sigmoid => "sigmoid",
        Activation::None => "none: its outputs are the probabilities",
    }
}

/// Name of the class that means healthy.
fn healthy(info: &ClassifierInfo) -> Option<&String> {
    info.healthy.and_then(|class| info.classes.get(class.0))
}

fn say_file(console: &Console, record: &ModelRecord, info: &ClassifierInfo) {
    console.say(&format!("{}: {}", info.name, record.source));
    console.say(&format!("  manifest  {} sha256 {}", record.manifest, record.sha256));
    for file in &record.files {
        console.say(&format!("  file      {} sha256 {}", file.name, file.sha256));
    }
}

fn say_input_and_output(console: &Console, info: &ClassifierInfo) {
    let slices = info.depth.map_or(String::new(), |depth| format!("{depth} slices of "));
    console.say(&format!(
        "  input     {} channels, {slices}{} x {} pixels, intensities in [0, 1]",
        info.channels, info.height, info.width
    ));
    let named = healthy(info).map_or(String::new(), |name| format!(", healthy is `{name}`"));
    console.say(&format!("  output    {} classes, {}{named}", info.classes.len(), activation(info)));
    let gradients = if info.differentiable { "yes" } else { "no" };
    console.say(&format!("  gradients {gradients}"));
    let functions: Vec<String> =
        info.activation_functions.iter().map(|function| format!("{} {}", function.count, function.name)).collect();
    if !functions.is_empty() {
        console.say(&format!("  activation functions: {}", functions.join(", ")));
    }
    info.notes.iter().for_each(|note| console.say(&format!("  note      {note}")));
}

fn say_layers(console: &Console, info: &ClassifierInfo) {
    let cam = info.cam_layer.as_deref().unwrap_or("none");
    console.say(&format!("  layers    {} (for class activation maps: {cam})", info.layers.len()));
    info.layers.iter().for_each(|layer| console.say(&format!("    {layer}")));
}

/// The same for machines; `orientation` is that of the layer of class activation maps.
fn document(
    record: &ModelRecord,
    info: &ClassifierInfo,
    answer: &Answer,
    orientation: Option<String>,
    device: &str,
) -> serde_json::Value {
    let mut input = json!({ "channels": info.channels, "height": info.height, "width": info.width });
    if let Some(depth) = info.depth {
        input["depth"] = json!(depth);
    }
    json!({
        "classifier": record,
        "input": input,
        "classes": info.classes,
        "activation": activation(info),
        "healthy": healthy(info),
        "differentiable": info.differentiable,
        "activation_functions": info.activation_functions.iter().map(|f| json!({ "name": f.name, "count": f.count })).collect::<Vec<_>>(),
        "notes": info.notes,
        "layers": info.layers,
        "cam_layer": info.cam_layer,
        "cam_layer_orientation": orientation,
        "grey_image": { "logits": answer.logits, "probabilities": answer.probabilities },
        "device": device,
    })
}

/// Whether the layer of class activation maps lies as the image does: where a bright square of the image shows in it.
fn cam_layer_seen(classifier: &Classifier) -> Result<Option<(String, String)>> {
    let info = classifier.info();
    let Some(layer) = info.cam_layer.clone() else { return Ok(None) };
    let (grid, axes) = match info.depth {
        Some(_) => ("volume", ["slice", "row", "column"].as_slice()),
        None => ("image", ["row", "column"].as_slice()),
    };
    let listed = |parts: Vec<String>| match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    };
    let cells = match classifier.cells(&layer)? {
        Some(cells) => {
            let one = |((axis, cells), at): ((&&str, &Cells), &str)| {
                format!("{axis} {:.1} + {:.1} {at}", cells.first, cells.spacing)
            };
            let places = axes.iter().zip(&cells).zip(["i", "j", "k"]).map(one).collect();
            format!("its cells lie at {} of the {grid}", listed(places))
        }
        None => format!("where its cells lie on the {grid} cannot be told, so they are spread over it evenly"),
    };
    let Some([from, to]) = classifier.shown_in(&layer)? else {
        return Ok(Some((layer, format!("{cells}; a bright square on grey changes nothing in it"))));
    };
    // The square lies before the middle of each axis but the last, and behind that of the last.
    let spatial = info.spatial();
    let lies_there = |(axis, to): (usize, &f64)| {
        let half = spatial[axis] as f64 / 2.0;
        if axis + 1 == spatial.len() { *to > half } else { *to < half }
    };
    let lies = match to.iter().enumerate().all(lies_there) {
        true => format!("as the {grid}"),
        false => format!("otherwise than the {grid}, or every part of it sees all of the {grid}"),
    };
    let at = |places: &[f64]| {
        let parts: Vec<String> = axes.iter().zip(places).map(|(axis, at)| format!("{axis} {at:.0}")).collect();
        parts.join(", ")
    };
    let text = format!("{cells}; a bright square at {} shows in it around {}: it lies {lies}", at(&from), at(&to));
    Ok(Some((layer, text)))
}
