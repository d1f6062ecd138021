//! What the commands give when all is well.

use crate::common::{Bench, follows_schema, nifti};
use lacuna_imaging::Image;
use sha2::{Digest, Sha256};
use std::fs;

const FILES: [&str; 7] =
    ["overlay.png", "panel.png", "map.png", "map.npy", "perturbed.png", "extras.npz", "record.json"];

#[test]
fn the_demo_finds_the_lesion_twice() {
    let bench = Bench::new();
    let first = bench.run("demo").succeeded();
    assert!(first.out.contains("overlay.png"), "{}", first.out);
    assert!(first.out.contains("the most probable class then: `healthy` with 0.9"), "{}", first.out);
    let map = bench.read("lacuna-demo/map.npy");
    let second = bench.run("demo --json").succeeded().json();
    assert_eq!(map, bench.read("lacuna-demo/map.npy"));
    let number = |pointer: &str| second.pointer(pointer).and_then(|v| v.as_f64()).unwrap();
    assert!(number("/result/target/probability_before") > 0.9);
    assert!(number("/result/target/probability_after") < 0.5);
    assert!(number("/result/target/seen_after/0/probability_after") > 0.9);
    assert_eq!(second["result"]["target"]["seen_after"][0]["name"], "healthy");
    assert_eq!(second["result"]["findings"].as_array().map(Vec::len), Some(0), "{second}");
    assert!(number("/lesion/pixel_auc") > 0.9);
    assert!(number("/result/seconds_to_first_step") > 0.0);
}

#[test]
fn explain_writes_every_file_and_a_record_that_proves_the_run() {
    let bench = Bench::new();
    let report = bench
        .explain("lesion-1.png", "--target lesion --perturbation-param sigma=5 --out out --json")
        .succeeded()
        .json();
    let mut listed: Vec<String> = fs::read_dir(bench.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    listed.sort();
    let mut expected = FILES.map(str::to_owned);
    expected.sort();
    assert_eq!(listed, expected);
    assert_eq!(report["results"][0]["target"]["name"], "lesion");

    let record: serde_json::Value = serde_json::from_slice(&bench.read("out/record.json")).unwrap();
    for pointer in [
        "/image/sha256",
        "/classifier/sha256",
        "/classifier/files/0/sha256",
        "/run/method/sha256",
        "/run/perturbation/sha256",
        "/provenance/program/executable_sha256",
        "/provenance/program/cargo_lock_sha256",
    ] {
        let hash = record.pointer(pointer).and_then(|v| v.as_str());
        assert_eq!(hash.map(str::len), Some(64), "{pointer}");
    }
    assert_eq!(record["run"]["seed"], 7);
    assert_eq!(record["run"]["method"]["settings"]["steps"], 10);
    assert_eq!(record["run"]["perturbation"]["settings"]["sigma"], 5.0);
    // What was asked for, apart from what was left as it is.
    assert_eq!(record["run"]["method"]["given"], serde_json::json!(["steps"]));
    assert_eq!(record["run"]["perturbation"]["given"], serde_json::json!(["sigma"]));
    follows_schema("../session/schemas/record.json", &record);
    assert_eq!(record["run"]["objective"]["values"].as_array().unwrap().len(), 10);
    assert!(record["deleted_fraction"].as_f64().is_some());
    assert!(record["messages"].is_array());
    let outputs = record["outputs"].as_object().unwrap();
    let mut proven: Vec<&str> = outputs.keys().map(String::as_str).chain(["record.json"]).collect();
    proven.sort_unstable();
    assert_eq!(proven, expected);
    for (name, hash) in outputs {
        let found = format!("{:x}", Sha256::digest(bench.read(&format!("out/{name}"))));
        assert_eq!(hash.as_str(), Some(found.as_str()), "{name}");
    }
    let asked: Vec<&str> =
        record["provenance"]["command_line"].as_array().unwrap().iter().flat_map(|v| v.as_str()).collect();
    assert!(asked.contains(&"--perturbation-param") && asked.contains(&"sigma=5"), "{asked:?}");
}

#[test]
fn the_same_seed_gives_the_same_map_and_another_seed_another() {
    let bench = Bench::new();
    let noise = |seed: u32, out: &str| {
        let line = format!("--target 1 --perturbation noise --seed {seed} --out {out}");
        let line = format!("explain lesion-1.png --classifier model.toml --device cpu --param steps=10 {line}");
        bench.run(&line).succeeded();
        bench.read(&format!("{out}/map.npy"))
    };
    let map = noise(7, "a");
    assert_eq!(map, noise(7, "b"));
    assert_ne!(map, noise(8, "c"));
}

#[test]
fn several_images_get_a_folder_each_and_the_maps_they_get_alone() {
    let bench = Bench::new();
    fs::create_dir(bench.path("more")).unwrap();
    fs::copy(format!("{}/lesion-2.png", crate::common::DEMO), bench.path("more/lesion-1.png")).unwrap();
    let report =
        bench.explain("lesion-1.png more/lesion-1.png", "--target lesion --out both --json").succeeded().json();
    assert_eq!(report["results"].as_array().unwrap().len(), 2);
    bench.explain("more/lesion-1.png", "--target lesion --out alone").succeeded();
    assert_eq!(bench.read("both/lesion-1-2/map.npy"), bench.read("alone/map.npy"));
    assert_ne!(bench.read("both/lesion-1/map.npy"), bench.read("alone/map.npy"));
}

#[test]
fn without_a_target_the_most_probable_class_is_explained_and_named() {
    let bench = Bench::new();
    let run = bench.explain("lesion-1.png", "--out out").succeeded();
    assert!(run.out.contains("target 1 `lesion`, the most probable class"), "{}", run.out);
}

#[test]
fn a_slice_of_a_volume_comes_back_as_a_volume() {
    let bench = Bench::new();
    let image = Image::read(bench.path("lesion-1.png")).unwrap();
    let voxels = image.data().repeat(3);
    bench.write("brain.nii", nifti([96, 96, 3], &voxels));
    bench.explain("brain.nii", "--target lesion --slice axial:1 --window full --out out").succeeded();
    assert!(bench.path("out/map.nii.gz").exists());
    // A result without a volume takes the place of one with a volume.
    bench.explain("lesion-1.png", "--target lesion --out out").succeeded();
    assert!(!bench.path("out/map.nii.gz").exists());
}

#[test]
fn the_other_commands_answer_people_and_programs() {
    let bench = Bench::new();
    let devices = bench.run("devices --json").succeeded().json();
    let rows = devices["devices"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["device"] == "cpu"));
    assert_eq!(rows.iter().filter(|row| row["auto"] == true).count(), 1);

    let plugins = bench.run("plugins list --json").succeeded().json();
    let names: Vec<&str> = plugins.as_array().unwrap().iter().map(|plugin| plugin["name"].as_str().unwrap()).collect();
    let methods = [
        "extremal-perturbation",
        "fido",
        "grad-cam",
        "grad-cam-plus-plus",
        "gradient",
        "guided-backpropagation",
        "hires-cam",
        "i-gos",
        "i-gos-plus-plus",
        "input-x-gradient",
        "integrated-gradients",
        "latent-shift",
        "layer-cam",
        "meaningful-perturbation",
        "occlusion",
        "rise",
        "smoothgrad",
    ];
    let perturbations = ["blur", "constant", "healthy", "noise"];
    let metrics = ["deletion", "dice", "insertion", "pixel-auc", "pointing-game"];
    assert_eq!(names, [&methods[..], &perturbations, &metrics].concat());
    let inspected = bench.run("plugins inspect blur").succeeded();
    assert!(inspected.out.contains("sigma=10 (pixels)"), "{}", inspected.out);

    // What is built in asks for nothing; a plugin that asks for WASI is said to.
    assert!(!inspected.out.contains("asks for"), "{}", inspected.out);
    bench.write("asks.wasm", lacuna_tests::guest("hostile", "wasi"));
    let line = "plugins inspect asks-for-everything --plugins asks.wasm";
    let inspected = bench.run(line).succeeded();
    let asked = "asks for wasi:cli, wasi:clocks, wasi:io, wasi:random, wasi:sockets. All of it is denied: no files";
    assert!(inspected.out.contains(asked), "{}", inspected.out);
    assert_eq!(bench.run(&format!("{line} --json")).succeeded().json()[0]["wasi"][1], "wasi:clocks");

    let model = bench.run("models inspect model.toml --device cpu --json").succeeded().json();
    assert_eq!(model["classes"][1], "lesion");
    assert_eq!(model["healthy"], "healthy");
    assert_eq!(model["grey_image"]["probabilities"].as_array().unwrap().len(), 2);

    let bench_step = "bench step --classifier model.toml --batch 1,2 --steps 3 --device cpu --json";
    let speed = bench.run(bench_step).succeeded().json();
    assert!(speed["batches"][1]["ms_per_step"].as_f64().unwrap() > 0.0);

    bench.run("phantom images --count 4 --out made").succeeded();
    assert_eq!(fs::read_dir(bench.path("made")).unwrap().count(), 7);
    let table = String::from_utf8(bench.read("made/data.csv")).unwrap();
    assert_eq!(table.lines().nth(2), Some("lesion-1.png,phantom-1,lesion-1-mask.png,1"), "{table}");
    let line =
        "compare made/data.csv --classifier model.toml --methods gradient --images 2 --metrics pixel-auc --out met";
    bench.run(&format!("{line} --device cpu --all-patients")).succeeded();
}

