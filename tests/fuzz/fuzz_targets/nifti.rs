#![no_main]

use lacuna_imaging::{IntensityWindow, NonFinite, SliceAt, Volume, write_voxels};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = lacuna_fuzz::file("volume.nii", bytes);
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
});
