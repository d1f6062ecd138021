//! Errors of this crate: the place, what was found, what was expected, and the remedy.

use std::fmt::Display;
use std::path::Path;

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a table, a data set or a score cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A file or an argument cannot be used.
    #[error("{place}: {found}; expected {expected}. Remedy: {remedy}.")]
    Input {
        /// The file (with line and column where it is a table) or the argument.
        place: String,
        /// What the file or argument holds.
        found: String,
        /// What it should hold.
        expected: String,
        /// How to correct it, as an imperative without a full stop.
        remedy: String,
    },
    /// An image cannot be read, or a file cannot be written.
    #[error(transparent)]
    Imaging(#[from] lacuna_imaging::Error),
    /// The caller asked to stop.
    #[error("stopped; nothing more was computed")]
    Stopped,
}

impl Error {
    pub(crate) fn input(
        place: impl Display,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Input { place: place.to_string(), found: found.into(), expected: expected.into(), remedy: remedy.into() }
    }

    /// The error for a file or folder that the operating system cannot read.
    pub(crate) fn unreadable(path: &Path, cause: &std::io::Error, expected: &str) -> Self {
        let remedy = match cause.kind() {
            std::io::ErrorKind::NotFound => "check the spelling and the folder of the path",
            std::io::ErrorKind::PermissionDenied => "give yourself the right to read it",
            _ => "check the disk or network share that holds it",
        };
        Self::input(path.display(), format!("cannot be read ({cause})"), expected, remedy)
    }
}
