//! What the targets share: a file for readers that take a path.

use std::{env, fs, path::PathBuf, process};

/// The file that holds `bytes` now: one for each process and `name`, in memory where the machine has such a folder.
///
/// # Panics
/// When it cannot be written.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { env::temp_dir() };
    let folder = folder.join(format!("lacuna-fuzz-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}
