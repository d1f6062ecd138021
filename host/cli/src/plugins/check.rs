//! `lacuna plugins check`: what must hold of any plugin, checked on made images.

use crate::{
    console::Console,
    failure::{Failure, Result},
    interrupt,
    options::{AllowedArguments, DeviceArguments, PluginArguments, Start},
};
use lacuna_conformance::{Bench, Check, Stamp, Subject};
use lacuna_runtime::{Plugin, Role, Settings};
use lacuna_session::Plugins;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Names of methods, perturbations and metrics; default: every one that was found
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A parameter of a plugin, as PLUGIN.NAME=VALUE, for example rise.samples=500
    #[arg(long, value_name = "PLUGIN.NAME=VALUE")]
    param: Vec<String>,
    #[command(flatten)]
    plugins: PluginArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten, next_help_heading = "What plugins may use")]
    allowed: AllowedArguments,
    /// Print one JSON document: a stamp for each plugin, with its hash
    #[arg(long)]
    json: bool,
}

/// Checks the plugins one by one and says what does not hold.
///
/// # Errors
/// Plugins that do not conform, after all were checked.
pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Start::new(arguments.json, &arguments.plugins, &arguments.allowed)?;
    let Start { console, cancel, plugins, limits, granted } = &start;
    let chosen = chosen(plugins, &arguments.names)?;
    check_params(arguments, &chosen)?;
    let device = arguments.device.open(console)?;
    let subject = Subject::new(&device)?;
    let perturbation = plugins.get(Role::Perturbation, "blur")?;
    let mut stamps = Vec::new();
    for plugin in chosen {
        interrupt::check(cancel)?;
        let own = |text: &String| text.strip_prefix(plugin.name())?.strip_prefix('.').map(str::to_owned);
        let params: Vec<String> = arguments.param.iter().filter_map(own).collect();
        let bench = Bench {
            host: &plugins.host,
            subject: &subject,
            plugin,
            settings: Settings::parse(plugin.info(), None, &params)?,
            perturbation,
            limits: limits.clone(),
            grants: plugins.grants(granted, &[plugin, perturbation])?,
            cancel: cancel.clone(),
        };
        let stamp = {
            let _waiting = console.wait(&format!("checking {}", plugin.id()));
            bench.stamp()?
        };
        show(console, &stamp);
        stamps.push(stamp);
    }
    console.give(&stamps);
    let failed: Vec<&str> = stamps.iter().filter(|stamp| !stamp.conforms).map(|stamp| &*stamp.plugin.name).collect();
    match failed.as_slice() {
        [] => Ok(()),
        names => Err(Failure::Run(format!(
            "{} of {} plugins do not conform: {}. Remedy: see above what was found; a parameter may be given with --param.",
            names.len(),
            stamps.len(),
            names.join(", ")
        ))),
    }
}

fn chosen<'a>(plugins: &'a Plugins, names: &[String]) -> Result<Vec<&'a Plugin>> {
    let all = || plugins.iter().filter(|plugin| plugin.role() != Role::Classifier);
    if let Some(unknown) = names.iter().find(|name| all().all(|plugin| plugin.name() != **name)) {
        let known: Vec<&str> = all().map(Plugin::name).collect();
        let remedy = "give one of these names, or the folder of yours with `--plugins DIR`";
        let found = format!("there is no method, perturbation or metric of this name, only {}", known.join(", "));
        return Err(Failure::input(format!("`{unknown}`"), found, remedy));
    }
    Ok(all().filter(|plugin| names.is_empty() || names.iter().any(|name| name == plugin.name())).collect())
}

fn check_params(arguments: &Arguments, chosen: &[&Plugin]) -> Result<()> {
    let known = |text: &&String| {
        let plugin = text.split_once('.').map_or("", |(plugin, _)| plugin);
        !chosen.iter().any(|chosen| chosen.name() == plugin)
    };
    match arguments.param.iter().find(known) {
        None => Ok(()),
        Some(text) => {
            let remedy = "write PLUGIN.NAME=VALUE with the name of a plugin that is checked";
            Err(Failure::input("--param", format!("`{text}` is for no plugin that is checked"), remedy))
        }
    }
}

fn show(console: &Console, stamp: &Stamp) {
    let verdict = if stamp.conforms { "conforms" } else { "DOES NOT CONFORM" };
    console.say(&format!("{} {} {}: {verdict}", stamp.role, stamp.plugin.name, stamp.plugin.version));
    for Check { name, holds, found } in &stamp.checks {
        let mark = match holds {
            Some(true) => "yes",
            Some(false) => "NO ",
            None => "-  ",
        };
        console.say(&format!("  {mark} {name}: {found}"));
    }
}
