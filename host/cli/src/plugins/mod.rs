//! `lacuna plugins`: the commands about plugins.

mod check;
mod inspect;
mod list;
mod new;

use crate::failure::Result;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every plugin that can be found
    List(list::Arguments),
    /// Show the parameters, presets and needs of one plugin
    Inspect(inspect::Arguments),
    /// Check what must hold of any plugin, on made images, and say what does not
    Check(check::Arguments),
    /// Make a folder with a new perturbation, method or metric, in Rust or Python, that builds
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
