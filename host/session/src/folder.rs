//! The folder that results go to: complete results under their names, or nothing.

use crate::error::{Error, Result};
use lacuna_diagnostic::Remedy;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The record's file name. The record is written last: where it is, everything else is there too.
pub const RECORD: &str = "record.json";

/// A folder that can be written; folders that were made for it disappear again if nothing came into them.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    made: Vec<PathBuf>,
}

impl OutputFolder {
    /// Makes the folder and finds out whether files can be written there.
    ///
    /// # Errors
    /// A folder that cannot be made or written.
    pub fn open(path: &Path) -> Result<OutputFolder> {
        let missing: Vec<PathBuf> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .map(Path::to_path_buf)
            .collect();
        let folder = OutputFolder { path: path.to_owned(), made: missing };
        fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
        folder.stage()?;
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder of the same disk, hidden inside, for files that are not complete yet. It goes away when dropped.
    fn stage(&self) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix(".lacuna-")
            .tempdir_in(&self.path)
            .map_err(|error| unwritable(&self.path, &error))
    }

    /// Lets `write` put files into a hidden folder, then moves them under their names, the record last. Files of `former`
    /// names that this run did not write belong to an older result and are removed.
    ///
    /// # Errors
    /// What `write` says, and files that cannot be moved.
    pub fn fill<E: From<Error>>(
        &self,
        former: &[&str],
        write: impl FnOnce(&Path) -> std::result::Result<(), E>,
    ) -> std::result::Result<Vec<String>, E> {
        let staged = self.stage()?;
        write(staged.path())?;
        let moved = self.take(staged.path(), former);
        moved.map_err(|error| {
            Error::unwritable(&self.path, format!("the results cannot be moved there ({error})")).into()
        })
    }

    fn take(&self, staged: &Path, former: &[&str]) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(staged)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_by_key(|name| (name == RECORD, name.clone()));
        for name in former {
            match fs::remove_file(self.path.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for name in &names {
            fs::rename(staged.join(name), self.path.join(name))?;
        }
        Ok(names)
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        // Fails for a folder with something inside, as it should.
        self.made.iter().for_each(|folder| {
            let _ = fs::remove_dir(folder);
        });
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let file = path.ancestors().find(|folder| folder.is_file());
    let (found, remedy) = match (file, error.kind()) {
        (Some(file), _) => (format!("`{}` is a file", file.display()), "move the file away"),
        (None, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            (format!("the folder cannot be written ({error})"), "give yourself the right to write there")
        }
        (None, _) => (format!("the folder cannot be made or written ({error})"), "check the path and its disk"),
    };
    let found = format!("{found}; expected a folder that can be written");
    Error::input(path.display(), found, [Remedy::another("out"), Remedy::advice(remedy)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    #[test]
    fn a_failed_run_leaves_no_folder_and_no_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let folder = OutputFolder::open(&path).unwrap();
        let failed = folder.fill::<Error>(&[], |staged| {
            fs::write(staged.join("half"), "").unwrap();
            Err(Error::Stopped)
        });
        assert!(failed.is_err());
        drop(folder);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn results_replace_those_of_an_older_run() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("map.nii.gz"), "old").unwrap();
        fs::write(root.path().join("mine.txt"), "the user's").unwrap();
        let folder = OutputFolder::open(root.path()).unwrap();
        let written = folder.fill::<Error>(&["map.nii.gz"], |staged| {
            fs::write(staged.join(RECORD), "{}").unwrap();
            fs::write(staged.join("z.png"), "").unwrap();
            Ok(())
        });
        assert_eq!(written.unwrap(), ["z.png", RECORD]);
        drop(folder);
        assert!(
            !root.path().join("map.nii.gz").exists() && root.path().join("mine.txt").exists(),
            "only what Lacuna wrote is replaced"
        );
    }
}
