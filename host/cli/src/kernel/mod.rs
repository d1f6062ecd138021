//! `lacuna kernel`: cells in Python, inside the sandbox.

mod component;
mod install;
mod open;
mod run;
mod sandbox;
mod script;

pub use component::TOOL;

use crate::failure::Result;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Build the interpreter of cells, once, and make it known to Jupyter as a kernel
    Install(install::InstallArguments),
    /// Serve a notebook, as Jupyter asks for it, or run a script
    Run(Box<run::Arguments>),
    /// Make Jupyter forget the kernel
    Uninstall(install::UninstallArguments),
}

/// Runs the command.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Install(arguments) => install::install(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Uninstall(arguments) => install::uninstall(arguments),
    }
}
