//! What the targets share: a file for readers that take a path, and what is done with a volume.

use lacuna_imaging::{IntensityWindow, NonFinite, SliceAt, Volume, write_voxels};
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

/// Reads a volume from a file `name` of these bytes, and takes slices of it. A small one is written and must read as it was.
///
/// # Panics
/// When it does not.
pub fn volume(name: &str, bytes: &[u8]) {
    let path = file(name, bytes);
    let Ok(volume) = Volume::read(&path, NonFinite::Zero) else { return };
    for slice in ["axial:0", "coronal:1", "sagittal:2"] {
        if let Ok(at) = slice.parse::<SliceAt>() {
            let _ = volume.slice(at, IntensityWindow::default());
        }
    }
    if volume.data().len() <= 1 << 16 {
        let _ = volume.whole(None, IntensityWindow::default());
        let written = path.with_file_name("written.nii");
        if write_voxels(&written, volume.header(), volume.data(), "voxels").is_ok() {
            let again = Volume::read(&written, NonFinite::Refuse);
            assert_eq!(again.unwrap().header().dims(), volume.header().dims());
        }
    }
}
