//! Folders that cells write.

use std::{fs, path::Path};

/// The file by which a folder is known that a cell wrote.
const MARK: &str = ".lacuna-saved";
/// Bytes of the files of one folder.
const MOST_BYTES: usize = 4 << 20;
/// Entries of the folder that cells write into.
const MOST_FOLDERS: usize = 1000;

/// Writes a folder whole: beside its place, then renamed. Returns its path.
pub fn write_folder(parent: &Path, name: &str, files: &[(String, String)]) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return Err("a folder's name is made of letters, digits, `-` and `_`".to_owned());
    }
    let target = parent.join(name);
    if target.exists() && !target.join(MARK).is_file() {
        return Err("there is a folder of this name that no cell wrote; choose another name or move it away".to_owned());
    }
    if files.iter().map(|(_, text)| text.len()).sum::<usize>() > MOST_BYTES {
        return Err(format!("the files have more than {MOST_BYTES} bytes together"));
    }
    let written = fs::read_dir(parent).map(Iterator::count).unwrap_or_default();
    if !target.exists() && written >= MOST_FOLDERS {
        return Err(format!("there are {written} folders beside it, and no more than {MOST_FOLDERS} are written"));
    }
    fs::create_dir_all(parent).map_err(|error| error.to_string())?;
    let staged = tempfile::Builder::new().prefix(".lacuna-").tempdir_in(parent).map_err(|error| error.to_string())?;
    for (path, text) in files {
        let parts: Vec<&str> = path.split('/').collect();
        let fine =
            |part: &&str| !part.is_empty() && part.chars().all(|c| plain(c) || c == '.') && !part.starts_with('.');
        if !parts.iter().all(fine) {
            return Err(format!("`{path}` is no path of a file below it"));
        }
        let file = parts.iter().fold(staged.path().to_owned(), |folder, part| folder.join(part));
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        fs::write(&file, text).map_err(|error| error.to_string())?;
    }
    fs::write(staged.path().join(MARK), "a cell of a Lacuna notebook wrote this folder\n")
        .map_err(|e| e.to_string())?;
    if target.exists() {
        let old = tempfile::Builder::new().prefix(".lacuna-").tempdir_in(parent).map_err(|error| error.to_string())?;
        fs::rename(&target, old.path().join("old")).map_err(|error| error.to_string())?;
    }
    fs::rename(staged.keep(), &target).map_err(|error| error.to_string())?;
    Ok(target.display().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    #[test]
    fn a_folder_is_written_whole_and_only_its_own_kind_is_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let path = write_folder(parent.path(), "mine", &[file("a.py", "1"), file("tests/b.py", "2")]).unwrap();
        assert_eq!(fs::read_to_string(Path::new(&path).join("tests/b.py")).unwrap(), "2");
        write_folder(parent.path(), "mine", &[file("c.py", "3")]).unwrap();
        assert!(!Path::new(&path).join("a.py").exists() && Path::new(&path).join("c.py").is_file());
        fs::create_dir(parent.path().join("theirs")).unwrap();
        assert!(write_folder(parent.path(), "theirs", &[file("a.py", "1")]).unwrap_err().contains("no cell wrote"));
        for name in ["", "..", "a/b", "/a", "a b", ".a"] {
            assert!(write_folder(parent.path(), name, &[file("a.py", "1")]).is_err(), "{name}");
        }
        for path in ["", "../a", "/a", "a/../b", "a//b", ".a", "a\\b"] {
            assert!(write_folder(parent.path(), "other", &[file(path, "1")]).is_err(), "{path}");
        }
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2, "nothing half-written is left");
    }
}
