//! SHA-256 in hexadecimal, of what a record must be able to prove.

use sha2::{Digest, Sha256};
use std::{fs::File, io, path::Path};

/// Of bytes in memory.
pub fn of_bytes(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Of a regular file, read piece by piece: devices and pipes have no end.
pub fn of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}
