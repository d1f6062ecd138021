//! `lacuna models inspect FILE.toml`.

use crate::{
    black_box::{BlackBoxArguments, Opening},
    console::Console,
    devices::DeviceArguments,
    explain::{GrantArguments, LimitArguments},
    failure::Result,
    interrupt,
    model::Model,
    plugins::{PluginArguments, Plugins},
};
use lacuna_engine::{Activation, ReluRule, Tensor};
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
    limits: LimitArguments,
    #[command(flatten, next_help_heading = "What a component may use")]
    grants: GrantArguments,
    #[command(flatten)]
    device: DeviceArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs one of the commands.
pub fn run(Command::Inspect(arguments): &Command) -> Result<()> {
    let console = Console::new(arguments.json);
    let cancel = interrupt::watch()?;
    let plugins = Plugins::load(&console, &PluginArguments::default())?;
    let device = arguments.device.open(&console)?;
    let opening = Opening {
        console: &console,
        host: &plugins.host,
        device: &device,
        limits: &arguments.limits.read()?,
        granted: &arguments.grants.granted,
        cancel: &cancel,
    };
    let model = Model::read(&arguments.classifier, &arguments.black_box, &opening)?;
    let classifier = model.load(&console, &device)?;
    let info = classifier.info();
    let grey = Tensor::full(&device, &[1, info.channels, info.height, info.width], 0.5)?;
    let logits = classifier.logits(&grey, ReluRule::Plain)?;
    let probabilities = classifier.probabilities(&logits)?.read()?;
    let logits = logits.read()?;
    let activation = match info.activation {
        Activation::Softmax => "softmax",
        Activation::Sigmoid => "sigmoid",
    };

    let record = model.record();
    console.say(&format!("{}: {}", info.name, record.source));
    console.say(&format!("  manifest  {} sha256 {}", record.manifest, record.sha256));
    for file in &record.files {
        console.say(&format!("  file      {} sha256 {}", file.name, file.sha256));
    }
    console.say(&format!(
        "  input     {} channels, {} x {} pixels, intensities in [0, 1]",
        info.channels, info.height, info.width
    ));
    let healthy = info.healthy.and_then(|class| info.classes.get(class.0));
    let named = healthy.map_or(String::new(), |name| format!(", healthy is `{name}`"));
    console.say(&format!("  output    {} classes, {activation}{named}", info.classes.len()));
    let gradients = if info.differentiable { "yes" } else { "no" };
    console.say(&format!("  gradients {gradients}"));
    let functions: Vec<String> =
        info.activation_functions.iter().map(|function| format!("{} {}", function.count, function.name)).collect();
    if !functions.is_empty() {
        console.say(&format!("  activation functions: {}", functions.join(", ")));
    }
    console.say("  answer to a grey image (0.5 everywhere):");
    for (index, class) in info.classes.iter().enumerate() {
        let (logit, probability) = (logits[index], probabilities[index]);
        console.say(&format!("    {index:3} {class:24} logit {logit:9.4}  probability {probability:.4}"));
    }
    let cam = info.cam_layer.as_deref().unwrap_or("none");
    console.say(&format!("  layers    {} (for class activation maps: {cam})", info.layers.len()));
    info.layers.iter().for_each(|layer| console.say(&format!("    {layer}")));

    console.give(&json!({
        "classifier": record,
        "input": { "channels": info.channels, "height": info.height, "width": info.width },
        "classes": info.classes,
        "activation": activation,
        "healthy": healthy,
        "differentiable": info.differentiable,
        "activation_functions": info.activation_functions.iter().map(|f| json!({ "name": f.name, "count": f.count })).collect::<Vec<_>>(),
        "layers": info.layers,
        "cam_layer": info.cam_layer,
        "grey_image": { "logits": logits, "probabilities": probabilities },
        "device": device.name(),
    }));
    Ok(())
}
