//! Opens regular files only: a pipe keeps its reader waiting, and a device has no end.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file. A folder fails as the system says it.
///
/// # Errors
/// A file that is not there or cannot be opened, and one that is no regular file.
pub fn open_regular(path: impl AsRef<Path>) -> io::Result<File> {
    let found = fs::metadata(&path)?.file_type();
    match found.is_file() || found.is_dir() {
        true => File::open(path),
        false => Err(io::Error::other("it is no regular file")),
    }
}

/// The bytes of a regular file of at most `most` bytes.
///
/// # Errors
/// Those of [`open_regular`], and a larger file.
pub fn read_regular(path: impl AsRef<Path>, most: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!("it has more than {most} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn devices_are_refused_and_large_files_too() {
        assert!(open_regular("/dev/zero").unwrap_err().to_string().contains("no regular file"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, [0; 9]).unwrap();
        assert_eq!(read_regular(&file, 9).unwrap().len(), 9);
        assert!(read_regular(&file, 8).is_err());
    }
}