#[test]
fn a_seed_trains_one_classifier_of_phantoms() {
    let bench = Bench::new();
    let line = "phantom train --seed 3 --images 36 --epochs 2 --count 8";
    let told = bench.run(&format!("{line} --out first --json")).succeeded().json();
    assert_eq!(told["quality"]["phantoms"], 8);
    bench.run(&format!("{line} --out again")).succeeded();
    let files = ["curves.png", "history.csv", "model.safetensors", "model.toml", "record.json"];
    let mut names: Vec<_> = fs::read_dir(bench.path("first"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, files);
    for file in files {
        assert!(bench.read(&format!("first/{file}")) == bench.read(&format!("again/{file}")), "{file}");
    }
    let model = bench.run("models inspect first/model.toml --device cpu --json").succeeded().json();
    assert_eq!((&model["classes"][1], &model["healthy"]), (&"lesion".into(), &"healthy".into()));
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_leaves_nothing_behind() {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
        time::{Duration, Instant},
    };

    let bench = Bench::new();
    let mut running = bench
        .program()
        .args("explain lesion-1.png --classifier model.toml --device cpu".split(' '))
        .args("--param steps=100000 --out out".split(' '))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(running.stderr.take().unwrap()).lines();
    let started = said.by_ref().any(|line| line.unwrap().contains("step 1 of 100000"));
    assert!(started, "the run never began");
    let begun = Instant::now();
    let process = running.id().to_string();
    crate::common::Run::of(Command::new("kill").args(["-INT", &process]).output()).succeeded();
    let rest: String = said.map(Result::unwrap).collect();
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(rest.contains("interrupted, nothing was written"), "{rest}");
    assert!(!bench.path("out").exists());
}
