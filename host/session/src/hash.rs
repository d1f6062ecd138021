//! SHA-256 in hexadecimal, of what a record must be able to prove.

use lacuna_imaging::open_regular;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, io, path::Path};

/// The SHA-256 of bytes in memory.
pub fn of_bytes(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The SHA-256 of a regular file, read piece by piece: devices and pipes have no end.
pub fn of_file(path: &Path) -> io::Result<String> {
    let mut file = open_regular(path)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

/// The SHA-256 of every file of a folder, by its name.
pub fn of_folder(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    fs::read_dir(folder)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), of_file(&entry.path())?))
        })
        .collect()
}
