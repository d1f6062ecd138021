//! Why a training cannot start or go on.

use std::fmt::Display;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a training cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or an option that cannot be used.
    #[error("{place}: {found}; expected {expected}. Remedy: {remedy}.")]
    Input {
        /// The file or the option.
        place: String,
        found: String,
        expected: String,
        remedy: String,
    },
    /// The numbers left the finite ones.
    #[error("the training diverged: {0}. Remedy: a smaller --learning-rate, and look at the images for outliers.")]
    Diverged(String),
    /// The caller asked to stop; the checkpoint is written.
    #[error(
        "stopped in epoch {epoch} after {steps} steps; the checkpoint is {checkpoint}. Remedy: go on with --resume."
    )]
    Stopped { epoch: usize, steps: usize, checkpoint: String },
    /// A file that could not be written; what was there before is still there.
    #[error(
        "{path}: cannot be written ({cause}); what was there before is unharmed. Remedy: make room or give the right to write there, then go on with --resume."
    )]
    Unwritable { path: String, cause: String },
    #[error(transparent)]
    Engine(#[from] lacuna_engine::Error),
    #[error(transparent)]
    Imaging(#[from] lacuna_imaging::Error),
    #[error(transparent)]
    Study(#[from] lacuna_study::Error),
}

impl Error {
    pub(crate) fn input(
        place: impl Display,
        found: impl Display,
        expected: impl Display,
        remedy: impl Display,
    ) -> Self {
        Self::Input {
            place: place.to_string(),
            found: found.to_string(),
            expected: expected.to_string(),
            remedy: remedy.to_string(),
        }
    }
}
