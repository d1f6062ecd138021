//! Volumes of two files, gzip streams with something behind them, and the format before NIfTI.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::io::Write;
use std::path::Path;

use common::{Header, numbered, placements};
use lacuna_imaging::{
    ErrorKind, FileFormat, Geometry, Map, NonFinite, ReadOptions, SliceAt, SlicePlane, Volume, Warning, read_image,
};

const DIMS: [usize; 3] = [5, 6, 7];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Header and voxels of a pair; `gap` bytes stand before the voxels.
fn pair(header: &Header, gap: usize) -> (Vec<u8>, Vec<u8>) {
    let mut whole = header.file_f32(&numbered(DIMS));
    header.f32(&mut whole, 108, gap as f32);
    whole[344..348].copy_from_slice(b"ni1\0");
    (whole[..348].to_vec(), [&vec![9; gap][..], &whole[352..]].concat())
}

fn read(path: &Path) -> lacuna_imaging::Result<Volume> {
    Volume::read(path, NonFinite::Refuse)
}

#[test]
fn a_pair_opens_by_the_name_of_either_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, header) in placements(DIMS) {
        for gap in [0, 16, 352] {
            let (head, voxels) = pair(&header, gap);
            for (ending, other, head, voxels) in [
                ("hdr", "img", head.clone(), voxels.clone()),
                ("hdr", "img.gz", head.clone(), gzip(&voxels)),
                ("hdr.gz", "img.gz", gzip(&head), gzip(&voxels)),
                ("HDR", "IMG", head, voxels),
            ] {
                let stem = format!("{name}.{gap}.{}-{}", ending.replace('.', "-"), other.replace('.', "-"));
                let files = [ending, other].map(|ending| folder.path().join(format!("{stem}.{ending}")));
                std::fs::write(&files[0], head).unwrap();
                std::fs::write(&files[1], voxels).unwrap();
                for path in &files {
                    let volume = read(path).unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(volume.data(), numbered(DIMS), "{}", path.display());
                    assert_eq!(volume.header().path(), path);
                    assert_eq!(volume.header().files(), [&files[0], &files[1]]);
                    assert!(matches!(FileFormat::detect(path).unwrap(), FileFormat::Nifti | FileFormat::NiftiGzip));
                    let options = ReadOptions { slice: Some("axial:1".parse().unwrap()), ..ReadOptions::default() };
                    assert_eq!(read_image(path, &options).unwrap().0.path(), Some(path.as_path()));
                }
            }
        }
    }
}

/// The map is one file, with the geometry of the pair.
#[test]
fn the_map_of_a_pair_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let (_, header) = placements(DIMS).remove(0);
    let (head, voxels) = pair(&header, 0);
    std::fs::write(folder.path().join("a.hdr"), head).unwrap();
    std::fs::write(folder.path().join("a.img"), voxels).unwrap();
    let volume = read(&folder.path().join("a.img")).unwrap();
    let image = volume
        .slice(SliceAt { plane: SlicePlane::Axial, index: 2 }, lacuna_imaging::IntensityWindow::FullRange)
        .unwrap();
    let Geometry::Slice(slice) = image.geometry() else { panic!("a slice") };
    let map = Map::new(image.height(), image.width(), vec![0.5; image.height() * image.width()]).unwrap();
    let path = folder.path().join("map.nii.gz");
    map.write_nifti(&path, slice).unwrap();
    let back = read(&path).unwrap();
    assert_eq!(back.header().files(), [&path]);
    assert_eq!(back.header().affine(), volume.header().affine());
    assert_eq!(back.data().iter().filter(|&&value| value == 0.5).count(), map.data().len());
}

#[test]
fn half_a_pair_and_analyze_are_called_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (head, voxels) = pair(&Header::new(DIMS), 0);
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        folder.path().join(name)
    };
    let mut analyze = head.clone();
    analyze[344..348].copy_from_slice(&[0; 4]);
    write("analyze.hdr", &analyze);
    write("short.hdr", &head);
    write("odd.hdr", b"ENVI\ndescription = {another kind of header}");
    let cases = [
        (write("lonely.hdr", &head), ErrorKind::Unreadable, "lonely.img"),
        (write("lone.img", &voxels), ErrorKind::UnknownFormat, "lone.hdr"),
        (write("lone.img.gz", &gzip(&voxels)), ErrorKind::UnknownFormat, "lone.hdr"),
        (folder.path().join("analyze.hdr"), ErrorKind::Unsupported, "Analyze 7.5"),
        (write("analyze.img", &voxels), ErrorKind::Unsupported, "Analyze 7.5"),
        (write("analyze2.hdr.gz", &gzip(&analyze)), ErrorKind::Unsupported, "Analyze 7.5"),
        (write("short.img", &voxels[..400]), ErrorKind::Damaged, "short.img"),
        (write("odd.img", &voxels), ErrorKind::UnknownFormat, "odd.hdr"),
    ];
    for (path, kind, part) in cases {
        let error = read(&path).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(part) && text.contains("Remedy"), "{}: {text}", path.display());
        assert_eq!(error.kind, kind, "{text}");
        // A header that can be read asks for a slice first.
        let asked = if kind == ErrorKind::Damaged { ErrorKind::OutOfRange } else { kind };
        assert_eq!(read_image(&path, &ReadOptions::default()).unwrap_err().kind, asked, "{text}");
    }
    // A whole volume, a picture, may be called so.
    let single = Header::new(DIMS).file_f32(&numbered(DIMS));
    assert_eq!(read(&write("single.img", &single)).unwrap().data(), numbered(DIMS));
    assert_eq!(read(&write("single.img.gz", &gzip(&single))).unwrap().data(), numbered(DIMS));
}

#[test]
fn a_whole_gzip_stream_opens_whatever_stands_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nii.gz");
    let whole = Header::new(DIMS).file_f32(&numbered(DIMS));
    let (first, second) = whole.split_at(700);
    for stream in [gzip(&whole), [gzip(first), gzip(second)].concat(), [gzip(&whole), gzip(b"")].concat()] {
        for (behind, counted) in [
            (vec![], None),
            (vec![0; 512], Some((512, true))),
            (b"a signature".to_vec(), Some((11, false))),
            (vec![0x1F, 0x8B], Some((2, false))),
        ] {
            std::fs::write(&path, [stream.clone(), behind].concat()).unwrap();
            let volume = read(&path).unwrap();
            assert_eq!(volume.data(), numbered(DIMS));
            let warning = |(bytes, all_zero)| Warning::BytesBehind { format: FileFormat::NiftiGzip, bytes, all_zero };
            let expected: Vec<Warning> = [Warning::NoOrientation].into_iter().chain(counted.map(warning)).collect();
            assert_eq!(volume.warnings.len(), expected.len());
            assert!(expected.iter().all(|warning| volume.warnings.contains(warning)), "{:?}", volume.warnings);
        }
    }
    // Only the first half is there.
    std::fs::write(&path, [gzip(first), vec![0; 512]].concat()).unwrap();
    assert_eq!(read(&path).unwrap_err().kind, ErrorKind::Damaged);
}
