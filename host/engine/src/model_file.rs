//! The one place where the engine reads files: those that a model's manifest names.

use std::io;
use std::path::{Path, PathBuf};

/// Where the files of a model lie. They are only ever read.
#[derive(Clone, Debug)]
pub enum ModelFiles {
    /// In the folder of the manifest, and where an absolute path or `$NAME/...` points.
    Folder(PathBuf),
    /// Inside the program: names and contents.
    Embedded(&'static [(&'static str, &'static [u8])]),
}

impl ModelFiles {
    /// The bytes of a file that the manifest names.
    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        match self {
            Self::Folder(_) => std::fs::read(self.path(name)?),
            Self::Embedded(files) => files
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "not among the files inside the program")),
        }
    }

    /// A file that a graph names, relative to the graph's own folder.
    pub(crate) fn read_beside(&self, file: &str, name: &str) -> io::Result<Vec<u8>> {
        // A graph is foreign data: it may name files in its own folder only.
        if Path::new(name).is_absolute() || name.contains("..") || name.contains('\\') || name.contains('$') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it lies outside the folder of the graph"));
        }
        match file.rfind('/') {
            Some(end) => self.read(&format!("{}/{name}", &file[..end])),
            None => self.read(name),
        }
    }

    /// Where a file that the manifest names lies, for readers that open it themselves.
    ///
    /// # Errors
    /// An environment variable that is not set, or a file inside the program.
    pub fn path(&self, name: &str) -> io::Result<PathBuf> {
        let Self::Folder(folder) = self else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this format is read from a file only"));
        };
        Ok(folder.join(expanded(name)?))
    }
}

/// `$NAME/rest` with the value of the environment variable NAME.
fn expanded(name: &str) -> io::Result<String> {
    let Some(rest) = name.strip_prefix('$') else {
        return Ok(name.to_owned());
    };
    let (variable, rest) = rest.split_once('/').unwrap_or((rest, ""));
    match std::env::var(variable) {
        Ok(value) => Ok(format!("{}/{rest}", value.trim_end_matches('/'))),
        Err(_) => {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("the environment variable {variable} is not set")))
        }
    }
}
