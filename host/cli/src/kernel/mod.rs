//! `lacuna kernel`: cells in Python, inside the sandbox.

mod open;
mod script;

use crate::failure::Result;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run a script in Python in the sandbox, cell by cell, and print what its cells would show
    Run(script::Arguments),
}

/// Runs the command.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Run(arguments) => script::run(arguments),
    }
}
