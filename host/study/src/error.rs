//! What can go wrong: where, what was found, what was expected, what to do.

use std::fmt::Display;
use std::path::Path;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a study cannot go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A file or an argument that cannot be used.
    #[error("{place}: {found}; expected {expected}. Remedy: {remedy}.")]
    Input {
        /// The file, with the line and the column where there are such, or the argument.
        place: String,
        found: String,
        expected: String,
        remedy: String,
    },
    /// An image that cannot be read, or a file that cannot be written.
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

    /// A file or a folder that the system does not let us read.
    pub(crate) fn unreadable(path: &Path, cause: &std::io::Error, expected: &str) -> Self {
        let remedy = match cause.kind() {
            std::io::ErrorKind::NotFound => "check the spelling and the folder of the path",
            std::io::ErrorKind::PermissionDenied => "give yourself the right to read it",
            _ => "check the disk or network share that holds it",
        };
        Self::input(path.display(), format!("cannot be read ({cause})"), expected, remedy)
    }
}
