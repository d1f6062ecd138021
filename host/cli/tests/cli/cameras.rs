//! Files of cameras, archives and scanners: every command treats them alike, and says what it did.

use crate::common::{Bench, nifti};
use lacuna_imaging::{BitDepth, Image};
use std::fs;

/// CRC-32 of PNG, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |state, byte| {
        (0..8).fold(
            state ^ u32::from(*byte),
            |state, _| if state & 1 == 1 { state >> 1 ^ 0xEDB8_8320 } else { state >> 1 },
        )
    })
}

/// The PNG with an EXIF orientation before its pixels.
fn oriented(png: &[u8], number: u8) -> Vec<u8> {
    let exif =
        [b"eXIfMM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[number, 0, 0, 0, 0, 0, 0]].concat();
    let length = (exif.len() as u32 - 4).to_be_bytes();
    [&png[..33], &length, &exif, &checksum(&exif).to_be_bytes(), &png[33..]].concat()
}

/// The picture after a quarter turn clockwise.
fn clockwise(image: &Image) -> Image {
    let (height, width) = (image.height(), image.width());
    let value = |i: usize| image.data()[(height - 1 - i % height) * width + i / height];
    Image::new(1, width, height, (0..height * width).map(value).collect()).unwrap()
}

/// A part of the demo's image that is not square, stored on its side, and a copy that stands.
fn photographs(bench: &Bench) {
    let whole = Image::read(bench.path("lesion-1.png")).unwrap();
    let (width, rows) = (whole.width(), whole.height() * 3 / 4);
    let image = Image::new(1, rows, width, whole.data()[..rows * width].to_vec()).unwrap();
    image.write_png(bench.path("stored.png"), BitDepth::Eight).unwrap();
    clockwise(&image).write_png(bench.path("upright.png"), BitDepth::Eight).unwrap();
    bench.write("phone.png", oriented(&bench.read("stored.png"), 6));
}

#[test]
fn an_orientation_is_told_and_turned_when_asked() {
    let bench = Bench::new();
    photographs(&bench);
    let parts = ["phone.png", "EXIF orientation is 6", "viewers show", "clockwise", "Remedy", "--apply-orientation"];
    bench.explain("phone.png", "--target 1 --out told").says(0, &parts);
    let record: serde_json::Value = serde_json::from_slice(&bench.read("told/record.json")).unwrap();
    let warning = record["warnings"][0].as_str().unwrap();
    assert!(parts[1..].iter().all(|part| warning.contains(part)), "{warning}");
    bench.explain("stored.png", "--target 1 --out stored").succeeded();
    let run = bench.explain("phone.png", "--target 1 --out turned --apply-orientation").succeeded();
    assert!(!run.err.contains("orientation"), "{}", run.err);
    bench.explain("upright.png", "--target 1 --out upright").succeeded();
    for file in ["map.npy", "map.png", "overlay.png", "panel.png", "perturbed.png", "extras.npz"] {
        assert_eq!(bench.read(&format!("told/{file}")), bench.read(&format!("stored/{file}")), "{file}");
        assert_eq!(bench.read(&format!("turned/{file}")), bench.read(&format!("upright/{file}")), "{file}");
    }
    let record: serde_json::Value = serde_json::from_slice(&bench.read("turned/record.json")).unwrap();
    assert_eq!((&record["image"]["turned_by_exif_orientation"], &record["image"]["height"]), (&6.into(), &96.into()));
}

/// A table of the project's own pictures, all of them stored on their side, and the masks as they are shown.
#[test]
fn every_command_says_it_and_turns() {
    let bench = Bench::new();
    bench.run("phantom images --count 12 --seed 3 --out made").succeeded();
    for entry in fs::read_dir(bench.path("made")).unwrap() {
        let name = format!("made/{}", entry.unwrap().file_name().to_string_lossy());
        if name.ends_with(".png") && !name.contains("mask") {
            bench.write(&name, oriented(&bench.read(&name), 8));
        }
    }
    let told = ["and 11 other files likewise", "EXIF orientation is 8", "--apply-orientation"];
    let vae = "train vae made --size 32 --widths 4,8 --latent 4 --batch 4 --epochs 1 --device cpu --patients each \
               --validation 0.2";
    fs::create_dir(bench.path("pictures")).unwrap();
    for entry in fs::read_dir(bench.path("made")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".png") && !name.contains("mask") {
            fs::copy(&path, bench.path("pictures").join(name)).unwrap();
        }
    }
    let vae = vae.replace("made", "pictures");
    bench.run(&format!("{vae} --out told")).says(0, &told);
    let run = bench.run(&format!("{vae} --out turned --apply-orientation")).succeeded();
    assert!(!run.err.contains("EXIF"), "{}", run.err);
    assert_ne!(bench.read("told/model.safetensors"), bench.read("turned/model.safetensors"));
    let record = String::from_utf8(bench.read("turned/record.json")).unwrap();
    assert!(record.contains("\"apply-orientation\": true"), "{record}");

    let reconstruct = "reconstruct pictures/lesion-1.png --generator told/model.toml --samples 2 --device cpu";
    bench.run(&format!("{reconstruct} --out seen")).says(0, &told[1..]);
    let run = bench.run(&format!("{reconstruct} --out seen-2 --apply-orientation")).succeeded();
    assert!(!run.err.contains("EXIF"), "{}", run.err);

    let compare = "compare made/data.csv --classifier model.toml --methods gradient --images 3 --metrics pixel-auc \
                   --device cpu --all-patients";
    bench.run(&format!("{compare} --out cmp")).says(0, &["and 2 other files likewise", told[1], told[2]]);
    let run = bench.run(&format!("{compare} --out cmp-2 --apply-orientation")).succeeded();
    assert!(!run.err.contains("EXIF"), "{}", run.err);
    let other = bench.run(&format!("{compare} --out cmp --apply-orientation"));
    other.says(2, &["an earlier comparison"]);

    fs::create_dir(bench.path("masks")).unwrap();
    let mask = oriented(&bench.read("made/lesion-1-mask.png"), 3);
    bench.write("masks/lesion-1.png", mask);
    bench.explain("pictures/lesion-1.png", "--target 1 --out lesion-1 --apply-orientation").succeeded();
    bench.run("score lesion-1 masks").says(0, &["EXIF orientation is 3", told[2]]);
    let run = bench.run("score lesion-1 masks --apply-orientation").succeeded();
    assert!(!run.err.contains("EXIF"), "{}", run.err);
}

