//! Makes a kernel known to Jupyter: a *kernelspec*, a folder with `kernel.json` and a logo.
//!
//! A folder appears whole or not at all, and only what this module wrote is ever replaced or removed.

mod folders;

pub use folders::Place;

use crate::Error;
use serde_json::{Map, Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const LOGO: &str = include_str!("logo.svg");
const SPEC: &str = "kernel.json";
/// The files of a kernelspec.
const FILES: [&str; 2] = [SPEC, "logo-svg.svg"];
/// In the metadata of `kernel.json`: who wrote the folder.
const WRITER: (&str, &str) = ("written_by", env!("CARGO_PKG_NAME"));

/// A kernel as Jupyter lists it.
#[derive(Clone, Debug)]
pub struct Kernelspec {
    /// The folder's name, for example `lacuna`: letters without accents, digits, `.`, `_` and `-`.
    pub name: String,
    /// What people choose, for example `Lacuna (sandboxed Python)`.
    pub display_name: String,
    /// The language, for example `python`.
    pub language: String,
    /// The command that starts the kernel. Jupyter puts the connection file's path in place of `{connection_file}`.
    pub argv: Vec<String>,
    /// What else `kernel.json` says of the kernel.
    pub metadata: Map<String, Value>,
}

impl Kernelspec {
    /// Writes the kernelspec, in place of an older one that this module wrote. Returns its folder.
    ///
    /// # Errors
    /// A name that Jupyter does not allow, a command without `{connection_file}`, no home folder, a folder that cannot be
    /// written, or one that something else wrote.
    pub fn install(&self, place: &Place) -> Result<PathBuf, Error> {
        let kernels = place.kernels()?;
        let folder = kernels.join(&self.name);
        let failed =
            |why: String| Error::Kernelspec { doing: "cannot write the kernelspec", folder: folder.clone(), why };
        if !allowed(&self.name) {
            return Err(failed(format!("Jupyter allows no kernel with the name `{}`", self.name)));
        }
        if !self.argv.iter().any(|argument| argument.contains("{connection_file}")) {
            return Err(failed("its command takes no `{connection_file}`".into()));
        }
        let exists = fs::symlink_metadata(&folder).is_ok();
        if exists && !is_ours(&folder) {
            return Err(failed("a kernel of that name is there already, and something else wrote it".into()));
        }
        let write = || -> io::Result<()> {
            fs::create_dir_all(&kernels)?;
            // Beside the folder, so that renaming moves no bytes. Jupyter lists no name with a `~`.
            let fresh = Beside::new(&kernels, &self.name, "new")?;
            fs::write(fresh.0.join(SPEC), self.json())?;
            fs::write(fresh.0.join(FILES[1]), LOGO)?;
            if exists {
                let old = Beside::new(&kernels, &self.name, "old")?;
                let kept = old.0.join(&self.name);
                fs::rename(&folder, &kept)?;
                fs::rename(&fresh.0, &folder).inspect_err(|_| drop(fs::rename(&kept, &folder)))?;
            } else {
                fs::rename(&fresh.0, &folder)?;
            }
            Ok(())
        };
        write().map_err(|error| failed(error.to_string()))?;
        Ok(folder)
    }

    fn json(&self) -> String {
        let mut metadata = self.metadata.clone();
        metadata.insert(WRITER.0.into(), WRITER.1.into());
        let spec = json!({
            "argv": self.argv, "display_name": self.display_name, "language": self.language,
            "interrupt_mode": "message", "metadata": metadata,
        });
        format!("{spec:#}\n")
    }
}

/// Removes the kernelspec of that name. Returns its folder, or none where there is none.
///
/// # Errors
/// No home folder, a folder that something else wrote or put files into, or that cannot be removed.
pub fn uninstall(name: &str, place: &Place) -> Result<Option<PathBuf>, Error> {
    let folder = place.kernels()?.join(name);
    let failed = |why: String| Error::Kernelspec { doing: "cannot remove the kernelspec", folder: folder.clone(), why };
    if !allowed(name) || fs::symlink_metadata(&folder).is_err() {
        return Ok(None);
    }
    if !is_ours(&folder) {
        return Err(failed("something else wrote it".into()));
    }
    let remove = || -> io::Result<()> {
        // What says whose it is goes last, so that a second attempt can follow one that was cut short.
        for file in FILES.iter().rev() {
            let others = fs::read_dir(&folder)?.filter(|entry| {
                entry.as_ref().map_or(true, |entry| FILES.iter().all(|ours| *ours != entry.file_name()))
            });
            if *file == SPEC && others.count() > 0 {
                return Err(io::Error::other("it has files that something else wrote; they stay"));
            }
            match fs::remove_file(folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir(&folder)
    };
    remove().map_err(|error| failed(error.to_string()))?;
    Ok(Some(folder))
}

fn allowed(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.bytes().all(allowed) && name.bytes().any(|byte| byte != b'.')
}

/// Whether this module wrote a folder.
fn is_ours(folder: &Path) -> bool {
    let real = fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir());
    let spec = fs::read(folder.join(SPEC)).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    real && spec.is_some_and(|spec| spec["metadata"][WRITER.0] == WRITER.1)
}

/// A folder beside a kernelspec, removed with what is in it when it is dropped.
struct Beside(PathBuf);

impl Beside {
    fn new(kernels: &Path, name: &str, what: &str) -> io::Result<Self> {
        let folder = kernels.join(format!(".{name}~{what}~{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a rename there is nothing left.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Kernelspec {
        Kernelspec {
            name: "lacuna".into(),
            display_name: "Lacuna (sandboxed Python)".into(),
            language: "python".into(),
            argv: ["/a b/lacuna", "kernel", "run", "{connection_file}"].map(String::from).into(),
            metadata: Map::from_iter([("grants".to_owned(), json!(["image"]))]),
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_installed_is_found_replaced_and_removed() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::Prefix(root.path().join("new"));
        let folder = spec().install(&place).unwrap();
        assert_eq!(folder, root.path().join("new/share/jupyter/kernels/lacuna"));
        let read = || serde_json::from_slice::<Value>(&fs::read(folder.join(SPEC)).unwrap()).unwrap();
        let expected = json!({
            "argv": ["/a b/lacuna", "kernel", "run", "{connection_file}"],
            "display_name": "Lacuna (sandboxed Python)", "language": "python", "interrupt_mode": "message",
            "metadata": {"grants": ["image"], "written_by": "lacuna-kernel"},
        });
        assert_eq!(read(), expected);
        fs::remove_file(folder.join("logo-svg.svg")).unwrap();
        let other = Kernelspec { display_name: "Other".into(), ..spec() };
        assert_eq!(other.install(&place).unwrap(), folder);
        assert_eq!((read()["display_name"].as_str(), names(&folder)), (Some("Other"), FILES.map(String::from).into()));
        assert_eq!(names(folder.parent().unwrap()), ["lacuna"]);
        assert_eq!(uninstall("lacuna", &place).unwrap(), Some(folder.clone()));
        assert!(!folder.exists() && uninstall("lacuna", &place).unwrap().is_none());
    }

    #[test]
    fn what_others_wrote_stays() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::Prefix(root.path().into());
        let folder = spec().install(&place).unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        let error = uninstall("lacuna", &place).unwrap_err().to_string();
        assert!(error.contains("lacuna") && folder.join("notes.txt").exists() && folder.join(SPEC).exists(), "{error}");
        fs::write(folder.join(SPEC), "{}").unwrap();
        assert!(spec().install(&place).is_err() && uninstall("lacuna", &place).is_err());
        assert_eq!(fs::read(folder.join(SPEC)).unwrap(), b"{}");
        for name in ["", "..", "a/b", "a b"] {
            assert!(Kernelspec { name: name.into(), ..spec() }.install(&place).is_err(), "{name}");
            assert!(uninstall(name, &place).unwrap().is_none());
        }
        assert!(Kernelspec { argv: vec!["lacuna".into()], ..spec() }.install(&place).is_err());
    }

    #[test]
    fn an_error_says_which_folder() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("share"), "a file").unwrap();
        let error = spec().install(&Place::Prefix(root.path().into())).unwrap_err().to_string();
        assert!(error.contains(&root.path().display().to_string()), "{error}");
    }
}
