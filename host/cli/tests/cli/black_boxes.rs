//! Classifiers that are programs: started only when allowed, explained without gradients, named when they fail.

use crate::common::Bench;
use std::path::PathBuf;

/// `examples/black_box.rs`, which Cargo builds before the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/black_box");
    program.with_extension(std::env::consts::EXE_EXTENSION)
}

/// A manifest of a program for images of 96 x 96 pixels.
fn manifest(bench: &Bench, file: &str, command: &[&str], more: &str) {
    let command: Vec<String> = command.iter().map(|part| format!("{part:?}")).collect();
    let text = format!(
        "name = \"bright spots\"\n[model]\ncommand = [{}]\n{more}\n[input]\nchannels = 1\nheight = 96\nwidth = 96\n\
         [output]\nclasses = [\"bright\"]\nactivation = \"sigmoid\"\n",
        command.join(", ")
    );
    bench.write(file, text);
}

#[test]
fn a_program_is_explained() {
    let bench = Bench::new();
    let program = program();
    manifest(&bench, "spots.toml", &[program.to_str().unwrap(), "weights.bin"], "");
    bench.write("weights.bin", "what the program reads");
    let line = "explain lesion-1.png --classifier spots.toml --device cpu --seed 7";
    let refused = bench.run(&format!("{line} --out out"));
    refused.says(2, &["spots.toml", "black_box", "your rights", "--allow-command"]);
    assert!(!bench.path("out").exists());

    let shown = bench.run("models inspect spots.toml --allow-command --json").succeeded().json();
    assert_eq!((shown["differentiable"].as_bool(), shown["classes"][0].as_str()), (Some(false), Some("bright")));
    let hashed = &shown["classifier"]["files"][1];
    assert_eq!((hashed["name"].as_str(), hashed["sha256"].as_str().unwrap().len()), (Some("weights.bin"), 64));

    let settings = "--param pairs=8 --param steps=20 --param mask-size=12 --perturbation-param sigma=20";
    let run = bench.run(&format!("{line} --allow-command {settings} --out out")).succeeded();
    assert!(run.err.contains("16 images for each image and step, 320 in all"), "{}", run.err);
    bench.run(&format!("{line} --allow-command {settings} --out again")).succeeded();
    assert_eq!(bench.read("out/map.npy"), bench.read("again/map.npy"));
    bench.run(&format!("{line} --allow-command --method occlusion --out occlusion")).succeeded();
    bench
        .run(&format!("{line} --allow-command --method gradient --out none"))
        .says(2, &["gradient", "classifier cannot give"]);
}

/// The programs are lines of a shell, and Ctrl-C is a signal.
#[test]
#[cfg(unix)]
fn programs_that_fail_are_named() {
    use std::time::{Duration, Instant};

    let bench = Bench::new();
    let inspect = |parts: &[&str]| {
        bench.run("models inspect p.toml --allow-command").says(2, &[parts, &["Remedy"]].concat());
    };
    manifest(&bench, "p.toml", &["no-such-program-anywhere"], "");
    inspect(&["no-such-program-anywhere", "cannot be started", "correct `command`"]);
    let cases: [(&str, &[&str]); 6] = [
        ("echo no weights here >&2; exit 3", &["exit status: 3", "it said: no weights here"]),
        ("echo hello; cat > /dev/null", &["`hello` where a line such as", "standard error"]),
        ("printf '{\"error\":\"no grey images\"}\\n'; cat > /dev/null", &["refused the images: no grey images"]),
        ("printf '{\"shape\":[1,2]}\\n'; head -c 8 /dev/zero; cat > /dev/null", &["[1, 2], expected [1, 1]"]),
        ("printf '{\"shape\":[1,1]}\\n\\377\\377\\377\\377'; cat > /dev/null", &["NaN or infinite"]),
        ("printf '{\"shape\":[99999999999]}\\n'; cat > /dev/null", &["[99999999999] where (images, classes)"]),
    ];
    for (script, parts) in cases {
        manifest(&bench, "p.toml", &["sh", "-c", script], "");
        inspect(parts);
    }
    let started = Instant::now();
    manifest(&bench, "p.toml", &["sh", "-c", "cat > /dev/null"], "seconds = 0.5");
    inspect(&["no answer within 500ms", "raise `seconds`"]);
    assert!(started.elapsed() < Duration::from_secs(20));

    // The shell's child holds the pipe; it goes with the shell.
    manifest(&bench, "p.toml", &["sh", "-c", "sleep 321 & wait"], "seconds = 0.5");
    inspect(&["no answer within 500ms"]);
    let left = std::process::Command::new("pgrep").args(["-f", "^sleep 321$"]).output();
    assert!(left.is_err() || left.unwrap().stdout.is_empty(), "a child of the program is left");

    // Ctrl-C ends the wait, and says so by its exit code.
    manifest(&bench, "p.toml", &["sh", "-c", "cat > /dev/null"], "seconds = 500.0");
    let started = Instant::now();
    let mut waiting = bench.program();
    let waiting = waiting.args(["models", "inspect", "p.toml", "--allow-command"]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    std::process::Command::new("kill").args(["-INT", &waiting.id().to_string()]).status().unwrap();
    assert_eq!(waiting.wait_with_output().unwrap().status.code(), Some(130));
    assert!(started.elapsed() < Duration::from_secs(60));

    let refuse = |change: &str, part: &str| {
        manifest(&bench, "p.toml", &["cat"], change);
        bench.run("models inspect p.toml --allow-command").says(2, &["p.toml", part]);
    };
    refuse("graph = \"a.onnx\"", "or `command`");
    refuse("seconds = -1.0", "seconds is -1");
    manifest(&bench, "p.toml", &[], "");
    bench.run("models inspect p.toml --allow-command").says(2, &["p.toml", "command is empty"]);
}

#[test]
fn a_component_is_a_classifier() {
    let bench = Bench::new();
    bench.write("text.wasm", "hello");
    bench.run("models inspect text.wasm").says(2, &["text.wasm", "not a WebAssembly file"]);
    bench.run("models inspect nowhere.wasm").says(2, &["nowhere.wasm", "cannot be read"]);
    bench.write("module.wasm", wat::parse_str("(module)").unwrap());
    let line = "explain lesion-1.png --classifier module.wasm --device cpu --out out";
    bench.run(line).says(2, &["module.wasm", "no plugin"]);
    assert!(!bench.path("out").exists());
}
