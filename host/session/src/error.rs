//! Why a session cannot go on.

use lacuna_diagnostic::{Place, Remedy};
use lacuna_runtime::{HostError, LibraryError, LoadError, RunError, SettingsError};
use std::fmt::{self, Display};

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a session cannot go on. [`Error::in_words`] says it, with places and remedies in the words of a door.
#[derive(Debug)]
pub enum Error {
    /// A file or an option that cannot be used.
    Input {
        /// The file or the option.
        place: Place,
        found: String,
        /// Any of them may help.
        remedies: Vec<Remedy>,
    },
    /// Results that could not be written; none of them is there.
    Unwritable {
        path: String,
        cause: String,
        remedies: Vec<Remedy>,
    },
    /// A classifier that is a program did not start, or a file of it is wrong.
    Start(lacuna_engine::Error),
    /// The caller asked to stop; nothing was written.
    Stopped,
    Imaging(lacuna_imaging::Error),
    Engine(lacuna_engine::Error),
    Run(RunError),
    Host(HostError),
    Load(LoadError),
    Library(LibraryError),
    Settings(SettingsError),
}

impl Error {
    /// Something found in a file or an option, and what may help.
    pub fn input(place: impl Into<Place>, found: impl Display, remedies: impl IntoIterator<Item = Remedy>) -> Error {
        Error::Input { place: place.into(), found: found.to_string(), remedies: remedies.into_iter().collect() }
    }

    /// A file was another one after it was read than before.
    pub(crate) fn changed(file: &str) -> Error {
        let remedy = Remedy::advice("wait until whatever writes it is done, then run again");
        Error::input(file, "it was changed while it was read, so that no record could say what was used", [remedy])
    }

    /// A manifest names a program, and nobody allowed it.
    pub(crate) fn not_allowed(manifest: &str, found: &str) -> Error {
        let found = found.strip_prefix(manifest).and_then(|found| found.strip_prefix(": ")).unwrap_or(found);
        let allowed = vec![Remedy::advice("make sure that you trust it"), Remedy::on("allow-command")];
        Error::input(manifest, found, [Remedy::All { of: allowed }])
    }

    pub(crate) fn unwritable(path: &std::path::Path, cause: impl Display) -> Error {
        let remedies = vec![Remedy::advice("check the folder and its disk, then run again")];
        Error::Unwritable { path: path.display().to_string(), cause: cause.to_string(), remedies }
    }

    /// What to change; any of them may help. None where the error of another crate says it in its own text.
    pub fn remedies(&self) -> Vec<Remedy> {
        match self {
            Error::Input { remedies, .. } | Error::Unwritable { remedies, .. } => remedies.clone(),
            Error::Engine(lacuna_engine::Error::External { remedies, .. }) => remedies.clone(),
            Error::Run(error) => error.remedies(),
            _ => Vec::new(),
        }
    }

    /// What happened and what to change, with places and remedies in the words that are given for them.
    pub fn in_words(&self, place_in_words: impl Fn(&Place) -> String, words: impl Fn(&Remedy) -> String) -> String {
        let what = match self {
            Error::Input { place, found, .. } => format!("{}: {found}", place_in_words(place)),
            Error::Unwritable { path, cause, .. } => format!("{path}: {cause}"),
            Error::Start(error) => return error.to_string(),
            Error::Stopped => return "interrupted, nothing was written".to_owned(),
            Error::Imaging(error) => return error.to_string(),
            Error::Engine(lacuna_engine::Error::External { what, .. }) => what.clone(),
            Error::Engine(error) => return error.to_string(),
            Error::Run(error) => return error.in_words(words),
            Error::Host(error) => return error.to_string(),
            Error::Load(error) => return error.to_string(),
            Error::Library(error) => return error.to_string(),
            Error::Settings(error) => return error.to_string(),
        };
        Remedy::after(what, &self.remedies(), words)
    }
}

/// Says the error in words that belong to no door.
impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Place::in_words, Remedy::to_string))
    }
}

impl std::error::Error for Error {}

impl From<lacuna_imaging::Error> for Error {
    fn from(error: lacuna_imaging::Error) -> Error {
        Error::Imaging(error)
    }
}

impl From<lacuna_engine::Error> for Error {
    fn from(error: lacuna_engine::Error) -> Error {
        Error::Engine(error)
    }
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Error {
        match error {
            RunError::Cancelled => Error::Stopped,
            other => Error::Run(other),
        }
    }
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        Error::Host(error)
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Error {
        Error::Load(error)
    }
}

impl From<LibraryError> for Error {
    fn from(error: LibraryError) -> Error {
        Error::Library(error)
    }
}

impl From<SettingsError> for Error {
    fn from(error: SettingsError) -> Error {
        Error::Settings(error)
    }
}

#[cfg(test)]
mod tests {
    use super::Error;
    use lacuna_diagnostic::{Place, Remedy};
    use lacuna_runtime::RunError;
    use std::path::Path;

    /// What every error of this crate says, and one of another crate.
    #[test]
    fn every_error_of_a_session() {
        let cannot_be_read = Error::input(Path::new("brain.toml").display(), "cannot be read", [Remedy::on("volume")]);
        let all = [
            Error::input(Place::option("target"), "`x` is no class", [Remedy::another("target")]),
            cannot_be_read,
            Error::input("model", "it has none", []),
            Error::unwritable(Path::new("out"), "no space"),
            Error::Stopped,
            RunError::Cancelled.into(),
            lacuna_engine::Error::Model("net.onnx: not a graph".to_owned()).into(),
            Error::Start(lacuna_engine::Error::Model("it ended at once".to_owned())),
            lacuna_engine::Error::External {
                what: "the program is silent".to_owned(),
                remedies: vec![Remedy::Raise { limit: "wall-time".to_owned(), to: "20min".to_owned() }],
            }
            .into(),
        ];
        let lines: String = all.iter().map(|error| format!("{error}\n")).collect();
        insta::assert_snapshot!(lines);
    }
}
