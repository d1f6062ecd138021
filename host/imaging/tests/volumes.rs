//! Volumes: what the header says, what a slice shows, and that a map goes back onto its voxels.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use common::{Header, numbered, placements, real_data};
use lacuna_imaging::{
    AffineSource, Geometry, Image, IntensityWindow, Map, NonFinite, SliceAt, SliceGeometry, SlicePlane, Volume, Warning,
};

const DIMS: [usize; 3] = [5, 6, 7];

fn write(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("volume.nii");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read(bytes: &[u8]) -> lacuna_imaging::Result<Volume> {
    let (_folder, path) = write(bytes);
    Volume::read(path, NonFinite::Refuse)
}

fn geometry(image: &Image) -> &SliceGeometry {
    match image.geometry() {
        Geometry::Slice(slice) => slice,
        Geometry::Pixels => panic!("a slice has the geometry of a slice"),
    }
}

fn world(volume: &Volume, [i, j, k]: [usize; 3]) -> [f64; 3] {
    let point = volume.header().affine() * nalgebra::Vector4::new(i as f64, j as f64, k as f64, 1.0);
    [point[0], point[1], point[2]]
}

#[test]
fn every_pixel_shows_its_voxel_and_every_map_goes_back() {
    for (name, header) in placements(DIMS) {
        let (folder, path) = write(&header.file_f32(&numbered(DIMS)));
        let volume = Volume::read(&path, NonFinite::Refuse).unwrap();
        assert_eq!(volume.data(), numbered(DIMS), "{name}");
        for plane in SlicePlane::ALL {
            for index in [0, volume.header().slices(plane) - 1] {
                let image = volume.slice(SliceAt { plane, index }, IntensityWindow::FullRange).unwrap();
                let slice = geometry(&image);
                let mut marked = vec![0.0; volume.data().len()];
                let mut values = Vec::new();
                for (pixel, &shown) in image.data().iter().enumerate() {
                    let voxel = slice.voxel(pixel / image.width(), pixel % image.width()).unwrap();
                    let number = volume.voxel(voxel).unwrap();
                    assert!((shown - (number - 1.0) / 209.0).abs() < 1e-6, "{name} {plane}:{index} {voxel:?}");
                    marked[number as usize - 1] = number;
                    values.push(number);
                }
                let out = folder.path().join("map.nii.gz");
                Map::new(image.height(), image.width(), values).unwrap().write_nifti(&out, slice).unwrap();
                let map = Volume::read(&out, NonFinite::Refuse).unwrap();
                assert_eq!(map.data(), marked, "{name} {plane}:{index}");
                assert_eq!(map.header().affine(), volume.header().affine(), "{name}");
                assert_eq!(map.header().affine_source(), volume.header().affine_source(), "{name}");
                assert_eq!(map.warnings, volume.warnings, "{name}");
            }
        }
    }
}

/// Down and to the right always lead to smaller x, y or z: right, front and top of the patient come first.
#[test]
fn slices_hang_as_documented() {
    for (name, header) in placements(DIMS) {
        let volume = read(&header.file_f32(&numbered(DIMS))).unwrap();
        for (plane, down, across) in
            [(SlicePlane::Axial, 1, 0), (SlicePlane::Coronal, 2, 0), (SlicePlane::Sagittal, 2, 1)]
        {
            let image = volume.slice(SliceAt { plane, index: 2 }, IntensityWindow::FullRange).unwrap();
            let slice = geometry(&image);
            let corner = world(&volume, slice.voxel(0, 0).unwrap());
            assert!(world(&volume, slice.voxel(1, 0).unwrap())[down] < corner[down], "{name} {plane}");
            assert!(world(&volume, slice.voxel(0, 1).unwrap())[across] < corner[across], "{name} {plane}");
        }
    }
}

/// One body, stored in each of the 48 ways to order and turn the axes, gives one picture.
#[test]
fn storage_order_does_not_change_the_picture() {
    let body = |point: [f64; 3]| (point[0] + 10.0 * point[1] + 100.0 * point[2]) as f32;
    let extent = [4_usize, 5, 6];
    let mut pictures: Vec<[Image; 3]> = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for flips in 0..8 {
            let turned = |axis: usize| flips >> axis & 1 == 1;
            let mut sform = [[0.0; 4]; 3];
            for (axis, &side) in order.iter().enumerate() {
                sform[side][axis] = if turned(axis) { -1.0 } else { 1.0 };
                sform[side][3] = if turned(axis) { (extent[side] - 1) as f32 } else { 0.0 };
            }
            let dims = order.map(|side| extent[side]);
            let mut voxels = Vec::new();
            for flat in 0..dims.iter().product() {
                let voxel = [flat % dims[0], flat / dims[0] % dims[1], flat / (dims[0] * dims[1])];
                voxels.push(body([0, 1, 2].map(|side| {
                    let offset = f64::from(sform[side][3]);
                    offset + (0..3).map(|axis| f64::from(sform[side][axis]) * voxel[axis] as f64).sum::<f64>()
                })));
            }
            let volume = read(&Header { sform: Some(sform), ..Header::new(dims) }.file_f32(&voxels)).unwrap();
            pictures.push(SlicePlane::ALL.map(|plane| {
                let side = match plane {
                    SlicePlane::Axial => 2,
                    SlicePlane::Coronal => 1,
                    SlicePlane::Sagittal => 0,
                };
                // The index counts voxels as stored; the slice at 1 mm is meant.
                let axis = order.iter().position(|&other| other == side).unwrap();
                let index = if turned(axis) { extent[side] - 2 } else { 1 };
                volume.slice(SliceAt { plane, index }, IntensityWindow::FullRange).unwrap()
            }));
        }
    }
    for picture in &pictures {
        for (image, first) in picture.iter().zip(&pictures[0]) {
            assert_eq!(image.data(), first.data());
        }
    }
}

