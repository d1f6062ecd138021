//! The tutorial of `plugins/sdk/README.md`, executed: in a folder outside the workspace, with the program untouched.

use crate::common::{Bench, Run};
use std::{path::PathBuf, process::Command};

const README: &str = include_str!("../../../../plugins/sdk/README.md");

#[test]
fn the_tutorial_works_as_it_is_written() {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return;
    }
    let bench = Bench::new();
    let mut folder = bench.folder().to_owned();
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let mut words = command.split_whitespace();
        let program = words.next().unwrap();
        let words: Vec<String> = words.map(|word| stands_for(&bench, word)).collect();
        match program {
            // Installing the target is the machine's business; that it is there was found out above.
            "rustup" => {}
            "cd" => folder.push(&words[0]),
            "lacuna" => {
                let mut lacuna = bench.program();
                lacuna.current_dir(&folder).args(&words);
                Run::of(lacuna.output()).succeeded();
            }
            "cargo" => {
                let mut cargo = cargo();
                cargo.current_dir(&folder).args(&words);
                Run::of(cargo.output()).succeeded();
            }
            other => panic!("the tutorial uses `{other}`, which this test does not know"),
        }
    }
    let record = String::from_utf8(bench.read("explained/record.json")).unwrap();
    assert!(record.contains("\"name\": \"my-perturbation\""), "{record}");

    // A plugin that forgets its mask builds, runs, and gets no stamp.
    let source = String::from_utf8(bench.read("my-perturbation/src/lib.rs")).unwrap();
    let (before, after) = source.split_once("fn apply").unwrap();
    let (signature, body) = after.split_once("{").unwrap();
    let careless = format!(
        "{before}fn apply{signature}{{\n        let _ = mask;\n        return Ok(self.images.clone());\n{body}"
    );
    bench.write("my-perturbation/src/lib.rs", careless);
    let mut build = cargo();
    build.current_dir(bench.path("my-perturbation")).args(["build", "--release", "--target", "wasm32-unknown-unknown"]);
    Run::of(build.output()).succeeded();
    let checked = bench.run(
        "plugins check my-perturbation --plugins my-perturbation/target/wasm32-unknown-unknown/release --device cpu",
    );
    assert!(checked.out.contains("NO  what the mask does not keep changes"), "{}", checked.out);
    assert!(checked.out.contains("NO  gradients reach the mask"), "{}", checked.out);
    checked.says(1, &["1 of 1 plugins do not conform", "my-perturbation"]);

    // What a first-time author gets wrong.
    let again = bench.run("plugins new my-perturbation");
    again.says(2, &["my-perturbation", "cannot be made", "--out"]);
    bench.run("plugins new My_Plugin").says(2, &["My_Plugin", "lower-case"]);
}

/// The indented lines of the section, continuation lines joined, comments cut off.
fn commands() -> Vec<String> {
    let section = README.split("## Write a perturbation").nth(1).unwrap();
    let lines = section.replace("\\\n", " ");
    lines
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .map(|line| line.split('#').next().unwrap().trim().to_owned())
        .filter(|line| ["rustup ", "lacuna ", "cd ", "cargo "].iter().any(|known| line.starts_with(known)))
        .collect()
}

/// The words in capitals that a reader replaces.
fn stands_for(bench: &Bench, word: &str) -> String {
    let path = |name: &str| bench.path(name).display().to_string();
    match word {
        "IMAGE" => path("lesion-1.png"),
        "FILE.toml" => path("model.toml"),
        "CLASS" => "lesion".to_owned(),
        "DIR" => path("explained"),
        other => other.to_owned(),
    }
}

/// Cargo as a user has it, without what the test's own build set.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut cargo = Command::new(program);
    for name in ["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    cargo
}

/// Why there can be no plugin in Rust on this machine.
pub fn missing() -> Option<&'static str> {
    if cargo().arg("--version").output().is_err() {
        return Some("there is no cargo");
    }
    let libraries =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    let found = libraries.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        PathBuf::from(folder).is_dir()
    });
    (!found).then_some("the target wasm32-unknown-unknown is not installed")
}
