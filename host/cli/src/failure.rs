//! Why a command ended, and the exit code that says so.

use crate::words;
use lacuna_diagnostic::Remedy;
use lacuna_imaging::ErrorKind;
use lacuna_runtime::{HostError, LibraryError, LimitError, LoadError, RunError, SettingsError};
use std::fmt;

/// The result of everything in this program that a user can make fail.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why a command ended, in words for its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Arguments or files that cannot be used: exit code 2.
    Input(String),
    /// Work that failed: exit code 1.
    Run(String),
    /// The user stopped it: exit code 130, as shells have it for Ctrl-C.
    Interrupted(String),
}

impl Failure {
    /// Something found in a file or an argument, what was expected, and what to do.
    pub fn input(what: impl fmt::Display, found: impl fmt::Display, remedy: &str) -> Failure {
        Failure::Input(format!("{what}: {found}. Remedy: {remedy}."))
    }

    /// The same, caused by an argument or a file.
    pub fn into_input(self) -> Failure {
        Failure::Input(self.to_string())
    }

    /// Nothing was written yet.
    pub fn interrupted() -> Failure {
        Failure::Interrupted("interrupted, nothing was written".to_owned())
    }

    pub fn code(&self) -> u8 {
        match self {
            Failure::Input(_) => 2,
            Failure::Run(_) => 1,
            Failure::Interrupted(_) => 130,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(why) | Failure::Run(why) | Failure::Interrupted(why) => f.write_str(why),
        }
    }
}

impl From<lacuna_imaging::Error> for Failure {
    fn from(error: lacuna_imaging::Error) -> Failure {
        let option = match error.kind {
            ErrorKind::Channels => " Here: `--to-grey` takes the luminance.",
            ErrorKind::NonFinite => " Here: `--nan-as-zero` reads such voxels as 0.",
            ErrorKind::Unwritable => return Failure::Run(error.to_string()),
            _ => "",
        };
        Failure::Input(format!("{error}{option}"))
    }
}

impl From<lacuna_session::Error> for Failure {
    fn from(error: lacuna_session::Error) -> Failure {
        use lacuna_session::Error;
        let said = error.in_words(words::place, words::remedy);
        match error {
            Error::Input { .. } => Failure::Input(said),
            Error::Unwritable { .. } => Failure::Run(said),
            Error::Start(error) => Failure::from(error).into_input(),
            Error::Stopped => Failure::interrupted(),
            Error::Imaging(error) => error.into(),
            Error::Engine(error) => error.into(),
            Error::Run(error) => error.into(),
            Error::Host(error) => error.into(),
            Error::Load(error) => error.into(),
            Error::Library(error) => error.into(),
            Error::Settings(error) => error.into(),
        }
    }
}

impl From<lacuna_engine::Error> for Failure {
    fn from(error: lacuna_engine::Error) -> Failure {
        match error {
            lacuna_engine::Error::Model(why) => Failure::Input(why),
            lacuna_engine::Error::External { what, remedies } => {
                let remedies = Remedy::joined(&remedies, words::remedy).unwrap_or_default();
                Failure::Run(format!("{what}. Remedy: {remedies}"))
            }
            other => Failure::Run(other.to_string()),
        }
    }
}

impl From<lacuna_conformance::Error> for Failure {
    fn from(error: lacuna_conformance::Error) -> Failure {
        match error {
            lacuna_conformance::Error::Classifier(_) => Failure::Input(error.to_string()),
            lacuna_conformance::Error::Stopped => Failure::interrupted(),
            lacuna_conformance::Error::Engine(error) => error.into(),
        }
    }
}

impl From<lacuna_study::Error> for Failure {
    fn from(error: lacuna_study::Error) -> Failure {
        match error {
            lacuna_study::Error::Input { .. } => Failure::Input(error.to_string()),
            lacuna_study::Error::Imaging(error) => error.into(),
            lacuna_study::Error::Stopped => Failure::interrupted(),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Cancelled => Failure::interrupted(),
            RunError::Request { .. } | RunError::NotGranted { .. } | RunError::Unavailable { .. } => {
                Failure::Input(error.in_words(words::remedy))
            }
            other => Failure::Run(other.in_words(words::remedy)),
        }
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Failure {
        Failure::Run(error.to_string())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Failure {
        Failure::Input(error.to_string())
    }
}

impl From<LibraryError> for Failure {
    fn from(error: LibraryError) -> Failure {
        let option = match error {
            LibraryError::Unknown { .. } => " with `--plugins DIR`",
            LibraryError::Load(_) | LibraryError::Taken { .. } => "",
        };
        Failure::Input(format!("{error}{option}"))
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::Input(format!("{error}. See `lacuna plugins inspect NAME`"))
    }
}

impl From<LimitError> for Failure {
    fn from(error: LimitError) -> Failure {
        Failure::Input(error.to_string())
    }
}
