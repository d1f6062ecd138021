//! `lacuna bench`: what things cost on this machine.

mod passes;
mod step;

use crate::failure::Result;
use lacuna_engine::{Architecture, Classifier};
use lacuna_session::{Model, Session, Trust};
use std::path::Path;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Milliseconds per step of meaningful-perturbation with blur, mask 28x28, on images of noise
    ///
    /// Method: one run with WARMUP steps to warm up, one more with WARMUP steps, one with WARMUP + STEPS; a step costs the
    /// difference of the last two divided by STEPS, so that everything that happens once per run falls out.
    ///
    /// classifier: its forward pass, and the whole backward pass, nearly all of which is the classifier's. perturbation: the
    /// tensor work of blur. objective: mask, area, TV and score terms, Adam. reading: numbers that left the device and, where
    /// the device works asynchronously, the wait for all of the above. boundary: the plugins' own code and every crossing
    /// between them and the host.
    Step(step::Arguments),
    /// What methods of many passes cost above the bare passes of the classifier
    ///
    /// Method: bare passes of a batch of noise and runs of a method with batches of that size take turns; the turn with the
    /// middle ratio counts. The ratio is the time of the method for one classified image over that of the bare pass, forward
    /// for methods that need no gradients, forward and backward for the others. Own work is what is not the classifier's, in
    /// the same run.
    Passes(passes::Arguments),
}

/// Decides weights and images.
const SEED: u64 = 7;

/// Runs one of the commands.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Step(arguments) => step::run(arguments),
        Command::Passes(arguments) => passes::run(arguments),
    }
}

/// A DenseNet121 of random weights, or the classifier in a file.
fn classifier(named: &str, session: &Session<'_>) -> Result<Classifier> {
    match named {
        "densenet121" => {
            let _waiting = session.watch.wait("making a DenseNet121 with random weights");
            Ok(Classifier::untrained(Architecture::DenseNet121, 3, SEED, &session.device)?)
        }
        file => Ok(Model::read(Path::new(file), &Trust::default(), session)?
            .load_for_images(session.watch, &session.device)?),
    }
}
