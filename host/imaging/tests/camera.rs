//! Pictures of cameras and archives: EXIF orientations, bytes behind the end, grey scans saved in colour, masks beside them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat};
use lacuna_imaging::{
    Colour, FileFormat, Image, Orientation, Orienting, ReadOptions, Reader, RgbToGrey, Warning, read_image,
};

/// A picture of 24 x 40 without any symmetry.
fn picture() -> DynamicImage {
    let value = |x: u32, y: u32| image::Luma([(x * 4 + y * 3 + if x < 9 && y < 6 { 70 } else { 0 }) as u8]);
    DynamicImage::ImageLuma8(image::ImageBuffer::from_fn(40, 24, value))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// EXIF with one entry, by hand.
fn exif(number: u16, big_endian: bool) -> Vec<u8> {
    match big_endian {
        true => [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".as_slice(), &number.to_be_bytes(), &[0; 6]].concat(),
        false => [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &number.to_le_bytes(), &[0; 6]].concat(),
    }
}

/// A JPEG with a segment behind its start.
fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let length = (exif.len() as u16 + 8).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, b"Exif\0\0", exif, &jpeg[2..]].concat()
}

/// A PNG with an eXIf chunk before its pixels.
fn with_exif_chunk(png: &[u8], exif: &[u8]) -> Vec<u8> {
    let mut checksum = flate2::Crc::new();
    checksum.update(&[b"eXIf", exif].concat());
    let chunk = [&(exif.len() as u32).to_be_bytes(), b"eXIf".as_slice(), exif, &checksum.sum().to_be_bytes()].concat();
    [&png[..33], &chunk, &png[33..]].concat()
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

const UPRIGHT: ReadOptions = ReadOptions {
    slice: None,
    window: lacuna_imaging::IntensityWindow::FullRange,
    non_finite: lacuna_imaging::NonFinite::Refuse,
    orientation: Orienting::Upright,
};

/// What a viewer shows of the stored pixels, by the image crate's own turns.
fn shown(stored: &Image, orientation: Orientation) -> Image {
    let bytes = stored.data().iter().map(|value| (value * 255.0).round() as u8).collect();
    let buffer = image::GrayImage::from_raw(stored.width() as u32, stored.height() as u32, bytes).unwrap();
    let mut picture = DynamicImage::ImageLuma8(buffer);
    picture.apply_orientation(image::metadata::Orientation::from_exif(orientation.number()).unwrap());
    let data = picture.to_luma8().into_raw().into_iter().map(|byte| f32::from(byte) / 255.0).collect();
    Image::new(1, picture.height() as usize, picture.width() as usize, data).unwrap()
}

#[test]
fn an_orientation_is_told_and_applied_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (jpeg, png) = (encoded(&picture(), ImageFormat::Jpeg), encoded(&picture(), ImageFormat::Png));
    for orientation in Orientation::ALL {
        for big_endian in [false, true] {
            let exif = exif(orientation.number().into(), big_endian);
            for (name, bytes) in [("a.jpg", with_exif(&jpeg, &exif)), ("a.png", with_exif_chunk(&png, &exif))] {
                let path = written(folder.path(), name, &bytes);
                let (stored, warnings) = read_image(&path, &ReadOptions::default()).unwrap();
                assert_eq!((stored.height(), stored.width(), stored.turned()), (24, 40, Orientation::Upright));
                match orientation {
                    Orientation::Upright => assert_eq!(warnings, []),
                    asked => {
                        assert_eq!(warnings, [Warning::NotTurned { asked }], "{name}");
                        let text = warnings[0].to_string();
                        let number = format!("EXIF orientation is {}", asked.number());
                        assert!(text.contains(&number) && text.contains("viewers"), "{text}");
                    }
                }
                let (upright, warnings) = read_image(&path, &UPRIGHT).unwrap();
                assert_eq!((warnings, upright.turned()), (vec![], orientation));
                let expected = shown(&stored, orientation);
                assert_eq!((upright.height(), upright.width()), (expected.height(), expected.width()), "{name}");
                assert_eq!(upright.data(), expected.data(), "{name} {orientation:?}");
            }
        }
    }
}

#[test]
fn corrupt_exif_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (jpeg, png) = (encoded(&picture(), ImageFormat::Jpeg), encoded(&picture(), ImageFormat::Png));
    let plain = read_image(written(folder.path(), "a.jpg", &jpeg), &ReadOptions::default()).unwrap().0;
    let whole = exif(6, true);
    let far = b"MM\0*\xFF\xFF\xFF\xF0".to_vec();
    let many = b"II*\0\x08\0\0\0\xFF\xFF".to_vec();
    let broken = [vec![], b"no TIFF at all".to_vec(), far, many, exif(0, false), exif(9, true), whole[..15].to_vec()];
    for exif in broken {
        for options in [ReadOptions::default(), UPRIGHT] {
            let path = written(folder.path(), "a.jpg", &with_exif(&jpeg, &exif));
            let (image, warnings) = read_image(&path, &options).unwrap();
            assert_eq!((image.data(), warnings), (plain.data(), vec![]), "{exif:?}");
            let path = written(folder.path(), "a.png", &with_exif_chunk(&png, &exif));
            assert_eq!(read_image(&path, &options).unwrap().1, []);
        }
    }
}

