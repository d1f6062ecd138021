//! `plugins new`: what it writes is built and checked by the commands of the README that it writes, for each role and language.

use crate::{
    common::{Bench, Run, componentize_py},
    tutorial::{cargo, missing},
};
use std::{path::Path, process::Command};

const ROLES: [&str; 3] = ["perturbation", "method", "metric"];

#[test]
fn plugins_in_rust_conform() {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return;
    }
    let bench = Bench::new();
    for role in ROLES {
        let name = format!("my-rust-{role}");
        let said = bench.run(&format!("plugins new {name} --role {role}")).succeeded().out;
        assert!(said.contains(&format!("{name} is a new {role}")) && said.contains("cargo build"), "{said}");
        for command in readme(&bench.path(&name)) {
            // One folder for all three, so that what they depend on is built once.
            let command = command.replace("target/", "../target/");
            let (program, words) = command.split_once(' ').unwrap();
            match program {
                "cargo" => {
                    let mut cargo = cargo();
                    cargo.args(words.split_whitespace()).args(["--target-dir", "../target"]);
                    Run::of(cargo.current_dir(bench.path(&name)).output()).succeeded();
                }
                _ => lacuna(&bench, &name, words),
            }
        }
    }
}

#[test]
fn plugins_in_python_conform() {
    let Some(tool) = componentize_py() else { return };
    let bench = Bench::new();
    for role in ROLES {
        // A name that Python has taken, as a keyword or as a module of its own.
        let name = if role == "metric" { "lambda".to_owned() } else { format!("my-python-{role}") };
        let said = bench.run(&format!("plugins new {name} --lang python --role {role}")).succeeded().out;
        assert!(said.contains(&format!("{name} is a new {role}")) && said.contains("pip install"), "{said}");
        assert!(!bench.path(&name).join("lacuna/notebook").exists());
        for command in readme(&bench.path(&name)) {
            let (program, words) = command.split_once(' ').unwrap();
            match program {
                // That the tool is there was found out above.
                "python3" => {}
                ".venv/bin/componentize-py" => {
                    let mut build = Command::new(&tool);
                    build.args(words.split_whitespace()).env_remove("VIRTUAL_ENV").current_dir(bench.path(&name));
                    Run::of(build.output()).succeeded();
                }
                _ => lacuna(&bench, &name, words),
            }
        }
    }
    // Its own test builds it again, and has the program check it.
    let program = Path::new(env!("CARGO_BIN_EXE_lacuna")).parent().unwrap().to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([program].into_iter().chain(std::env::split_paths(&others)));
    let own = Command::new(tool.with_file_name("python"))
        .args(["-m", "unittest", "-v", "test_plugin"])
        .env("PATH", path.unwrap())
        .env("LACUNA_CACHE", env!("CARGO_TARGET_TMPDIR"))
        .env("XDG_DATA_HOME", bench.path("data"))
        .env_remove("LACUNA_PLUGINS")
        .env_remove("VIRTUAL_ENV")
        .current_dir(bench.path("lambda"))
        .output();
    let own = Run::of(own).succeeded();
    assert!(own.err.contains("OK") && !own.err.contains("skipped"), "{}", own.err);
    assert!(own.out.contains("lambda 0.1.0: conforms"), "{}", own.out);
}

#[test]
fn what_a_first_time_author_gets_wrong() {
    let bench = Bench::new();
    bench.run("plugins new mine --lang python --sdk .").says(2, &["--sdk", "no crate", "--lang rust"]);
    bench.run("plugins new mine --lang cobol").says(2, &["cobol", "rust", "python"]);
    bench.run("plugins new mine --role classifier").says(2, &["classifier", "perturbation", "method", "metric"]);
    assert!(!bench.path("mine").exists());
    bench.run("plugins new mine --lang python").succeeded();
    bench.run("plugins new mine --lang python").says(2, &["mine", "cannot be made", "--out"]);
}

/// The indented lines of the README of a plugin, of which lines that go on are joined.
fn readme(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap().replace("\\\n", " ");
    let commands: Vec<String> = text.lines().filter_map(|line| Some(line.strip_prefix("    ")?.to_owned())).collect();
    assert!(commands.len() >= 4, "{text}");
    commands
}

/// Inspects and checks as the README says; what uses the plugin, on the demo's image where it takes one image.
fn lacuna(bench: &Bench, name: &str, words: &str) {
    if words.contains("DATA.csv") {
        return;
    }
    let mut words: Vec<&str> = words.split_whitespace().collect();
    for (stands, path) in [("IMAGE", "../lesion-1.png"), ("FILE.toml", "../model.toml"), ("DIR", "explained")] {
        words.iter_mut().filter(|word| **word == stands).for_each(|word| *word = path);
    }
    if !words.contains(&"inspect") {
        words.extend(["--device", "cpu"]);
    }
    let mut program = bench.program();
    let run = Run::of(program.current_dir(bench.path(name)).args(&words).output()).succeeded();
    if words.starts_with(&["plugins", "check"]) {
        assert!(run.out.contains(&format!("{name} 0.1.0: conforms")), "{}", run.out);
    }
}
