//! Volume files, whole, damaged and foreign: what is read, what is refused, and what the refusal says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use common::{Header, numbered, placements};
use lacuna_imaging::{
    ErrorKind, Image, IntensityWindow, NonFinite, ReadOptions, SliceAt, SlicePlane, Volume, Warning, read_image,
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

#[test]
fn reads_every_data_type_in_both_byte_orders_and_scales_it() {
    macro_rules! check {
        ($($code:literal $type:ty),*) => {$(
            for big_endian in [false, true] {
                let header = Header { datatype: $code, scaling: [0.5, -1.0], big_endian, ..Header::new([3, 1, 1]) };
                let values: [$type; 3] = [0 as $type, 1 as $type, 100 as $type];
                let bytes: Vec<u8> =
                    values.iter().flat_map(|v| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() }).collect();
                let volume = read(&header.file(&bytes)).unwrap();
                assert_eq!(volume.data(), [-1.0, -0.5, 49.0], "{} {big_endian}", stringify!($type));
            }
        )*};
    }
    check!(2 u8, 4 i16, 8 i32, 16 f32, 64 f64, 256 i8, 512 u16, 768 u32, 1024 i64, 1280 u64);
    // A slope of 0 or NaN means none.
    for slope in [0.0, f32::NAN] {
        let header = Header { scaling: [slope, 7.0], ..Header::new([2, 1, 1]) };
        assert_eq!(read(&header.file_f32(&[3.0, 4.0])).unwrap().data(), [3.0, 4.0]);
    }
}

#[test]
fn refuses_what_it_cannot_read_and_says_what_to_do() {
    let plain = Header::new(DIMS);
    let whole = plain.file_f32(&numbered(DIMS));
    let mut pair = whole.clone(); // without a file of voxels beside it
    pair[344..348].copy_from_slice(b"ni1\0");
    let mut second = whole.clone();
    second[..4].copy_from_slice(&540_i32.to_le_bytes());
    let singular = Some([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);
    let nan = numbered(DIMS).into_iter().map(|v| if v < 4.0 { f32::NAN } else { v }).collect::<Vec<_>>();
    let long = Some([0.9, 0.9, 0.9, 0.0, 0.0, 0.0]);
    let cases: Vec<(&str, Vec<u8>, ErrorKind, &str)> = vec![
        ("empty", vec![], ErrorKind::Empty, "0 bytes"),
        ("text", b"no volume at all".to_vec(), ErrorKind::UnknownFormat, "6e 6f 20"),
        ("short header", whole[..200].to_vec(), ErrorKind::Damaged, "200 bytes"),
        ("no voxels", whole[..350].to_vec(), ErrorKind::Damaged, "before its first voxel"),
        ("truncated", whole[..whole.len() - 300].to_vec(), ErrorKind::Damaged, "within slab 4 of 0 to 6"),
        ("broken gzip", vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2], ErrorKind::Damaged, "to its end"),
        ("pair", pair, ErrorKind::Unreadable, "one .nii"),
        ("NIfTI-2", second, ErrorKind::Unsupported, "NIfTI-1"),
        (
            "two times",
            Header { dim: vec![5, 6, 7, 2], ..plain.clone() }.file_f32(&[]),
            ErrorKind::Unsupported,
            "fslroi",
        ),
        ("no length", Header { dim: vec![5, 0, 7], ..plain.clone() }.file_f32(&[]), ErrorKind::Damaged, "32767"),
        ("negative", Header { dim: vec![5, -6, 7], ..plain.clone() }.file_f32(&[]), ErrorKind::Damaged, "32767"),
        ("one axis", Header { dim: vec![5], ..plain.clone() }.file_f32(&[]), ErrorKind::Damaged, "2 to 7"),
        ("huge", Header { dim: vec![32767; 3], ..plain.clone() }.file_f32(&[]), ErrorKind::Unsupported, "crop"),
        ("colour", Header { datatype: 128, ..plain.clone() }.file_f32(&[]), ErrorKind::Unsupported, "Rgb24"),
        ("complex", Header { datatype: 32, ..plain.clone() }.file_f32(&[]), ErrorKind::Unsupported, "Complex64"),
        ("type 77", Header { datatype: 77, ..plain.clone() }.file_f32(&[]), ErrorKind::Unsupported, "code 77"),
        ("singular", Header { sform: singular, ..plain.clone() }.file_f32(&[]), ErrorKind::Damaged, "inverted"),
        ("long", Header { qform: long, ..plain.clone() }.file_f32(&[]), ErrorKind::Damaged, "quaternion"),
        (
            "scaling",
            Header { scaling: [1.0, f32::NAN], ..plain.clone() }.file_f32(&[]),
            ErrorKind::Damaged,
            "scl_inter",
        ),
        ("NaN", plain.file_f32(&nan), ErrorKind::NonFinite, "3 of 210"),
    ];
    for (name, bytes, kind, part) in cases {
        let error = read(&bytes).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{name}: {text}");
        assert!(text.contains(part) && text.contains("volume.nii") && text.contains("Remedy"), "{name}: {text}");
    }
    let (_folder, path) = write(&plain.file_f32(&nan));
    let volume = Volume::read(path, NonFinite::Zero).unwrap();
    assert_eq!(volume.voxel([2, 0, 0]), Some(0.0));
    assert_eq!(volume.warnings, [Warning::NoOrientation, Warning::NonFiniteZeroed { voxels: 3 }]);
}