#[test]
fn affines_follow_the_standard() {
    let affine = |header: &Header| *read(&header.file_f32(&numbered(DIMS))).unwrap().header().affine();
    let plain = Header::new(DIMS);
    // Half a turn about z; qfac -1 turns k.
    let qform = Some([0.0, 0.0, 1.0, 90.0, -126.0, -72.0]);
    let turned = Header { pixdim: [-1.0, 1.0, 2.0, 3.0], qform, ..plain.clone() };
    #[rustfmt::skip]
    let expected = nalgebra::Matrix4::new(
        -1.0,  0.0,  0.0,   90.0,
         0.0, -2.0,  0.0, -126.0,
         0.0,  0.0, -3.0,  -72.0,
         0.0,  0.0,  0.0,    1.0,
    );
    assert!((affine(&turned) - expected).abs().max() < 1e-6);
    // Neither: centred, first axis to the left, as nibabel has it; and it is said.
    let volume = read(&Header { pixdim: [1.0, 2.0, 1.0, 1.0], ..plain }.file_f32(&numbered(DIMS))).unwrap();
    assert_eq!(volume.header().affine_source(), AffineSource::Pixdim);
    assert_eq!(world(&volume, [0, 0, 0]), [4.0, -2.5, -3.0]);
    assert_eq!(volume.warnings, [Warning::NoOrientation]);
}

#[test]
fn takes_a_fourth_dimension_of_one_and_keeps_it() {
    let header = Header { dim: vec![5, 6, 7, 1], ..Header::new(DIMS) };
    let (folder, path) = write(&header.file_f32(&numbered(DIMS)));
    let volume = Volume::read(path, NonFinite::Refuse).unwrap();
    let image = volume.slice("axial:3".parse().unwrap(), IntensityWindow::default()).unwrap();
    let out = folder.path().join("map.nii");
    Map::new(image.height(), image.width(), image.data().to_vec())
        .unwrap()
        .write_nifti(&out, geometry(&image))
        .unwrap();
    let written = std::fs::read(out).unwrap();
    assert_eq!(written[40..56], header.file_f32(&[])[40..56], "dim is kept byte by byte");
    assert!(!written.windows(8).any(|bytes| bytes == b"J. Dough"), "the patient's name is not");
}

/// The expert's lesions of a real patient, cut out as a slice and written as a map, lie where they lay.
#[test]
fn real_lesions_lie_where_they_lay() {
    let Some(folder) = real_data("ms/volumes") else {
        return;
    };
    let volume = Volume::read(folder.join("p07_GOLD_STANDARD.nii.gz"), NonFinite::Refuse).unwrap();
    let out = tempfile::tempdir().unwrap();
    for at in ["axial:83", "coronal:100", "sagittal:70"] {
        let at: SliceAt = at.parse().unwrap();
        let image = volume.slice(at, IntensityWindow::FullRange).unwrap();
        let path = out.path().join("map.nii.gz");
        let map = Map::new(image.height(), image.width(), image.data().to_vec()).unwrap();
        map.write_nifti(&path, geometry(&image)).unwrap();
        let written = Volume::read(&path, NonFinite::Refuse).unwrap();
        assert_eq!(written.header().affine(), volume.header().affine());
        let axis = [2, 1, 0][SlicePlane::ALL.iter().position(|&plane| plane == at.plane).unwrap()];
        let [width, height, _] = volume.header().dims();
        let mut lesion = 0;
        for (flat, (&was, &is)) in volume.data().iter().zip(written.data()).enumerate() {
            let voxel = [flat % width, flat / width % height, flat / (width * height)];
            let expected = if voxel[axis] == at.index { was } else { 0.0 };
            assert_eq!(is, expected, "{at} {voxel:?}");
            lesion += usize::from(expected > 0.0);
        }
        assert!(lesion > 0, "{at} shows no lesion");
        println!("{at}: {lesion} lesion voxels in place");
    }
}
