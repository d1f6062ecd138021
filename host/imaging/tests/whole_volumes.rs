//! A whole volume as an array, and back: every number is where the affine says, whatever the file's own order of axes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use common::Header;
use lacuna_imaging::{
    IntensityWindow, Interpolation, NonFinite, SliceAt, SlicePlane, Volume, VolumeOrientation, write_voxels,
};
use std::path::Path;

const DIMS: [usize; 3] = [4, 5, 3];
const RAMP: IntensityWindow = IntensityWindow::Fixed { low: 0.0, high: 59.0 };

/// A volume whose voxel (i, j, k) has the value i + 4 (j + 5 k), with the three columns of an affine.
fn volume(folder: &Path, columns: [[f32; 3]; 3]) -> Volume {
    let rows = [0, 1, 2].map(|row| [columns[0][row], columns[1][row], columns[2][row], 0.0]);
    let header = Header { sform: Some(rows), ..Header::new(DIMS) };
    let values: Vec<f32> = (0..60_u8).map(f32::from).collect();
    let path = folder.join("volume.nii");
    std::fs::write(&path, header.file_f32(&values)).unwrap();
    Volume::read(path, NonFinite::Refuse).unwrap()
}

/// Every way to store a volume: the order of axes and the sides to which they count up.
fn stored() -> Vec<[[f32; 3]; 3]> {
    let mut all = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for signs in 0..8 {
            let mut columns = [[0.0; 3]; 3];
            for (axis, world) in order.into_iter().enumerate() {
                columns[axis][world] = if signs >> axis & 1 == 1 { -1.5 } else { 2.0 };
            }
            all.push(columns);
        }
    }
    all
}

#[test]
fn an_array_lies_in_the_patient_as_its_letters_say() {
    let folder = tempfile::tempdir().unwrap();
    for columns in stored() {
        let volume = volume(folder.path(), columns);
        for letters in ["RAS", "LPS", "SPL", "IRP", "ASR"] {
            let orientation: VolumeOrientation = letters.parse().unwrap();
            let whole = volume.whole(Some(orientation), RAMP).unwrap();
            assert_eq!(whole.geometry.orientation().to_string(), letters);
            let [depth, height, width] = whole.geometry.sizes();
            // The voxel of a number, and where that lies in the patient.
            let place = |at: usize| {
                let voxel = (whole.data[at] * 59.0).round() as usize;
                let index = [voxel % 4, voxel / 4 % 5, voxel / 20].map(|i| i as f32);
                [0, 1, 2].map(|row| (0..3).map(|axis| columns[axis][row] * index[axis]).sum::<f32>())
            };
            let steps = [height * width, width, 1];
            for (axis, letter) in letters.chars().enumerate() {
                let (from, to) = (place(0), place(steps[axis]));
                let (world, sign) = match letter {
                    'R' => (0, 1.0),
                    'L' => (0, -1.0),
                    'A' => (1, 1.0),
                    'P' => (1, -1.0),
                    'S' => (2, 1.0),
                    _ => (2, -1.0),
                };
                for row in 0..3 {
                    let moved = (to[row] - from[row]) * sign;
                    assert!(if row == world { moved > 1.0 } else { moved == 0.0 }, "{letters} of {columns:?}: {moved}");
                }
            }
            assert_eq!(depth * height * width, 60);
            // And back to its voxel.
            let back = whole.geometry.voxels(&whole.data, whole.geometry.sizes()).unwrap();
            assert!(back.iter().enumerate().all(|(at, value)| (value * 59.0).round() as usize == at), "{letters}");
        }
        // As it is stored, the file's order in memory is the array's.
        let whole = volume.whole(None, RAMP).unwrap();
        assert_eq!(whole.geometry.sizes(), [3, 5, 4]);
        assert!(whole.data.windows(2).all(|two| two[0] < two[1]));
    }
}

#[test]
fn a_linear_ramp_stays_one_on_other_grids() {
    let folder = tempfile::tempdir().unwrap();
    let volume = volume(folder.path(), [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]);
    let whole = volume.whole(None, RAMP).unwrap();
    let fine = whole.fitted([6, 10, 8]);
    // Twice as fine: between the centres, a quarter off.
    let at = |d: usize, h: usize, w: usize| fine[(d * 10 + h) * 8 + w] * 59.0;
    for (d, h, w) in [(1, 1, 1), (2, 5, 3), (4, 8, 6)] {
        let place = |fine: usize| (fine as f32 + 0.5) / 2.0 - 0.5;
        let expected = place(w) + 4.0 * (place(h) + 5.0 * place(d));
        assert!((at(d, h, w) - expected).abs() < 1e-4, "{} for {expected}", at(d, h, w));
    }
    let coarse = whole.geometry.voxels(&fine, [6, 10, 8]).unwrap();
    let middle = volume.voxel([2, 2, 1]).unwrap();
    assert!((coarse[2 + 4 * (2 + 5)] * 59.0 - middle).abs() < 1e-3);
    assert!(whole.geometry.voxels(&fine, [6, 10, 7]).is_err());
}

#[test]
fn values_are_written_on_the_volumes_own_grid() {
    let folder = tempfile::tempdir().unwrap();
    for columns in stored().into_iter().step_by(7) {
        let volume = volume(folder.path(), columns);
        let values: Vec<f32> = volume.data().iter().map(|value| value * 0.5 - 3.0).collect();
        for name in ["map.nii", "map.nii.gz"] {
            let path = folder.path().join(name);
            write_voxels(&path, volume.header(), &values, "half of it").unwrap();
            let back = Volume::read(&path, NonFinite::Refuse).unwrap();
            assert_eq!((back.data(), back.header().affine()), (&values[..], volume.header().affine()));
        }
        assert!(write_voxels(folder.path().join("short.nii"), volume.header(), &values[1..], "short").is_err());
        assert!(!folder.path().join("short.nii").exists());
        // A slice of all values is what the slice of the volume shows.
        let at = SliceAt { plane: SlicePlane::Axial, index: 1 };
        let image = volume.slice(at, RAMP).unwrap();
        let lacuna_imaging::Geometry::Slice(slice) = image.geometry() else { panic!("a slice") };
        let picked = slice.pick(volume.data()).unwrap();
        assert!(picked.iter().zip(image.data()).all(|(value, shown)| (value / 59.0 - shown).abs() < 1e-6));
        let resized = image.resize(image.height(), image.width(), Interpolation::Bilinear).unwrap();
        assert_eq!(resized.data(), image.data());
    }
}
