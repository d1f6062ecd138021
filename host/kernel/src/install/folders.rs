//! Where Jupyter looks for kernels (the document "Common Directories and File Locations" of jupyter_core).

use crate::Error;
use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// For whom a kernel is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The user who runs this: `JUPYTER_DATA_DIR`, or the system's folder for a user's data.
    User,
    /// Whoever runs the Jupyter that is installed under this folder, for example a virtual environment.
    Prefix(PathBuf),
}

impl Place {
    /// The folder of kernelspecs.
    ///
    /// # Errors
    /// Nothing says where the user's home is.
    pub fn kernels(&self) -> Result<PathBuf, Error> {
        let data = match self {
            Self::Prefix(prefix) => Some(prefix.join("share/jupyter")),
            Self::User => user(&|name| env::var_os(name), env::home_dir().as_deref()),
        };
        let data = data.ok_or_else(|| Error::System("nothing says where your home folder is".into()))?;
        Ok(data.join("kernels"))
    }
}

/// The user's data folder, from the environment's variables and the home folder. Relative paths are no use: Jupyter would read
/// them from another place.
fn user(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("JUPYTER_DATA_DIR").or_else(|| match env::consts::OS {
        "macos" => Some(home?.join("Library/Jupyter")),
        "windows" => Some(absolute("APPDATA")?.join("jupyter")),
        _ => Some(absolute("XDG_DATA_HOME").or_else(|| Some(home?.join(".local/share")))?.join("jupyter")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_folders_are_those_of_jupyter_core() {
        let find = |set: &[(&str, &str)], home: Option<&str>| {
            let variable = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            user(&variable, home.map(Path::new)).map(|path| path.display().to_string())
        };
        let found = |path: &str| Some(path.to_owned());
        assert_eq!(find(&[], Some("/home/me")), found("/home/me/.local/share/jupyter"));
        assert_eq!(find(&[("XDG_DATA_HOME", "/data")], Some("/home/me")), found("/data/jupyter"));
        assert_eq!(find(&[("JUPYTER_DATA_DIR", "/j"), ("XDG_DATA_HOME", "/data")], None), found("/j"));
        assert_eq!(find(&[("JUPYTER_DATA_DIR", "j")], Some("/home/me")), found("/home/me/.local/share/jupyter"));
        assert_eq!(find(&[], None), None);
    }
}
