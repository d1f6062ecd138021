//! Why a training cannot start or go on.

use lacuna_diagnostic::{Place, Remedy};
use std::fmt::{self, Display};

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a training cannot start or go on.
#[derive(Debug)]
pub enum Error {
    /// A file or an option that cannot be used.
    Input {
        /// The file or the option.
        place: Place,
        found: String,
        expected: String,
        /// Any of them may help.
        remedies: Vec<Remedy>,
    },
    /// The numbers left the finite ones.
    Diverged(String),
    /// The caller asked to stop; the checkpoint is written.
    Stopped { epoch: usize, steps: usize, checkpoint: String },
    /// A file that could not be written; what was there before is still there.
    Unwritable { path: String, cause: String },
    Engine(lacuna_engine::Error),
    Imaging(lacuna_imaging::Error),
    Study(lacuna_study::Error),
}

impl Error {
    pub(crate) fn input(
        place: impl Into<Place>,
        found: impl Display,
        expected: impl Display,
        remedies: impl IntoIterator<Item = Remedy>,
    ) -> Self {
        Self::Input {
            place: place.into(),
            found: found.to_string(),
            expected: expected.to_string(),
            remedies: remedies.into_iter().collect(),
        }
    }

    /// What to change; any of them may help. None where the error of another crate says it itself.
    pub fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Input { remedies, .. } => remedies.clone(),
            Self::Diverged(_) => {
                vec![Remedy::lower("learning-rate"), Remedy::advice("look at the images for outliers")]
            }
            Self::Stopped { .. } => vec![Remedy::on("resume")],
            Self::Unwritable { .. } => vec![Remedy::All {
                of: vec![Remedy::advice("make room or give the right to write there"), Remedy::on("resume")],
            }],
            Self::Engine(_) | Self::Imaging(_) | Self::Study(_) => Vec::new(),
        }
    }

    /// What happened and what to change, with places and remedies in the words that are given for them.
    pub fn in_words(&self, place_in_words: impl Fn(&Place) -> String, words: impl Fn(&Remedy) -> String) -> String {
        let what = match self {
            Self::Input { place, found, expected, .. } => {
                format!("{}: {found}; expected {expected}", place_in_words(place))
            }
            Self::Diverged(found) => format!("the training diverged: {found}"),
            Self::Stopped { epoch, steps, checkpoint } => {
                format!("stopped in epoch {epoch} after {steps} steps; the checkpoint is {checkpoint}")
            }
            Self::Unwritable { path, cause } => {
                format!("{path}: cannot be written ({cause}); what was there before is unharmed")
            }
            Self::Engine(error) => return error.to_string(),
            Self::Imaging(error) => return error.to_string(),
            Self::Study(error) => return error.to_string(),
        };
        match Remedy::joined(&self.remedies(), words) {
            Some(remedies) => format!("{what}. Remedy: {remedies}."),
            None => format!("{what}."),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Place::in_words, Remedy::to_string))
    }
}

impl std::error::Error for Error {}

impl From<lacuna_engine::Error> for Error {
    fn from(error: lacuna_engine::Error) -> Error {
        Error::Engine(error)
    }
}

impl From<lacuna_imaging::Error> for Error {
    fn from(error: lacuna_imaging::Error) -> Error {
        Error::Imaging(error)
    }
}

impl From<lacuna_study::Error> for Error {
    fn from(error: lacuna_study::Error) -> Error {
        Error::Study(error)
    }
}
