//! `lacuna kernel run`: a notebook for Jupyter, or a script without it.

use super::{open::OpenArguments, sandbox::Sandbox, script};
use crate::{
    console::Console,
    failure::{Failure, Result},
};
use lacuna_kernel::{Connection, Ended};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file in which Jupyter says where it listens
    #[arg(long, value_name = "FILE", conflicts_with_all = ["script", "out"])]
    connection_file: Option<PathBuf>,
    #[command(flatten)]
    script: script::Arguments,
    #[command(flatten)]
    open: OpenArguments,
}

/// Serves until Jupyter ends it, or runs the script.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Some(file) = &arguments.connection_file else {
        return match &arguments.script.script {
            Some(file) => script::run(file, &arguments.script, &arguments.open),
            None => {
                let remedy = "name a script with `--script FILE.py`; Jupyter starts a notebook's kernel itself";
                Err(Failure::input("kernel run", "there is nothing to run", remedy))
            }
        };
    };
    let connection = Connection::read(file).map_err(|error| Failure::Input(error.to_string()))?;
    let console = Console::new(false);
    // Jupyter starts a kernel in the folder of its notebook.
    let sandbox = Sandbox::start(|screen| arguments.open.open(&console, Path::new(""), screen))?;
    match lacuna_kernel::run(&connection, sandbox) {
        Ok(ended) => leave(ended),
        Err(error) => Err(Failure::Run(error.to_string())),
    }
}

/// A cell that did not end with the kernel is left behind on its thread, which must not keep the process alive.
fn leave(_: Ended) -> Result<()> {
    std::process::exit(0);
}
