//! What another reader makes of the files: nibabel and NumPy, where python3 has them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{numbered, placements, real_data};
use lacuna_imaging::{Geometry, IntensityWindow, Map, NonFinite, SliceAt, SlicePlane, Volume};

/// Checks every `NAME.nii*` in the folder against `NAME.PLANE.map.nii.gz`, and against `NAME.txt`: the affine as read here,
/// and the voxel (i, j, k) marked 1.0 on each plane.
const SCRIPT: &str = r#"
import glob, json, os, sys
import nibabel, numpy
checked = 0
for note in sorted(glob.glob(os.path.join(sys.argv[1], "*.json"))):
    note = json.load(open(note))
    volume = nibabel.load(note["volume"])
    assert numpy.allclose(volume.affine, numpy.reshape(note["affine"], (4, 4)), atol=1e-6, rtol=0), (note, volume.affine)
    for plane, side, index, voxel, path in note["maps"]:
        image = nibabel.load(path)
        assert image.shape == volume.shape, (path, image.shape)
        assert numpy.abs(image.affine - volume.affine).max() <= 1e-6, path
        for field in ("dim", "pixdim", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x",
                      "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z", "xyzt_units"):
            assert numpy.array_equal(image.header[field], volume.header[field]), (path, field)
        data = image.get_fdata()
        assert image.get_data_dtype().newbyteorder("=") == numpy.float32
        assert numpy.argwhere(data == 1.0).tolist() == [voxel], (path, numpy.argwhere(data == 1.0), voxel)
        # The plane by nibabel's own idea of the axes.
        axis = nibabel.io_orientation(volume.affine)[:, 0].tolist().index(side)
        assert set(numpy.nonzero(data)[axis].tolist()) == {index}, (path, axis)
        checked += 1
print("nibabel agrees on", checked, "maps")
"#;

fn python() -> Option<String> {
    let python = std::env::var("LACUNA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import nibabel, numpy"]).output();
    match found {
        Ok(output) if output.status.success() => Some(python),
        _ => {
            let required = std::env::var_os("LACUNA_REQUIRE_PYTHON").is_some();
            assert!(!required, "nibabel is required, but `{python}` has none");
            println!("skipped: `{python}` has no nibabel and numpy (another Python can be named in LACUNA_PYTHON)");
            None
        }
    }
}

fn run(python: &str, arguments: &[&std::ffi::OsStr]) {
    let output = Command::new(python).arg("-c").args(arguments).output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Writes a map for one slice of each plane, all 0.5 but for one pixel of 1.0, and a note of what nibabel should find.
fn write_maps(volume_path: &Path, folder: &Path, name: &str) {
    let volume = Volume::read(volume_path, NonFinite::Refuse).unwrap();
    let mut maps = Vec::new();
    for (plane, side) in SlicePlane::ALL.into_iter().zip([2, 1, 0]) {
        let index = volume.header().slices(plane) / 2;
        let image = volume.slice(SliceAt { plane, index }, IntensityWindow::FullRange).unwrap();
        let Geometry::Slice(slice) = image.geometry() else { panic!("a slice") };
        let (row, column) = (image.height() / 3, image.width() / 4);
        let mut data = vec![0.5; image.height() * image.width()];
        data[row * image.width() + column] = 1.0;
        let path = folder.join(format!("{name}.{plane}.map.nii.gz"));
        Map::new(image.height(), image.width(), data).unwrap().write_nifti(&path, slice).unwrap();
        maps.push(format!("[\"{plane}\", {side}, {index}, {:?}, {path:?}]", slice.voxel(row, column).unwrap()));
    }
    let affine: Vec<String> = volume.header().affine().transpose().iter().map(|value| format!("{value:e}")).collect();
    let note = format!(
        "{{\"volume\": {volume_path:?}, \"affine\": [{}], \"maps\": [{}]}}",
        affine.join(", "),
        maps.join(", ")
    );
    std::fs::write(folder.join(format!("{name}.json")), note).unwrap();
}

#[test]
fn nibabel_lays_maps_on_made_volumes() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let dims = [8, 9, 10];
    for (name, header) in placements(dims) {
        let path = folder.path().join(format!("{name}.nii"));
        std::fs::write(&path, header.file_f32(&numbered(dims))).unwrap();
        write_maps(&path, folder.path(), name);
    }
    run(&python, &[SCRIPT.as_ref(), folder.path().as_ref()]);
}

#[test]
fn nibabel_lays_maps_on_real_volumes() {
    let (Some(python), Some(data)) = (python(), real_data("ms/volumes")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for name in ["p07_FLAIR", "p19_T1", "p26_GOLD_STANDARD"] {
        write_maps(&data.join(format!("{name}.nii.gz")), folder.path(), name);
    }
    run(&python, &[SCRIPT.as_ref(), folder.path().as_ref()]);
}

#[test]
fn numpy_reads_the_array() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.npy");
    Map::new(3, 2, vec![0.0, 0.1, 0.2, 0.3, 0.4, 0.5]).unwrap().write_npy(&path).unwrap();
    let script = "import numpy, sys; a = numpy.load(sys.argv[1]); \
                  assert a.dtype == 'float32' and a.shape == (3, 2) and abs(a - numpy.arange(6).reshape(3, 2) / 10).max() < 1e-7";
    run(&python, &[script.as_ref(), path.as_ref()]);
}
