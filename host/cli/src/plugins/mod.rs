//! Options about plugins, and the commands about them.

mod check;
mod inspect;
mod list;
mod new;

use crate::{console::Console, failure::Result};
use lacuna_session::Plugins;
use std::path::PathBuf;

/// The option of every command that uses plugins.
#[derive(Debug, Default, clap::Args)]
pub struct PluginArguments {
    /// A folder of .wasm plugins, or one such file; can be given several times. Further folders: those in LACUNA_PLUGINS,
    /// and `lacuna/plugins` in your data folder
    #[arg(long, value_name = "DIR")]
    plugins: Vec<PathBuf>,
}

impl PluginArguments {
    /// Finds and compiles every plugin.
    pub fn load(&self, console: &Console) -> Result<Plugins> {
        Ok(Plugins::load(console, &self.plugins)?)
    }
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every plugin that can be found
    List(list::Arguments),
    /// Show the parameters, presets and needs of one plugin
    Inspect(inspect::Arguments),
    /// Check what must hold of any plugin, on made images, and say what does not
    Check(check::Arguments),
    /// Make a folder with a new perturbation plugin that builds
    New(new::Arguments),
}

/// Runs one of the commands.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::List(arguments) => list::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::New(arguments) => new::run(arguments),
    }
}
