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
    Stopped {
        epoch: usize,
        steps: usize,
        checkpoint: String,
    },
    /// A file that could not be written; what was there before is still there.
    Unwritable {
        path: String,
        cause: String,
    },
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
        Remedy::after(what, &self.remedies(), words)
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

#[cfg(test)]
mod tests {
    use super::Error;
    use lacuna_diagnostic::{Place, Remedy};

    /// What every error says; the `match` stops compiling where a variant is missing.
    #[test]
    fn every_error_of_a_training() {
        let engine = lacuna_engine::Error::Device("no such device".to_owned());
        let study = lacuna_study::Error::Stopped;
        let all = [
            Error::input(Place::option("learning-rate"), 2, "at most 1", [Remedy::option("learning-rate", 0.001)]),
            Error::input("out/checkpoint", "one", "none", [Remedy::on("resume"), Remedy::another("out")]),
            Error::Diverged("the loss of step 3 is NaN".to_owned()),
            Error::Stopped { epoch: 2, steps: 40, checkpoint: "out/checkpoint".to_owned() },
            Error::Unwritable { path: "out/model".to_owned(), cause: "no space".to_owned() },
            Error::Engine(engine),
            Error::Study(study),
        ];
        let line = |error: &Error| {
            let name = match error {
                Error::Input { .. } => "input",
                Error::Diverged(_) => "diverged",
                Error::Stopped { .. } => "stopped",
                Error::Unwritable { .. } => "unwritable",
                // The words of other crates.
                Error::Engine(_) | Error::Imaging(_) | Error::Study(_) => "other crates",
            };
            format!("{name}: {error}\n")
        };
        insta::assert_snapshot!(all.iter().map(line).collect::<String>());
    }
}