/// Grey scans saved in colour, with the differences that compression leaves.
#[test]
fn grey_scans_in_colour_are_grey_with_one_note() {
    let bench = Bench::new();
    bench.run("phantom images --count 8 --seed 3 --out made").succeeded();
    for entry in fs::read_dir(bench.path("made")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".png") && !name.contains("mask") {
            let image = Image::read(&path).unwrap();
            let noisy = (0..3).flat_map(|channel| {
                let noise = move |(i, value): (usize, &f32)| value * 0.9 + (i * 7 + channel * 5) as f32 % 12.0 / 255.0;
                image.data().iter().enumerate().map(noise).collect::<Vec<f32>>()
            });
            let colour = Image::new(3, image.height(), image.width(), noisy.collect()).unwrap();
            colour.write_png(&path, BitDepth::Eight).unwrap();
        }
    }
    let note = "a grey picture saved in colour";
    bench.explain("made/lesion-1.png", "--out out").says(0, &["lesion-1.png", note]);
    let compare = "compare made/data.csv --classifier model.toml --methods gradient --images 4 --metrics pixel-auc";
    let run = bench.run(&format!("{compare} --device cpu --all-patients --out cmp"));
    let run = run.says(0, &["and 3 other files likewise", note]);
    assert_eq!(run.err.matches(note).count(), 1, "{}", run.err);
    let train =
        "train classifier made/data.csv --architecture small-cnn --labels single --size 32 --batch 4 --epochs 1";
    let run = bench.run(&format!("{train} --device cpu --validation 0.4 --out cnn"));
    let run = run.says(0, &["and 7 other files likewise", note]);
    assert_eq!(run.err.matches(note).count(), 1, "{}", run.err);
    let record = String::from_utf8(bench.read("cnn/record.json")).unwrap();
    assert!(record.contains(note), "{record}");
}

#[test]
fn both_files_of_a_pair_open_and_are_recorded() {
    let bench = Bench::new();
    let voxels: Vec<f32> = (0..96 * 96 * 3).map(|i| (i % 97) as f32).collect();
    let mut whole = nifti([96, 96, 3], &voxels);
    whole[344..348].copy_from_slice(b"ni1\0");
    whole[108..112].copy_from_slice(&0_f32.to_le_bytes());
    bench.write("brain.hdr", &whole[..348]);
    bench.write("brain.img", &whole[352..]);
    for (named, other) in [("brain.hdr", "brain.img"), ("brain.img", "brain.hdr")] {
        bench.explain(named, "--target 1 --slice axial:1 --window full --out out").succeeded();
        let record: serde_json::Value = serde_json::from_slice(&bench.read("out/record.json")).unwrap();
        assert_eq!(record["image"]["other_half"]["path"], other);
        assert_ne!(record["image"]["other_half"]["sha256"], record["image"]["sha256"]);
        assert!(bench.path("out/map.nii.gz").exists());
    }
    bench.write("old.hdr", [&whole[..344], &[0; 4]].concat());
    bench.write("old.img", &whole[352..]);
    let parts = ["old.hdr", "Analyze 7.5", "expected NIfTI-1", "Remedy"];
    bench.explain("old.img", "--slice axial:1 --out old").says(2, &parts);
    assert!(!bench.path("old").exists());
}
