//! The one place where the engine reads files: those that a model's manifest names.

use crate::{Error, Result};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// More bytes than any model of today has, by far: a file that goes on without end is no model.
const LARGEST: u64 = 64 << 30;

/// Where the files of a model lie. They are only ever read.
#[derive(Clone, Debug)]
pub enum ModelFiles {
    /// The folder of the manifest; absolute paths and `$NAME/...` point elsewhere.
    Folder(PathBuf),
    /// Names and contents inside the program.
    Embedded(&'static [(&'static str, &'static [u8])]),
    /// Names and contents in memory.
    InMemory(Arc<Vec<(String, Vec<u8>)>>),
}

/// Bytes of a manifest.
const LARGEST_MANIFEST: u64 = 16 << 20;

impl ModelFiles {
    /// The bytes of a file that the manifest names.
    ///
    /// # Errors
    /// A file that is not there, is no regular file, or cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        match self {
            Self::Folder(_) => {
                let path = self.path(name)?;
                let found = std::fs::metadata(&path)?;
                // Devices and pipes have no end.
                if !found.is_file() || found.len() > LARGEST {
                    return Err(io::Error::other("it is no regular file, or larger than any model"));
                }
                std::fs::read(path)
            }
            Self::Embedded(files) => files
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "not among the files inside the program")),
            Self::InMemory(files) => files
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, bytes)| bytes.clone())
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "not among the files in memory")),
        }
    }

    /// A file that a graph names, relative to the graph's own folder.
    pub(crate) fn read_beside(&self, file: &str, name: &str) -> io::Result<Vec<u8>> {
        self.read(&beside(file, name)?)
    }

    /// The files that an ONNX graph of a manifest keeps its weights in, by names that a manifest could give them.
    ///
    /// # Errors
    /// A graph that cannot be read, or one that names files outside of its folder.
    pub fn named_in_graph(&self, graph: &str) -> io::Result<Vec<String>> {
        let bytes = self.read(graph)?;
        crate::graph::onnx::external_files(&bytes).iter().map(|name| beside(graph, name)).collect()
    }

    /// Where a file that the manifest names lies, for readers that open it themselves.
    ///
    /// # Errors
    /// An environment variable that is not set, or a file that lies in no folder.
    pub fn path(&self, name: &str) -> io::Result<PathBuf> {
        let Self::Folder(folder) = self else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this format is read from a file only"));
        };
        Ok(folder.join(expanded(name)?))
    }
}

/// Reads a manifest: its name in messages, its text, and where the files lie that it names.
///
/// # Errors
/// [`Error::Model`] for a file that cannot be read.
pub(crate) fn read_manifest(manifest: &Path) -> Result<(String, String, ModelFiles)> {
    let file = manifest.display().to_string();
    let found =
        std::fs::metadata(manifest).and_then(|found| match found.is_file() && found.len() <= LARGEST_MANIFEST {
            true => std::fs::read_to_string(manifest),
            false => Err(io::Error::other("it is no regular file of at most 16 MiB")),
        });
    let text = found.map_err(|error| {
        Error::Model(format!("{file}: the manifest cannot be read: {error}; give the path of a .toml file"))
    })?;
    let folder = manifest.parent().map(Path::to_path_buf).unwrap_or_default();
    Ok((file, text, ModelFiles::Folder(folder)))
}

/// The name of a file beside a graph. A graph is foreign data: it may name files in its own folder only.
fn beside(graph: &str, name: &str) -> io::Result<String> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || name.contains(['\\', '$', ':']) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it lies outside the folder of the graph"));
    }
    Ok(match graph.rfind('/') {
        Some(end) => format!("{}/{name}", &graph[..end]),
        None => name.to_owned(),
    })
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
