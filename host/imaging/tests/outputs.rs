//! Images fitted to a classifier, and what is written for people and programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_imaging::{
    BitDepth, ErrorKind, Image, Interpolation, Map, OverlayStyle, RgbToGrey, overlay, panel, write_atomic,
};

fn ramp(height: usize, width: usize) -> Image {
    let data = (0..height * width).map(|i| i as f32 / (height * width - 1) as f32).collect();
    Image::new(1, height, width, data).unwrap()
}

#[test]
fn channels_are_fitted_only_where_nothing_is_lost() {
    let grey = ramp(2, 2);
    let three = grey.to_channels(3, RgbToGrey::OnlyIfGrey).unwrap();
    assert_eq!(three.data(), [grey.data(), grey.data(), grey.data()].concat());
    assert_eq!(three.to_channels(1, RgbToGrey::OnlyIfGrey).unwrap(), grey);
    assert_eq!(three.to_channels(1, RgbToGrey::Luminance).unwrap(), grey);
    let red = Image::new(3, 1, 1, vec![1.0, 0.0, 0.0]).unwrap();
    let error = red.to_channels(1, RgbToGrey::OnlyIfGrey).unwrap_err();
    assert!(error.to_string().contains("in 1 of 1 pixels") && error.to_string().contains("BT.601"), "{error}");
    assert_eq!(red.to_channels(1, RgbToGrey::Luminance).unwrap().data(), [0.299]);
    let five = Image::new(5, 1, 1, vec![0.0; 5]).unwrap();
    assert_eq!(five.to_channels(3, RgbToGrey::Luminance).unwrap_err().kind, ErrorKind::Channels);
}

#[test]
fn sizes_are_fitted_and_maps_come_back() {
    let image = ramp(5, 7).to_channels(3, RgbToGrey::OnlyIfGrey).unwrap();
    let small = image.resize(224, 224, Interpolation::BilinearAntialias).unwrap();
    assert_eq!((small.channels(), small.height(), small.width()), (3, 224, 224));
    let map = Map::new(224, 224, small.data()[..224 * 224].to_vec()).unwrap();
    let back = map.resize(5, 7, Interpolation::BilinearAntialias).unwrap();
    for (was, is) in image.data().iter().zip(back.data()) {
        assert!((was - is).abs() < 0.06, "{was} {is}");
    }
    assert_eq!(image.resize(0, 3, Interpolation::Bilinear).unwrap_err().kind, ErrorKind::Shape);
    assert_eq!(Map::new(1, 2, vec![0.0, f32::NAN]).unwrap_err().kind, ErrorKind::NonFinite);
}

#[test]
fn files_come_out_as_they_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let image = ramp(3, 5).to_channels(3, RgbToGrey::OnlyIfGrey).unwrap();
    for (depth, step) in [(BitDepth::Eight, 255.0), (BitDepth::Sixteen, 65535.0)] {
        let path = folder.path().join("image.png");
        image.write_png(&path, depth).unwrap();
        let back = Image::read(&path).unwrap();
        assert_eq!((back.channels(), back.height(), back.width()), (3, 3, 5));
        for (was, is) in image.data().iter().zip(back.data()) {
            assert!((was - is).abs() <= 0.5 / step + 1e-7);
        }
    }
    let map = Map::new(2, 3, vec![-1.0, 0.0, 0.25, 0.5, 1.0, 3.0]).unwrap();
    let png = folder.path().join("map.png");
    map.write_png(&png).unwrap();
    let back = Image::read(&png).unwrap();
    assert_eq!(back.intensity().high, 65535.0);
    for (was, is) in map.data().iter().zip(back.data()) {
        assert!((was.clamp(0.0, 1.0) - is).abs() < 1e-5);
    }
    let npy = folder.path().join("map.npy");
    map.write_npy(&npy).unwrap();
    let bytes = std::fs::read(npy).unwrap();
    let (header, values) = bytes.split_at(128);
    assert!(
        header.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }")
    );
    assert_eq!(header[127], b'\n');
    let values: Vec<f32> = values.chunks_exact(4).map(|v| f32::from_le_bytes(v.try_into().unwrap())).collect();
    assert_eq!(values, map.data());
}

#[test]
fn writing_is_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.bin");
    write_atomic(&path, b"one").unwrap();
    write_atomic(&path, b"two").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"two");
    let error = write_atomic(folder.path().join("none/map.bin"), b"three").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unwritable);
    assert!(error.to_string().contains("create the folder"), "{error}");
    let error = write_atomic(path.join("below-a-file.bin"), b"four").unwrap_err();
    assert!(error.to_string().contains("is a file"), "{error}");
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    let error = write_atomic(&taken, b"five").unwrap_err();
    assert!(error.to_string().contains("no folder"), "{error}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left beside the file and the folder: {left:?}");
}

#[test]
fn overlays_colour_the_evidence_and_nothing_else() {
    let image = Image::new(1, 32, 48, vec![0.5; 32 * 48]).unwrap();
    let bump = |i: usize| {
        let (y, x) = ((i / 48) as f32 - 10.0, (i % 48) as f32 - 30.0);
        (-(x * x + y * y) / 50.0).exp() - 0.01
    };
    let map = Map::new(32, 48, (0..32 * 48).map(bump).collect()).unwrap();
    let style = OverlayStyle::default();
    let picture = overlay(&image, &map, &style).unwrap();
    assert_eq!((picture.height(), picture.width()), (256, 384));
    let at = |row: usize, column: usize| picture.rgb()[row * 384 + column];
    assert_eq!(at(255, 0), [128; 3], "where the map is not positive the image is unchanged");
    let [red, _, blue] = at(10 * 8 + 4, 30 * 8 + 4);
    assert!(red > 180 && blue < 160, "the peak is yellow over grey");
    assert!(picture.rgb().contains(&[64, 224, 255]), "a contour");
    let empty = Map::new(32, 48, vec![0.0; 32 * 48]).unwrap();
    assert!(overlay(&image, &empty, &style).unwrap().rgb().iter().all(|&pixel| pixel == [128; 3]));
    let plain = panel(&image, &map, &image, &style, &Default::default()).unwrap();
    let width = 3 * 384 + 3 * 6 + 14;
    assert_eq!((plain.height(), plain.width()), (256, width));
    let texts = ["before: DME 0.995", "evidence for DME", "after: DME 0.038\nmost probable: CNV 0.912"];
    let told = panel(&image, &map, &image, &style, &texts.map(str::to_owned)).unwrap();
    let strip = told.height() - plain.height();
    assert!((40..80).contains(&strip) && told.width() == width, "room for two lines: {strip} pixels");
    assert_eq!(told.rgb()[strip * width..], *plain.rgb(), "below the text the panel is the same");
    let dark = |row: usize, part: usize| {
        let start = row * width + part * 390;
        told.rgb()[start..start + 384].iter().filter(|pixel| pixel[0] < 128).count()
    };
    let ink = |rows: std::ops::Range<usize>, part: usize| rows.map(|row| dark(row, part)).sum::<usize>();
    for part in 0..3 {
        assert!(ink(0..strip / 2, part) > 20, "text above part {part}");
        assert_eq!(ink(strip / 2..strip, part) > 20, part == 2, "only the last has a second line");
    }
    let wrong = Map::new(2, 2, vec![0.0; 4]).unwrap();
    assert_eq!(overlay(&image, &wrong, &style).unwrap_err().kind, ErrorKind::Shape);
}
