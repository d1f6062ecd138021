//! PNG and JPEG, whole, damaged and foreign.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::io::Cursor;
use std::path::PathBuf;

use image::{DynamicImage, ImageFormat};
use lacuna_imaging::{ErrorKind, Geometry, Image, ReadOptions, RgbToGrey, read_image};

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Two pixels side by side in each of the eight kinds of PNG; the values are the largest and a fifth of it.
fn pixels() -> Vec<(&'static str, DynamicImage, usize)> {
    use image::ImageBuffer;
    let grey = |a: u8, b: u8| vec![a, b];
    vec![
        ("L8", ImageBuffer::from_raw(2, 1, grey(255, 51)).map(DynamicImage::ImageLuma8).unwrap(), 1),
        ("LA8", ImageBuffer::from_raw(2, 1, vec![255, 7, 51, 0]).map(DynamicImage::ImageLumaA8).unwrap(), 1),
        ("RGB8", ImageBuffer::from_raw(2, 1, vec![255, 0, 0, 51, 51, 255]).map(DynamicImage::ImageRgb8).unwrap(), 3),
        (
            "RGBA8",
            ImageBuffer::from_raw(2, 1, vec![255, 0, 0, 9, 51, 51, 255, 0]).map(DynamicImage::ImageRgba8).unwrap(),
            3,
        ),
        ("L16", ImageBuffer::from_raw(2, 1, vec![65535, 13107]).map(DynamicImage::ImageLuma16).unwrap(), 1),
        ("LA16", ImageBuffer::from_raw(2, 1, vec![65535, 1, 13107, 0]).map(DynamicImage::ImageLumaA16).unwrap(), 1),
        (
            "RGB16",
            ImageBuffer::from_raw(2, 1, vec![65535, 0, 0, 13107, 13107, 65535]).map(DynamicImage::ImageRgb16).unwrap(),
            3,
        ),
        (
            "RGBA16",
            ImageBuffer::from_raw(2, 1, vec![65535, 0, 0, 9, 13107, 13107, 65535, 0])
                .map(DynamicImage::ImageRgba16)
                .unwrap(),
            3,
        ),
    ]
}

#[test]
fn every_kind_of_png_is_scaled_by_its_full_range() {
    for (name, picture, channels) in pixels() {
        let (_folder, path) = written("picture.png", &encoded(&picture, ImageFormat::Png));
        let (image, warnings) = read_image(&path, &ReadOptions::default()).unwrap();
        assert_eq!((image.channels(), image.height(), image.width()), (channels, 1, 2), "{name}");
        let expected: &[f32] = if channels == 1 { &[1.0, 0.2] } else { &[1.0, 0.2, 0.0, 0.2, 0.0, 1.0] };
        assert_eq!(image.data(), expected, "{name}");
        assert_eq!(image.intensity().high, if name.ends_with("16") { 65535.0 } else { 255.0 }, "{name}");
        assert_eq!(image.geometry(), &Geometry::Pixels);
        assert!(warnings.is_empty());
    }
}

/// A picture with detail enough that a part of its file is a part of its pixels.
fn textured() -> DynamicImage {
    DynamicImage::ImageLuma8(image::ImageBuffer::from_fn(64, 64, |x, y| image::Luma([(x * x * 31 + y * y * 17) as u8])))
}

#[test]
fn the_content_decides_not_the_name() {
    let (_folder, path) = written("really-a-jpeg.png", &encoded(&textured(), ImageFormat::Jpeg));
    let image = Image::read(&path).unwrap();
    assert_eq!((image.channels(), image.height(), image.width()), (1, 64, 64));
    let options = ReadOptions { slice: Some("axial:3".parse().unwrap()), ..ReadOptions::default() };
    let error = read_image(&path, &options).unwrap_err();
    assert!(error.to_string().contains("JPEG image, which has no slice axial:3"), "{error}");
}