#[test]
fn a_whole_picture_opens_whatever_stands_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let film = [b"ftypmp42\xFF\xD9".as_slice(), &[7; 500], &[0xFF, 0xDA, 0, 0]].concat();
    for format in [ImageFormat::Jpeg, ImageFormat::Png] {
        let whole = encoded(&picture(), format);
        let second = whole.clone();
        let plain = read_image(written(folder.path(), "a", &whole), &ReadOptions::default()).unwrap().0;
        for (behind, zero) in [(&[0; 512][..], true), (&film, false), (&[0, 0, 0xFF, 0xDA], false), (&second, false)] {
            let path = written(folder.path(), "a", &[&whole, behind].concat());
            let (image, warnings) = read_image(&path, &ReadOptions::default()).unwrap();
            assert_eq!(image.data(), plain.data());
            let kind = if format == ImageFormat::Jpeg { FileFormat::Jpeg } else { FileFormat::Png };
            let expected = Warning::BytesBehind { format: kind, bytes: behind.len() as u64, all_zero: zero };
            assert_eq!(warnings, [expected]);
        }
        for length in [whole.len() / 3, whole.len() * 2 / 3, whole.len() - 20] {
            let error = Image::read(written(folder.path(), "a", &whole[..length])).unwrap_err();
            assert_eq!(error.kind, lacuna_imaging::ErrorKind::Damaged, "{error}");
        }
    }
}

/// A grey scan through a colour JPEG whose channels were disturbed first, as colour scanners and subsampling disturb them.
fn scan(noise: u8) -> Vec<u8> {
    let mut state = 3_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if noise == 0 { 0 } else { ((state >> 20) % (u32::from(noise) + 1)) as u8 }
    };
    let grey = picture().to_luma8();
    let colour = image::RgbImage::from_fn(40, 24, |x, y| {
        let value = grey.get_pixel(x, y).0[0] / 2 + 10;
        image::Rgb([value + next(), value + next(), value + next()])
    });
    encoded(&DynamicImage::ImageRgb8(colour), ImageFormat::Png)
}

#[test]
fn a_grey_scan_in_colour_is_grey_where_grey_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "scan.png", &scan(12));
    let reader = Reader::default();
    let stored = reader.read(&path).unwrap();
    assert!(matches!(stored.colour(), Colour::Noise { .. }), "{:?}", stored.colour());
    for rule in [RgbToGrey::OnlyIfGrey, RgbToGrey::Luminance] {
        let grey = reader.read_channels(&path, 1, rule).unwrap();
        assert_eq!(grey.channels(), 1);
        let [red, green, blue] = [0, 1, 2].map(|channel| stored.data()[channel * 960 + 7]);
        assert!((grey.data()[7] - (0.299 * red + 0.587 * green + 0.114 * blue)).abs() < 1e-6);
    }
    // Three channels stay what they are.
    assert_eq!(reader.read_channels(&path, 3, RgbToGrey::OnlyIfGrey).unwrap().data(), stored.data());
    // One note for all files of a kind.
    let other = written(folder.path(), "scan-2.png", &scan(9));
    reader.read_channels(&other, 1, RgbToGrey::OnlyIfGrey).unwrap();
    let coloured = written(folder.path(), "colour.png", &scan(40));
    let error = reader.read_channels(&coloured, 1, RgbToGrey::OnlyIfGrey).unwrap_err();
    assert_eq!(error.kind, lacuna_imaging::ErrorKind::Channels, "{error}");
    reader.read_channels(&coloured, 1, RgbToGrey::Luminance).unwrap();
    let grey = written(folder.path(), "grey.png", &scan(0));
    reader.read_channels(&grey, 1, RgbToGrey::OnlyIfGrey).unwrap();
    let notes: Vec<String> = reader.notes().iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("scan-2.png, and another file likewise: a grey picture saved in colour"), "{notes:?}");
    assert!(notes[1].contains("colour.png: a colour picture"), "{notes:?}");
}

#[test]
fn a_mask_is_turned_with_its_image() {
    let folder = tempfile::tempdir().unwrap();
    let png = encoded(&picture(), ImageFormat::Png);
    let stored_mask = written(folder.path(), "stored.png", &png);
    let told_mask = written(folder.path(), "told.png", &with_exif_chunk(&png, &exif(6, true)));
    let upright_mask = written(folder.path(), "upright.png", &encoded(&picture().rotate90(), ImageFormat::Png));
    let photograph =
        written(folder.path(), "a.jpg", &with_exif(&encoded(&picture(), ImageFormat::Jpeg), &exif(6, false)));
    let reader = Reader::new(UPRIGHT);
    let image = reader.read(&photograph).unwrap();
    assert_eq!((image.height(), image.width()), (40, 24));
    let expected = Image::read(&upright_mask).unwrap();
    for mask in [&stored_mask, &told_mask, &upright_mask] {
        assert_eq!(reader.read_mask(mask, &image).unwrap().data(), expected.data(), "{}", mask.display());
    }
    // As stored, masks are too; one that was made of what viewers show does not fit.
    let reader = Reader::default();
    let image = reader.read(&photograph).unwrap();
    assert_eq!(reader.read_mask(&stored_mask, &image).unwrap().height(), 24);
    let error = reader.read_mask(&upright_mask, &image).unwrap_err().to_string();
    assert!(error.contains("upright.png") && error.contains("lies on its side"), "{error}");
}
