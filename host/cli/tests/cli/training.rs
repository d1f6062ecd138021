//! Training from the command line: killed and resumed, from tables and folders, and what users get wrong.

use crate::common::{Bench, follows_schema};
use lacuna_imaging::{BitDepth, Image};
use std::{
    collections::HashSet,
    fs,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const SIDE: usize = 32;

/// Made images of twelve patients, four each; every second one has a bright blob, and the CSV says so.
fn table(bench: &Bench) {
    let mut csv = "image,patient,mask,lesion\n".to_owned();
    for patient in 0..12 {
        for slice in 0..4 {
            let lesion = slice % 2 == 1;
            let centre = (10 + patient % 5, 12 + 2 * slice);
            let value = |i: usize| {
                let (row, column) = (i / SIDE, i % SIDE);
                let far = |(y, x): (usize, usize), r: usize| row.abs_diff(y).pow(2) + column.abs_diff(x).pow(2) > r * r;
                let head = if far((16, 16), 13) { 0.0 } else { 0.3 + 0.02 * (patient as f32) };
                let blob = if lesion && !far(centre, 3) { 0.4 } else { 0.0 };
                head + blob + 0.01 * ((i * 7 + patient) % 5) as f32
            };
            let name = format!("p{patient}_{slice}.png");
            let image = Image::new(1, SIDE, SIDE, (0..SIDE * SIDE).map(value).collect()).unwrap();
            image.write_png(bench.path(&name), BitDepth::Eight).unwrap();
            csv.push_str(&format!("{name},p{patient},,{}\n", u8::from(lesion)));
        }
    }
    bench.write("data.csv", csv);
}

const VAE: &str = "train vae data.csv --size 32 --widths 4,8 --latent 4 --batch 4 --seed 7 --device cpu";
const CNN: &str = "train classifier data.csv --architecture small-cnn --labels single --size 32 --batch 8 --seed 7 \
                   --device cpu --folds 3 --test-fold 0 --learning-rate 0.003";

fn command(bench: &Bench, line: &str) -> Command {
    let mut program = bench.program();
    program.args(line.split_whitespace());
    program
}

/// Ten kills of one training at moments that the clock draws. A kill is SIGKILL, or what Windows has for it, with no chance to
/// say goodbye.
#[test]
fn a_killed_training_ends_in_the_same_weights() {
    let bench = Bench::new();
    table(&bench);
    let started = Instant::now();
    bench.run(&format!("{VAE} --epochs 400 --out whole")).succeeded();
    let whole = started.elapsed();
    let weights = bench.read("whole/model.safetensors");
    let line = format!("{VAE} --epochs 400 --out killed --resume");
    let mut draw = Moments::new();
    let (mut kills, mut starts) = (0, 0);
    // What the kills left behind: the same again where one came before the next epoch was over.
    let mut left = HashSet::new();
    while kills < 10 {
        // Ten times at most 0.15 are seldom a whole training; one that is done before its ten kills has to begin anew.
        assert!(starts < 100, "{kills} kills in {starts} starts");
        starts += 1;
        let mut child = command(&bench, &line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(0.15 * draw.next()));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        match was_killed(ended) {
            true => kills += 1,
            false => {
                assert!(ended.success(), "a resumed training failed: {ended}");
                fs::remove_dir_all(bench.path("killed")).unwrap();
                kills = 0;
                left.clear();
            }
        }
        left.extend(fs::read(bench.path("killed/checkpoint.safetensors")).ok());
    }
    println!("killed {kills} times in {starts} starts, {} checkpoints left, moments of seed {}", left.len(), draw.seed);
    assert!(left.len() >= 5, "the kills met {} states of the training", left.len());
    bench.run(&line).succeeded();
    assert!(bench.read("killed/model.safetensors") == weights, "resumed weights differ");
    for file in ["model.toml", "history.csv"] {
        let text = |folder: &str| String::from_utf8(bench.read(&format!("{folder}/{file}"))).unwrap();
        assert_eq!(text("killed"), text("whole"), "{file}");
    }
    for file in ["curves.png", "sheet.png", "record.json"] {
        assert!(bench.path(&format!("killed/{file}")).is_file(), "{file}");
    }
    assert!(!bench.path("killed/checkpoint.safetensors").exists(), "the checkpoint has done its work");
    // A finished training is said to be finished, and never written over.
    let again = bench.run(&line).succeeded();
    assert!(again.out.contains("best epoch"), "{}", again.out);
    assert!(bench.read("killed/model.safetensors") == weights);
    refused(&bench, &line.replace(" --resume", ""), &["killed/model.toml", "finished", "--out"]);
    refused(&bench, &line.replace("--epochs 400", "--epochs 41"), &["killed/model.toml", "another training", "--out"]);
}

/// Whether a training ended by the kill, and not by itself.
#[cfg(unix)]
fn was_killed(ended: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&ended) == Some(9)
}

