//! Pasted lesions and scored maps from the command line.

use crate::common::Bench;
use lacuna_imaging::{BitDepth, Image, Map};
use std::fs;

const SIDE: usize = 64;

/// A disc of tissue; with a lesion of radius 5 beside its middle.
fn disc(tissue: f32, lesion: bool) -> (Vec<f32>, Vec<f32>) {
    let far = |pixel: usize, row: f32, column: f32| ((pixel / SIDE) as f32 - row).hypot((pixel % SIDE) as f32 - column);
    let ill = |pixel: usize| lesion && far(pixel, 24.0, 38.0) < 5.0;
    let value = |pixel| match () {
        () if far(pixel, 32.0, 32.0) > 26.0 => 0.0,
        () if ill(pixel) => 1.3 * tissue,
        () => tissue,
    };
    let pixels = 0..SIDE * SIDE;
    (pixels.clone().map(value).collect(), pixels.map(|pixel| f32::from(u8::from(ill(pixel)))).collect())
}

fn write(bench: &Bench, name: &str, values: Vec<f32>) {
    fs::create_dir_all(bench.path(name).parent().unwrap()).unwrap();
    Image::new(1, SIDE, SIDE, values).unwrap().write_png(bench.path(name), BitDepth::Eight).unwrap();
}

/// `healthy/` with six slices, `ms/` with two lesion images.
fn slices(bench: &Bench) {
    for index in 0..6 {
        write(bench, &format!("healthy/h_{index}.png"), disc(0.9, false).0);
    }
    for index in 0..2 {
        let (image, mask) = disc(0.6, true);
        write(bench, &format!("ms/lesion/p{index}.png"), image);
        write(bench, &format!("ms/lesion_mask/p{index}.png"), mask);
    }
}

#[test]
fn lesions_are_pasted_and_recorded() {
    let bench = Bench::new();
    slices(&bench);
    let line = "data paste-lesions healthy ms --per-image 2 --seed 7 --patients cycle:3 --limit 4 --folds 1 --out set";
    let run = bench.run(line).succeeded();
    assert!(run.out.contains("4 healthy images") && run.out.contains("8 with a pasted lesion"), "{}", run.out);
    let csv = String::from_utf8(bench.read("set/data.csv")).unwrap();
    assert_eq!(csv.lines().next(), Some("image,patient,mask,donor,lesion"));
    assert_eq!(csv.lines().filter(|line| line.ends_with(",1")).count(), 8);
    let record: serde_json::Value = serde_json::from_slice(&bench.read("set/record.json")).unwrap();
    assert_eq!((record["made"]["pasted"].as_u64(), record["options"]["seed"].as_u64()), (Some(8), Some(7)));
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(bench.path("set").join(cells[0]).is_file() && bench.path("set").join(cells[2]).exists());
    }
    bench.run(line).says(2, &["set/images", "is there already", "--out"]);
}

#[test]
fn what_cannot_be_pasted_is_refused_and_leaves_nothing() {
    let bench = Bench::new();
    slices(&bench);
    bench.run("data paste-lesions healthy healthy --out set").says(2, &["no folder `lesion`", "Remedy"]);
    bench.run("data paste-lesions healthy ms --per-image 2 --out set").says(2, &["2 pastes", "1 to 1", "2 folds"]);
    bench.run("data paste-lesions healthy ms --per-image 1 --folds 3 --out set").says(2, &["3 folds", "2 people"]);
    bench.run("data paste-lesions healthy ms --patients odd --out set").says(2, &["`odd`", "cycle:N"]);
    write(&bench, "healthy/black.png", vec![0.0; SIDE * SIDE]);
    bench.run("data paste-lesions healthy ms --per-image 1 --out set").says(2, &["black.png: no brain"]);
    assert!(!bench.path("set").exists());
}

#[test]
fn maps_are_scored_and_compared() {
    let bench = Bench::new();
    let (image, mask) = disc(0.6, true);
    for name in ["a", "b"] {
        write(&bench, &format!("masks/{name}.png"), mask.clone());
        fs::create_dir_all(bench.path("good").join(name)).unwrap();
        let map = Map::new(SIDE, SIDE, mask.clone()).unwrap();
        map.write_npy(bench.path("good").join(name).join("map.npy")).unwrap();
        write(&bench, &format!("poor/{name}.png"), image.iter().map(|value| 1.0 - value).collect());
    }
    let run = bench.run("score good masks --against poor").succeeded();
    assert!(
        run.out.contains("good: 2 images") && run.out.contains("1.0000, 95 % interval 1.0000 to 1.0000"),
        "{}",
        run.out
    );
    let json = bench.run("score good masks --against poor --json").succeeded().json();
    let number = |path: &str| json.pointer(path).and_then(serde_json::Value::as_f64).unwrap();
    assert_eq!((number("/maps/auc/value"), number("/maps/hit/value")), (1.0, 1.0));
    assert_eq!(number("/against/hit/value"), 0.0);
    assert!(number("/difference/auc/low") > 0.9, "{json}");

    write(&bench, "poor/healthy.png", vec![0.5; SIDE * SIDE]);
    bench.run("score poor masks").says(2, &["maps without a mask", "`healthy`", "Remedy"]);
    bench.run("score masks/none masks").says(2, &["cannot be read"]);
    bench.run("score good ms").says(2, &["ms: cannot be read"]);
}
