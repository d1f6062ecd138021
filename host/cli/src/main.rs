//! The `lacuna` program: explains what an image classifier looks at.
//!
//! ```text
//! arguments -> commands -> explain: values of a lacuna-session -> results in a folder
//!                          demo, devices, plugins, models, train, reconstruct, data, score, phantom, bench
//! ```
//!
//! Everything that a user gets wrong ends as a [`failure::Failure`], which decides the exit code; a panic is a bug
//! and ends in one line that asks to report it.

mod arguments;
mod bench;
mod compare;
mod console;
mod crash;
mod data;
mod demo;
mod devices;
mod explain;
mod failure;
mod interrupt;
mod kernel;
mod memory;
mod models;
mod options;
mod phantom;
mod pictures;
mod plugins;
mod reconstruct;
mod score;
mod train;
mod watch;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    console::start_clock();
    memory::keep_what_is_freed();
    crash::guard(arguments::run)
}