#[test]
fn damaged_and_foreign_files_are_named() {
    let png = encoded(&textured(), ImageFormat::Png);
    let jpeg = encoded(&textured(), ImageFormat::Jpeg);
    let mut flipped = png.clone();
    flipped[png.len() / 2] ^= 0xFF;
    let cases: Vec<(&str, Vec<u8>, ErrorKind, &str)> = vec![
        ("empty", vec![], ErrorKind::Empty, "0 bytes"),
        ("half a PNG", png[..png.len() / 2].to_vec(), ErrorKind::Damaged, "broken PNG"),
        ("PNG without its last bytes", png[..png.len() - 40].to_vec(), ErrorKind::Damaged, "broken PNG"),
        ("a PNG's signature", png[..8].to_vec(), ErrorKind::Damaged, "broken PNG"),
        ("a flipped byte", flipped, ErrorKind::Damaged, "broken PNG"),
        ("half a JPEG", jpeg[..jpeg.len() / 2].to_vec(), ErrorKind::Damaged, "end-of-image"),
        ("a JPEG's start", jpeg[..20].to_vec(), ErrorKind::Damaged, "end-of-image"),
        ("TIFF", b"II*\0\x08\0\0\0".to_vec(), ErrorKind::UnknownFormat, "TIFF"),
        ("DICOM", [&[0; 128][..], b"DICM"].concat(), ErrorKind::UnknownFormat, "dcm2niix"),
        (
            "DICOM that begins like a TIFF",
            [&b"II*\0".repeat(32)[..], b"DICM"].concat(),
            ErrorKind::UnknownFormat,
            "DICOM",
        ),
        (
            "DICOM that begins like a JPEG",
            [&[0xFF, 0xD8, 0xFF].repeat(43)[..128], b"DICM"].concat(),
            ErrorKind::UnknownFormat,
            "DICOM",
        ),
        ("old DICOM", b"\x08\0\x05\0CS\x0a\0ISO_IR 100".to_vec(), ErrorKind::UnknownFormat, "without its preamble"),
        ("text", b"hello".to_vec(), ErrorKind::UnknownFormat, "68 65 6c 6c 6f"),
    ];
    for (name, bytes, kind, part) in cases {
        let (_folder, path) = written("input.png", &bytes);
        let error = Image::read(&path).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{name}: {text}");
        assert!(text.contains(part) && text.contains("input.png") && text.contains("Remedy"), "{name}: {text}");
    }
    let missing = Image::read("/nowhere/image.png").unwrap_err();
    assert!(missing.to_string().contains("check the spelling"), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    let error = Image::read(folder.path()).unwrap_err();
    assert!(error.to_string().contains("name one file inside the folder"), "{error}");
}

/// Damaged bytes anywhere give an image or an error, never a panic.
#[test]
fn damage_anywhere_is_survived() {
    let (_folder, path) = written("input", &[]);
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let whole = encoded(&textured(), format);
        let mut refused = 0;
        for damage in common::damages(&whole, 400) {
            std::fs::write(&path, damage).unwrap();
            refused += usize::from(Image::read(&path).is_err());
        }
        println!("{format:?}: {refused} of 400 damaged files refused");
        assert!(refused > 0);
    }
}

#[test]
fn every_real_picture_is_read() {
    for (folder, height, width) in
        [("oct/DME", 224, 224), ("brain-healthy", 128, 128), ("breast-ultrasound/malignant", 224, 224)]
    {
        let Some(folder) = common::real_data(folder) else {
            return;
        };
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let image = Image::read(entry.unwrap().path()).unwrap();
            assert_eq!((image.height(), image.width()), (height, width));
            let grey = image.to_channels(1, RgbToGrey::OnlyIfGrey).unwrap();
            assert!(grey.data().iter().all(|value| (0.0..=1.0).contains(value)));
            count += 1;
        }
        println!("{}: {count} pictures read", folder.display());
    }
}

/// A fuzzer made it: 1411 bytes that took a gigabyte and many seconds.
#[test]
fn a_picture_of_more_pixels_than_its_bytes_can_hold_is_refused() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/damaged/wide.jpg");
    let error = Image::read(path).unwrap_err().to_string();
    assert!(error.contains("wide.jpg") && error.contains("16512 x 16512 pixels in 1 KiB"), "{error}");
    assert!(error.contains("at most 2000 pixels for each byte"), "{error}");
}
