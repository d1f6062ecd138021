//! Files of random content come back as they were written: maps as NPY, maps and voxels as NIfTI, images as PNG.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use common::Header;
use lacuna_imaging::{
    BitDepth, Image, IntensityWindow, Interpolation, Map, NonFinite, SliceAt, SlicePlane, Volume, VolumeOrientation,
    write_voxels,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, contextualize_config};
use std::path::Path;

/// As many cases as `PROPTEST_CASES` says, else 64, since each writes files: the same ones in each run, unless
/// `PROPTEST_RNG_SEED` says otherwise.
fn config() -> Config {
    let ours = Config { cases: 64, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() };
    contextualize_config(ours)
}

/// Any finite float32: both zeros, subnormal and huge values.
fn value() -> impl Strategy<Value = f32> + Clone {
    use prop::num::f32::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

/// Height, width and that many values.
fn plane(value: impl Strategy<Value = f32> + Clone) -> impl Strategy<Value = (usize, usize, Vec<f32>)> {
    (1..40_usize, 1..40_usize).prop_flat_map(move |(height, width)| {
        (Just(height), Just(width), prop::collection::vec(value.clone(), height * width))
    })
}

/// A header with random sizes, byte order and axes, and a value for each of its voxels. The axes are any of the 48 ways to order
/// and turn those of the patient, with voxels of different edges.
fn volume() -> impl Strategy<Value = (Header, [usize; 3], Vec<f32>)> {
    let axes = (Just([0, 1, 2]).prop_shuffle(), prop::array::uniform3(any::<bool>()));
    let sizes = prop::array::uniform3(1..7_usize);
    (sizes, axes, any::<bool>()).prop_flat_map(|(sizes, (order, turned), big_endian)| {
        let mut rows = [[0.0; 4]; 3];
        for axis in 0..3 {
            let edge = [0.8, 1.0, 2.5][axis];
            rows[order[axis]][axis] = if turned[axis] { -edge } else { edge };
        }
        let header = Header { sform: Some(rows), big_endian, ..Header::new(sizes) };
        (Just(header), Just(sizes), prop::collection::vec(value(), sizes.iter().product::<usize>()))
    })
}

/// Writes a volume and reads it.
fn written(folder: &Path, header: &Header, values: &[f32]) -> Volume {
    let path = folder.join("volume.nii");
    std::fs::write(&path, header.file_f32(values)).unwrap();
    Volume::read(path, NonFinite::Refuse).unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The bits of voxels: reading scales in double precision, which turns -0 into 0.
fn voxel_bits(values: &[f32]) -> Vec<u32> {
    bits(&values.iter().map(|value| value + 0.0).collect::<Vec<f32>>())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_map_as_npy((height, width, values) in plane(value())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.npy");
        Map::new(height, width, values.clone()).unwrap().write_npy(&path).unwrap();
        let map = Map::read_npy(path).unwrap();
        prop_assert_eq!((map.height(), map.width()), (height, width));
        prop_assert_eq!(bits(map.data()), bits(&values));
    }

    /// A PNG keeps values in [0, 1] to half a step of its depth.
    #[test]
    fn an_image_as_png((height, width, values) in plane(0.0..=1.0_f32), channels in prop_oneof![Just(1_usize), Just(3)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.png");
        let data: Vec<f32> = (0..channels).flat_map(|channel| values.iter().map(move |v| v / (channel + 1) as f32)).collect();
        let image = Image::new(channels, height, width, data.clone()).unwrap();
        for (depth, steps) in [(BitDepth::Eight, 255.0), (BitDepth::Sixteen, 65535.0)] {
            image.write_png(&path, depth).unwrap();
            let read = Image::read(&path).unwrap();
            prop_assert_eq!((read.channels(), read.height(), read.width()), (channels, height, width));
            for (read, written) in read.data().iter().zip(&data) {
                prop_assert!((read - written).abs() <= 0.5 / steps + 1e-6, "{} of {}", read, written);
            }
        }
    }

    #[test]
    fn voxels_as_nifti((header, sizes, values) in volume(), gzip in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let volume = written(folder.path(), &header, &values);
        prop_assert_eq!(voxel_bits(volume.data()), voxel_bits(&values));
        let path = folder.path().join(if gzip { "copy.nii.gz" } else { "copy.nii" });
        write_voxels(&path, volume.header(), volume.data(), "a copy").unwrap();
        let copy = Volume::read(path, NonFinite::Refuse).unwrap();
        prop_assert_eq!(copy.header().dims(), sizes);
        prop_assert_eq!(copy.header().affine(), volume.header().affine());
        prop_assert_eq!(voxel_bits(copy.data()), voxel_bits(&values));
    }

    /// Every pixel of a map on a slice comes back at the voxel that the slice names, and all other voxels are 0.
    #[test]
    fn a_map_of_a_slice_as_nifti((header, sizes, values) in volume(), pick in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().unwrap();
        let volume = written(folder.path(), &header, &values);
        for plane in SlicePlane::ALL {
            let at = SliceAt { plane, index: pick.index(volume.header().slices(plane)) };
            let image = volume.slice(at, IntensityWindow::Fixed { low: 0.0, high: 1.0 }).unwrap();
            let lacuna_imaging::Geometry::Slice(slice) = image.geometry() else { panic!("a slice has the geometry of one") };
            let pixels: Vec<f32> = (0..image.height() * image.width()).map(|pixel| pixel as f32 + 1.0).collect();
            let path = folder.path().join("map.nii.gz");
            Map::new(image.height(), image.width(), pixels.clone()).unwrap().write_nifti(&path, slice).unwrap();
            let read = Volume::read(path, NonFinite::Refuse).unwrap();
            prop_assert_eq!(read.header().dims(), sizes);
            for (pixel, value) in pixels.iter().enumerate() {
                let voxel = slice.voxel(pixel / image.width(), pixel % image.width()).unwrap();
                prop_assert_eq!(read.voxel(voxel), Some(*value));
            }
            prop_assert_eq!(read.data().iter().filter(|value| **value != 0.0).count(), pixels.len());
            prop_assert_eq!(slice.pick(read.data()).unwrap(), pixels);
        }
    }

    /// A whole volume as an array (D, H, W) in any orientation, put back onto the voxels in the file's order.
    #[test]
    fn an_array_of_a_whole_volume(
        (header, sizes, _) in volume(),
        order in Just([0, 1, 2]).prop_shuffle(),
        ends in prop::array::uniform3(0..2_usize),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let count: usize = sizes.iter().product();
        let values: Vec<f32> = (0..count).map(|voxel| voxel as f32).collect();
        let volume = written(folder.path(), &header, &values);
        let letters: String = order.iter().map(|&line: &usize| ["RL", "AP", "SI"][line].as_bytes()[ends[line]] as char).collect();
        let orientation: VolumeOrientation = letters.parse().unwrap();
        let window = IntensityWindow::Fixed { low: 0.0, high: count as f32 };
        let whole = volume.whole(Some(orientation), window).unwrap();
        prop_assert_eq!(whole.geometry.orientation().to_string(), letters);
        let back = whole.geometry.voxels(&whole.data, whole.geometry.sizes()).unwrap();
        let expected: Vec<f32> = values.iter().map(|value| value / count as f32).collect();
        prop_assert_eq!(bits(&back), bits(&expected));
    }

    /// Resizing to the own size changes nothing, and a constant map stays constant on any grid.
    #[test]
    fn a_map_on_another_grid((height, width, values) in plane(value()), rows in 1..50_usize, columns in 1..50_usize) {
        let map = Map::new(height, width, values.clone()).unwrap();
        for how in [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::BilinearAntialias] {
            prop_assert_eq!(&map.resize(height, width, how).unwrap(), &map);
            let flat = Map::new(height, width, vec![0.75; height * width]).unwrap().resize(rows, columns, how).unwrap();
            prop_assert!(flat.data().iter().all(|value| (value - 0.75).abs() < 1e-5), "{:?}", flat);
        }
    }
}
