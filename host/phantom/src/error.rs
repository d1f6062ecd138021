//! What can go wrong: what was found, what was expected, what to do.

/// The result of a call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no trained model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A training option outside its range.
    #[error("training option {option} is {found}; expected {expected}. Remedy: {remedy}.")]
    Option { option: &'static str, found: String, expected: String, remedy: &'static str },
    /// The caller's progress function asked to stop.
    #[error(
        "training was stopped after {done} of {steps} steps; no model was made. Remedy: run it again, the same seed makes the same model."
    )]
    Stopped { done: usize, steps: usize },
    /// The loss or a weight became NaN or infinite.
    #[error(
        "after {done} steps {found} is not a finite number; expected a loss that falls. Remedy: lower the learning rate, which is {learning_rate}."
    )]
    Diverged { done: usize, found: &'static str, learning_rate: String },
    /// The backend could not compute.
    #[error("the CPU backend failed: {0}; expected it to compute. Remedy: run it again with less else in memory.")]
    Device(String),
    /// Weights that are not those of the network.
    #[error("weights: {found}; expected {expected}. Remedy: take the file that the training wrote.")]
    Weights { found: String, expected: String },
}

impl Error {
    pub(crate) fn diverged(done: usize, found: &'static str, learning_rate: f64) -> Self {
        Self::Diverged { done, found, learning_rate: learning_rate.to_string() }
    }
}