/// A system without signals: the kill gives the exit code 1, which a training that fails by itself has as well.
#[cfg(not(unix))]
fn was_killed(ended: ExitStatus) -> bool {
    ended.code() == Some(1)
}

/// Shares of a time, in [0, 1): other ones in every run of the test.
struct Moments {
    seed: u128,
    state: u64,
}

impl Moments {
    fn new() -> Moments {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        Moments { seed, state: seed as u64 | 1 }
    }

    /// Marsaglia's xorshift64.
    fn next(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn a_classifier_and_a_generator_explain_an_image_together() {
    let bench = Bench::new();
    table(&bench);
    bench.run(&format!("{VAE} --epochs 30 --out vae --folds 3 --test-fold 0")).succeeded();
    let run = bench.run(&format!("{CNN} --epochs 40 --out cnn --json")).succeeded();
    let report = run.json();
    let test = &report["outcome"]["quality"]["test"];
    assert_eq!(test[1]["label"], "lesion");
    assert!(test[1]["auc"]["value"].as_f64().unwrap() > 0.9, "{test}");
    // The two trainings keep the same patients out.
    let patients = |folder: &str| {
        let record: serde_json::Value = serde_json::from_slice(&bench.read(&format!("{folder}/record.json"))).unwrap();
        assert_eq!(record["format"], "lacuna-training/1");
        follows_schema("../training/schemas/record.json", &record);
        record["patients"]["test"].clone()
    };
    assert_eq!(patients("vae"), patients("cnn"));
    let line = "explain p3_1.png --classifier cnn/model.toml --target lesion --perturbation healthy --device cpu \
                --param steps=5 --seed 7";
    bench.run(&format!("{line} --out without")).says(2, &["healthy", "generator", "--generator"]);
    let options = "--perturbation-param detail=0.5 --perturbation-param match-intensities=true --perturbation-param \
                   restoration-steps=3 --perturbation-param refresh=2";
    for (out, more) in [("plain", ""), ("again", ""), ("more", options)] {
        bench.run(&format!("{line} --generator vae/model.toml --out {out} {more}")).succeeded();
    }
    assert_eq!(bench.read("plain/map.npy"), bench.read("again/map.npy"));
    assert_ne!(bench.read("plain/map.npy"), bench.read("more/map.npy"));
    let record: serde_json::Value = serde_json::from_slice(&bench.read("plain/record.json")).unwrap();
    assert_eq!(record["generator"]["files"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(record["target"]["healthy"], "healthy");
    let shift = "explain p3_1.png --classifier cnn/model.toml --generator vae/model.toml --target lesion --device cpu";
    let run = bench.run(&format!("{shift} --method latent-shift --out shift --json")).succeeded().json();
    assert!(run["results"][0]["target"]["seen_after"][0]["name"].is_string(), "of the counterfactual: {run}");
    bench
        .run("reconstruct p3_1.png p4_1.png --generator vae/model.toml --samples 4 --out seen --device cpu")
        .succeeded();
    assert!(bench.path("seen/p3_1-healthy.png").is_file() && bench.path("seen/p4_1-spread.npy").is_file());
    bench
        .run("explain p3_1.png --classifier cnn/model.toml --generator cnn/model.toml --out x --device cpu")
        .says(2, &["cnn/model.toml", "looks like the manifest of a classifier"]);
}

#[test]
fn densenet_learns_from_given_weights() {
    let bench = Bench::new();
    table(&bench);
    let line = "train classifier data.csv --architecture densenet121 --labels multi --size 32 --batch 16 --seed 7 --device cpu";
    bench.run(&format!("{line} --epochs 1 --channels 3 --out first")).succeeded();
    // Two classes instead of one: the head is replaced, the rest is taken over.
    let two = String::from_utf8(bench.read("data.csv")).unwrap();
    let two: String = two
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 0 { format!("{line},dim\n") } else { format!("{line},{}\n", i / 3 % 2) })
        .collect();
    bench.write("data.csv", two);
    bench
        .run(&format!("{line} --epochs 1 --pretrained first/model.safetensors --out second --learning-rate 1e-7"))
        .succeeded();
    let features = |file: &str| {
        let bytes = bench.read(file);
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let view = file.tensor("features.denseblock1.denselayer1.conv1.weight").unwrap();
        view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect::<Vec<f32>>()
    };
    let (first, second) = (features("first/model.safetensors"), features("second/model.safetensors"));
    let moved = first.iter().zip(&second).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(moved < 1e-4, "the pretrained features moved by {moved}");
    bench
        .run("explain p3_1.png --classifier second/model.toml --target dim --param steps=2 --out map --device cpu")
        .succeeded();
}

fn refused(bench: &Bench, line: &str, parts: &[&str]) {
    bench.run(line).says(2, parts);
}

#[test]
fn what_users_get_wrong() {
    let bench = Bench::new();
    table(&bench);
    let short = format!("{VAE} --epochs 1 --out out");
    refused(&bench, &short.replace("--size 32", "--size 30"), &["size", "multiple of 4", "32 is near"]);
    refused(&bench, &short.replace("data.csv", "absent.csv"), &["absent.csv", "cannot be read"]);

    // One corrupt image among many: named, and left out only if asked.
    let whole = bench.read("p5_2.png");
    bench.write("p5_2.png", &whole[..whole.len() / 2]);
    refused(&bench, &short, &["p5_2.png", "Remedy"]);
    bench.run(&format!("{short} --skip-unreadable")).succeeded().says(0, &["left out", "p5_2.png"]);
    bench.write("p5_2.png", &whole);

    // Labels that nobody has.
    let csv = String::from_utf8(bench.read("data.csv")).unwrap();
    bench.write("none.csv", csv.replace(",1\n", ",0\n"));
    let none = CNN.replace("data.csv", "none.csv");
    refused(&bench, &format!("{none} --epochs 1 --out x"), &["lesion", "0 of", "images with and without it"]);
    bench.write("odd.csv", csv.replacen(",1\n", ",maybe\n", 1));
    refused(
        &bench,
        &format!("{} --epochs 1 --out x", CNN.replace("data.csv", "odd.csv")),
        &["odd.csv", "maybe", "0 or 1"],
    );

    // A patient in two parts of a split.
    bench.write("split.json", r#"{"train": ["p1", "p2"], "validation": ["p3", "p2"], "test": []}"#);
    refused(
        &bench,
        &format!("{short} --split split.json"),
        &["patient `p2` both in train and in validation", "Remedy"],
    );

    // A checkpoint of another training.
    let mut child = command(&bench, &format!("{VAE} --epochs 5000 --out long")).stderr(Stdio::null()).spawn().unwrap();
    let checkpoint = bench.path("long/checkpoint.safetensors");
    let started = Instant::now();
    while !checkpoint.exists() && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let long = format!("{VAE} --epochs 5000 --out long");
    refused(&bench, &long, &["checkpoint.safetensors", "--resume"]);
    let other = long.replace("--latent 4", "--latent 5");
    refused(&bench, &format!("{other} --resume"), &["checkpoint of another training", "latent", "4", "5"]);
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    refused(&bench, &format!("{long} --resume"), &["checkpoint.safetensors", "Remedy"]);
}

/// A disk that is full: the error names the file, and what was there stays.
#[test]
#[cfg(unix)]
fn a_disk_that_is_full_is_said() {
    let bench = Bench::new();
    table(&bench);
    fs::create_dir(bench.path("full")).unwrap();
    // A limit on the size of files stands for a full disk: both make a write fail in the middle.
    let line = format!("ulimit -f 4; exec \"$0\" {VAE} --epochs 1 --out full");
    let mut shell = Command::new("bash");
    let program = bench.program();
    shell.arg("-c").arg(format!("trap '' XFSZ; {line}")).arg(program.get_program()).current_dir(bench.folder());
    let run = crate::common::Run::of(shell.output());
    run.says(1, &["full/", "cannot be written", "Remedy", "--resume"]);
    let left: Vec<String> = fs::read_dir(bench.path("full"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(left.is_empty(), "half a file is left: {left:?}");
}
