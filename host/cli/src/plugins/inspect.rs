//! `lacuna plugins inspect NAME`.

use crate::{
    console::Console,
    failure::{Failure, Result},
    options::PluginArguments,
};
use lacuna_runtime::{Parameter, ParameterKind, Plugin, Role};
use serde_json::json;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Name of a method or a perturbation
    name: String,
    #[command(flatten)]
    plugins: PluginArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Shows what a plugin says of itself, and its hash.
pub fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let plugins = arguments.plugins.load(&console)?;
    let named: Vec<&Plugin> = plugins.iter().filter(|plugin| plugin.name() == arguments.name).collect();
    if named.is_empty() {
        let names: Vec<&str> = plugins.iter().map(Plugin::name).collect();
        return Err(Failure::Input(format!(
            "there is no plugin `{}`; there are {}. Remedy: give one of these names, or the folder of yours with \
             `--plugins DIR`.",
            arguments.name,
            names.join(", ")
        )));
    }
    for plugin in &named {
        show(&console, plugin);
    }
    let shown = named.iter().map(|plugin| {
        json!({
            "role": plugin.role(), "origin": plugin.origin(), "sha256": plugin.sha256(), "wasi": plugin.wasi(),
            "info": plugin.info()
        })
    });
    console.give(&shown.collect::<Vec<_>>());
    Ok(())
}

fn show(console: &Console, plugin: &Plugin) {
    let info = plugin.info();
    let (flag, preset) = match plugin.role() {
        Role::Method => ("--param", "--preset"),
        Role::Perturbation => ("--perturbation-param", "--perturbation-preset"),
        // `compare` takes both as PLUGIN.NAME=VALUE and PLUGIN=NAME.
        // An interpreter of cells is no plugin that is listed.
        Role::Metric | Role::Interpreter => ("--param", "--preset"),
        Role::Classifier => ("--classifier-param", "--classifier-preset"),
    };
    let needs: Vec<String> = info.needs.iter().map(ToString::to_string).collect();
    console.say(&format!("{} {} {}: {}", plugin.role(), info.name, info.version, info.summary));
    console.say(&format!("  from    {}", plugin.origin()));
    console.say(&format!("  sha256  {}", plugin.sha256()));
    if !needs.is_empty() {
        console.say(&format!("  needs   {}", needs.join(", ")));
    }
    if !plugin.wasi().is_empty() {
        console.say(&format!("  asks for {}. {DENIED}", plugin.wasi().join(", ")));
    }
    if !info.parameters.is_empty() {
        console.say(&format!("  parameters, set with {flag} NAME=VALUE:"));
    }
    for parameter in &info.parameters {
        describe(console, parameter);
    }
    if !info.presets.is_empty() {
        console.say(&format!("  presets, chosen with {preset} NAME:"));
    }
    for preset in &info.presets {
        console.say(&format!("    {}: {}", preset.name, preset.summary));
        if !preset.settings.is_empty() {
            console.say(&format!("      {}", preset.settings.join(" ")));
        }
    }
}

/// What a plugin gets of WASI.
const DENIED: &str = "All of it is denied: no files, no network, no environment; the clock stands still, and randomness comes \
                      from a fixed seed.";

fn describe(console: &Console, parameter: &Parameter) {
    let Parameter { name, summary, kind, unit, source } = parameter;
    let unit = match unit.as_str() {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    console.say(&format!("    {name}={}{unit}: {summary}", kind.default_value()));
    let allowed = match kind {
        ParameterKind::Flag { .. } => "true or false".to_owned(),
        ParameterKind::Text { .. } => "text".to_owned(),
        other => other.to_string(),
    };
    match source.as_str() {
        "" => console.say(&format!("      {allowed}")),
        source => console.say(&format!("      {allowed}; default from: {source}")),
    }
}
