//! `lacuna compare`: a table of methods on images whose lesions are known, and going on after a stop.

use crate::common::{Bench, follows_schema};
use lacuna_imaging::{BitDepth, Image};
use std::fs;

const SIDE: usize = 32;

/// Made images of ten patients with a bright square each, its mask, and a healthy one; a classifier that is trained on them.
fn study(bench: &Bench) {
    let mut csv = "image,patient,mask,lesion\n".to_owned();
    let write = |name: &str, value: &dyn Fn(usize, usize) -> f32| {
        let values = (0..SIDE * SIDE).map(|i| value(i / SIDE, i % SIDE)).collect();
        Image::new(1, SIDE, SIDE, values).unwrap().write_png(bench.path(name), BitDepth::Eight).unwrap();
    };
    for patient in 0..10 {
        for slice in 0..3 {
            let inside = |row: usize, column: usize| {
                slice > 0 && row.abs_diff(8 + patient) < 3 && column.abs_diff(9 + 6 * slice) < 3
            };
            let head = |row: usize, column: usize| 0.3 + 0.01 * ((row * 7 + column * 3 + patient) % 9) as f32;
            let name = format!("p{patient}_{slice}");
            write(&format!("{name}.png"), &|y, x| head(y, x) + if inside(y, x) { 0.5 } else { 0.0 });
            if slice > 0 {
                write(&format!("{name}-mask.png"), &|y, x| f32::from(u8::from(inside(y, x))));
                csv.push_str(&format!("{name}.png,p{patient},{name}-mask.png,1\n"));
            } else {
                csv.push_str(&format!("{name}.png,p{patient},,0\n"));
            }
        }
    }
    bench.write("data.csv", csv);
    let line = "train classifier data.csv --architecture small-cnn --labels single --size 32 --batch 8 --epochs 30 --seed 3 \
                --device cpu --learning-rate 0.003 --folds 2 --test-fold 0 --out cnn";
    bench.run(line).succeeded();
}

#[test]
fn methods_are_compared_on_unseen_patients_and_a_stopped_run_goes_on() {
    let bench = Bench::new();
    study(&bench);
    let line = "compare data.csv --classifier cnn/model.toml --methods meaningful-perturbation --perturbations blur,constant \
                --param meaningful-perturbation.steps=20 --param blur.sigma=6 --seed 3 --batch 2 --device cpu --out cmp";
    let run = bench.run(&format!("{line} --images 2")).succeeded();
    assert!(
        run.out.contains("meaningful-perturbation+blur: in 2 perturbed images the classifier sees `"),
        "{}",
        run.out
    );
    let cells = bench.path("cmp/cells/meaningful-perturbation+blur");
    let results = || {
        let mut names: Vec<_> = fs::read_dir(&cells)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".json"))
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        names.sort();
        names
    };
    let first = results();
    assert_eq!(first.len(), 2);
    let run = bench.run(&format!("{line} --images 4 --json")).succeeded();
    let second = results();
    assert_eq!(second.len(), 4);
    assert!(first.iter().all(|finished| second.contains(finished)), "finished images were made again");

    let table = run.json()["table"].clone();
    let names = |line: &serde_json::Value| {
        let metrics = line["metrics"].as_array().unwrap().clone();
        metrics.iter().map(|metric| metric[0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&table[0]), ["deletion", "dice", "insertion", "pixel-auc", "pointing-game"]);
    for line in table.as_array().unwrap() {
        let metric = |name: &str| {
            let metrics = line["metrics"].as_array().unwrap();
            let found = metrics.iter().find(|metric| metric[0] == name).unwrap();
            found[1]["value"].as_f64().unwrap()
        };
        assert!(metric("pixel-auc") > 0.8, "{line}");
        assert!(metric("insertion") > metric("deletion"), "{line}");
        assert_eq!(line["images"], 4);
        // The training has called the class of rows without a label healthy.
        let seen = line["seen_after"].as_object().unwrap();
        assert_eq!(seen.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), 4, "{line}");
        // One pass for each step, and those before and after.
        assert!(line["passes"]["value"].as_f64().unwrap() >= 20.0, "{line}");
    }
    let csv = String::from_utf8(bench.read("cmp/table.csv")).unwrap();
    assert!(csv.starts_with("method,perturbation,images,patients,deletion,deletion low"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    assert!(bench.path("cmp/grid.png").is_file() && bench.path("cmp/table.md").is_file());
    // The patients of the test fold only.
    let record: serde_json::Value = serde_json::from_slice(&bench.read("cnn/record.json")).unwrap();
    let test: Vec<&str> = record["patients"]["test"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    for (name, _) in &second {
        let name = name.to_string_lossy().into_owned();
        assert!(test.contains(&name.split('_').next().unwrap()), "{name} is of no test patient: {test:?}");
    }

    // Another mask: that image is measured again, no other.
    let image = first[0].0.to_string_lossy().replace(".json", "");
    let mask = vec![1.0; SIDE * SIDE];
    let mask = Image::new(1, SIDE, SIDE, mask).unwrap();
    mask.write_png(bench.path(&format!("{image}-mask.png")), BitDepth::Eight).unwrap();
    let run = bench.run(&format!("{line} --images 4 --json")).succeeded().json();
    let changed: Vec<bool> = results().iter().map(|finished| !second.contains(finished)).collect();
    assert_eq!(changed.iter().filter(|changed| **changed).count(), 1, "{changed:?}");
    assert!(!second.contains(&results()[0]), "the image with another mask kept its numbers");
    assert_eq!(run["plugins"]["perturbation blur"]["sha256"].as_str().map(str::len), Some(64), "{run}");
    assert_eq!(run["plugins"]["perturbation blur"]["given"], serde_json::json!(["sigma"]));
    assert!(run["plugins"]["metric deletion"].is_object(), "{run}");
    follows_schema("schemas/comparison.json", &run);

    bench.run(&line.replace("--seed 3", "--seed 4")).says(2, &["plan.json", "an earlier comparison", "--out"]);
    // A map that was changed is made again, and without its plan a folder gives nothing of another run.
    let before = results();
    fs::write(cells.join(before[1].0.to_string_lossy().replace(".json", ".npy")), b"changed").unwrap();
    bench.run(&format!("{line} --images 4")).succeeded();
    let changed: Vec<bool> = results().iter().map(|finished| !before.contains(finished)).collect();
    assert_eq!(changed, [false, true, false, false]);
    let before = results();
    fs::remove_file(bench.path("cmp/plan.json")).unwrap();
    bench.run(&format!("{} --images 4", line.replace("blur.sigma=6", "blur.sigma=5"))).succeeded();
    assert!(results().iter().all(|finished| !before.contains(finished)), "numbers of another sigma were kept");

    bench.run(&format!("{line} --param blurr.sigma=3")).says(2, &["blurr.sigma=3", "meaningful-perturbation", "blur"]);
    let other = "compare data.csv --classifier cnn/model.toml --device cpu --images 2 --out other";
    let healthy = format!("{other} --methods meaningful-perturbation --perturbations healthy");
    bench.run(&healthy).says(2, &["healthy", "--generator"]);
    bench.run(&format!("{other} --methods meaningful-perturbatio")).says(2, &["did you mean"]);
}