#[test]
fn slices_are_asked_for_by_name() {
    let (_folder, path) = write(&Header::new(DIMS).file_f32(&numbered(DIMS)));
    let text = read_image(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert!(text.contains("axial:0 to axial:6") && text.contains("coronal:0 to coronal:5"), "{text}");
    assert_eq!(Image::read(&path).unwrap_err().to_string(), text);
    let at = |text: &str| ReadOptions { slice: Some(text.parse().unwrap()), ..ReadOptions::default() };
    let (image, _) = read_image(&path, &at("sagittal:4")).unwrap();
    assert_eq!((image.height(), image.width()), (7, 6));
    let error = read_image(&path, &at("sagittal:5")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutOfRange);
    assert!(error.to_string().contains("from sagittal:0 to sagittal:4"), "{error}");
    for text in ["axial", "axial:", "axial:-1", "Axial:3", "oblique:3", "axial:3.5"] {
        let error = text.parse::<SliceAt>().unwrap_err();
        assert!(error.to_string().contains("axial:90"), "{error}");
    }
}

#[test]
fn a_gzip_stream_is_checked_to_its_end() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&Header::new(DIMS).file_f32(&numbered(DIMS))).unwrap();
    let whole = encoder.finish().unwrap();
    assert_eq!(read(&whole).unwrap().data(), numbered(DIMS));
    for kept in [whole.len() - 1, whole.len() - 8, whole.len() / 2, 20] {
        let error = read(&whole[..kept]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Damaged, "{error}");
    }
    let mut wrong = whole.clone();
    wrong[whole.len() - 6] ^= 1;
    let error = read(&wrong).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
}

/// Damaged headers and voxels give a volume or an error, never a panic; a volume that is read can be sliced.
#[test]
fn damage_anywhere_is_survived() {
    let (_folder, path) = write(&[]);
    for (name, header) in placements(DIMS) {
        let whole = header.file_f32(&numbered(DIMS));
        // Most of the damage falls on the header, which is what decides.
        let (head, voxels) = whole.split_at(352);
        let mut refused = 0;
        for damage in common::damages(head, 500) {
            std::fs::write(&path, [&damage[..], voxels].concat()).unwrap();
            match Volume::read(&path, NonFinite::Zero) {
                Ok(volume) => {
                    for plane in SlicePlane::ALL {
                        let _ = volume.slice(SliceAt { plane, index: 0 }, IntensityWindow::default());
                    }
                }
                Err(error) => {
                    assert!(!error.remedy.is_empty());
                    refused += 1;
                }
            }
        }
        println!("{name}: {refused} of 500 damaged headers refused");
    }
}

#[test]
fn a_small_file_that_unpacks_to_a_large_volume_is_refused_before_it_is_unpacked() {
    let header = Header { datatype: 2, ..Header::new([4000, 4000, 50]) };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &header.file(&[0; 4000])).unwrap();
    let error = read(&packed.finish().unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.to_string().contains("762 MiB of voxels in a gzip stream of 0 KiB"), "{error}");

    let mut far = Header::new(DIMS).file_f32(&numbered(DIMS));
    far[108..112].copy_from_slice(&1e30_f32.to_le_bytes());
    let error = read(&far).unwrap_err().to_string();
    assert!(error.contains("voxels within the first 1048576 bytes"), "{error}");
}
