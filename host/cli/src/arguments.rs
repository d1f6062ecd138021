//! The commands of the program.

use crate::{
    bench, compare, data, demo, devices, explain, failure::Result, kernel, models, phantom, plugins, reconstruct,
    score, train,
};
use clap::{Parser, Subcommand};

/// Reads the arguments and runs their command.
pub fn run() -> Result<()> {
    match Arguments::parse().command {
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
        Command::Plugins(command) => plugins::run(&command),
        Command::Models(command) => models::run(&command),
        Command::Train(command) => train::run(&command),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Reconstruct(arguments) => reconstruct::run(&arguments),
        Command::Data(command) => data::run(&command),
        Command::Score(arguments) => score::run(&arguments),
        Command::Phantom(command) => phantom::run(&command),
        Command::Kernel(command) => kernel::run(&command),
        Command::Bench(command) => bench::run(&command),
    }
}

/// Explains what an image classifier looks at, by deleting regions of the image and watching the answer change.
///
/// Exit codes: 0 done, 1 the run failed, 2 wrong arguments or input, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "lacuna", version, max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Explain a classifier's answer for one image or several
    Explain(Box<explain::Arguments>),
    /// Explain a made image with the small classifier inside this program
    Demo(demo::Arguments),
    /// List the devices of this machine, and which one `auto` takes
    Devices(devices::Arguments),
    /// List, inspect and check plugins, and begin a new one
    #[command(subcommand)]
    Plugins(plugins::Command),
    /// Show what is in a classifier, and what it answers
    #[command(subcommand)]
    Models(models::Command),
    /// Train a model of healthy images, or a classifier
    #[command(subcommand)]
    Train(Box<train::Command>),
    /// Compare methods and perturbations on images whose lesions are known
    Compare(Box<compare::Arguments>),
    /// Show the healthy images that a generator makes of images, and how sure it is
    Reconstruct(reconstruct::Arguments),
    /// Make data sets in which every lesion is known
    #[command(subcommand)]
    Data(data::Command),
    /// Score maps against masks of lesions, or compare two methods' maps
    Score(score::Arguments),
    /// Make images with known lesions, or train a classifier as that of the demo on such images
    #[command(subcommand)]
    Phantom(phantom::Command),
    /// Run cells in Python, which explain and define plugins, in the sandbox
    #[command(subcommand)]
    Kernel(kernel::Command),
    /// Measure how fast explanations are on this machine
    #[command(subcommand)]
    Bench(bench::Command),
}
