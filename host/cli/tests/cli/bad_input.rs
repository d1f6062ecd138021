//! What users get wrong: the file or the argument, what was found, what was expected, what to do. No half file is left.

use crate::common::{Bench, nifti};
use lacuna_imaging::{BitDepth, Image};
use std::fs;

/// Refused as wrong input with every part of the message, and without an output folder.
fn refused(bench: &Bench, image: &str, more: &str, parts: &[&str]) {
    bench.explain(image, &format!("--out out {more}")).says(2, parts);
    assert!(!bench.path("out").exists(), "a refused run left its folder");
}

#[test]
fn images() {
    let bench = Bench::new();
    let whole = bench.read("lesion-1.png");
    bench.write("cut.png", &whole[..whole.len() / 2]);
    refused(&bench, "cut.png", "", &["cut.png", "expected", "Remedy"]);
    bench.write("empty.nii", "");
    refused(&bench, "empty.nii", "--slice axial:0", &["empty.nii", "0 bytes", "expected", "Remedy"]);
    refused(&bench, "absent.png", "", &["absent.png", "cannot be read", "expected", "Remedy"]);
    refused(&bench, "lesion-1.png", "--slice axial:0", &["lesion-1.png", "PNG", "expected", "Remedy"]);
}

#[test]
fn volumes() {
    let bench = Bench::new();
    let mut voxels: Vec<f32> = (0..96 * 96 * 3).map(|i| (i % 97) as f32).collect();
    bench.write("good.nii", nifti([96, 96, 3], &voxels));
    refused(&bench, "good.nii", "", &["good.nii", "expected one slice", "--slice"]);
    refused(&bench, "good.nii", "--slice axial:3", &["good.nii", "axial:3", "from 0 to 2"]);
    voxels[5] = f32::NAN;
    bench.write("nan.nii", nifti([96, 96, 3], &voxels));
    let parts = ["nan.nii", "1 of 27648 voxels are NaN", "expected", "--nan-as-zero"];
    refused(&bench, "nan.nii", "--slice axial:1", &parts);
    let line = "--slice axial:1 --nan-as-zero --out out";
    bench.explain("nan.nii", line).succeeded().says(0, &["1 NaN or infinite voxels were read as 0"]);
}

#[test]
fn colours_for_a_grey_classifier() {
    let bench = Bench::new();
    let colours: Vec<f32> = (0..3 * 32 * 32).map(|i| (i % 251) as f32 / 255.0).collect();
    let image = Image::new(3, 32, 32, colours).unwrap();
    image.write_png(bench.path("rgb.png"), BitDepth::Eight).unwrap();
    refused(&bench, "rgb.png", "", &["rgb.png", "RGB", "expected", "--to-grey"]);
    bench.explain("rgb.png", "--to-grey --out out").succeeded();
}

#[test]
fn targets() {
    let bench = Bench::new();
    for target in ["tumour", "2", "-1"] {
        let more = format!("--target={target}");
        refused(&bench, "lesion-1.png", &more, &[target, "model.toml", "0 `healthy`, 1 `lesion`", "Remedy"]);
    }
}

#[test]
fn models() {
    let bench = Bench::new();
    let manifest = String::from_utf8(bench.read("model.toml")).unwrap();
    let three = manifest.replace("[\"healthy\", ", "[\"healthy\", \"other\", ");
    assert_ne!(three, manifest);
    bench.write("model.toml", three);
    refused(&bench, "lesion-1.png", "", &["model.toml", "3 classes", "expected"]);
    bench.write("model.toml", manifest.replace("height", "hight"));
    refused(&bench, "lesion-1.png", "", &["model.toml", "hight", "expected"]);
    bench.write("model.toml", &manifest);
    bench.write("model.safetensors", &bench.read("model.safetensors")[..1000]);
    refused(&bench, "lesion-1.png", "", &["model.safetensors", "not a safetensors file"]);
    fs::remove_file(bench.path("model.safetensors")).unwrap();
    refused(&bench, "lesion-1.png", "", &["model.toml", "model.safetensors", "Remedy"]);
    fs::remove_file(bench.path("model.toml")).unwrap();
    refused(&bench, "lesion-1.png", "", &["model.toml", "cannot be read", "--classifier"]);
}

#[test]
fn gradients_of_a_black_box() {
    let bench = Bench::new();
    let manifest = String::from_utf8(bench.read("model.toml")).unwrap();
    let opaque = manifest.replace("[input]", "differentiable = false\n\n[input]");
    assert_ne!(opaque, manifest);
    bench.write("model.toml", opaque);
    assert_eq!(bench.run("models inspect model.toml --json").succeeded().json()["differentiable"], false);
    for method in ["--method gradient", "--method i-gos", "--param optimiser=gradient"] {
        let run = bench.run(&format!("explain lesion-1.png --classifier model.toml --device cpu --out out {method}"));
        assert_ne!(run.code, Some(0));
        assert!(run.err.contains("gradient") && run.err.to_lowercase().contains("use "), "{}", run.err);
        assert!(!bench.path("out").exists());
    }
    // The method's own way without gradients.
    bench.explain("lesion-1.png", "--out out").succeeded();
}

#[test]
fn plugins() {
    let bench = Bench::new();
    let with = |file: &str, bytes: &[u8], parts: &[&str]| {
        bench.write(file, bytes);
        refused(&bench, "lesion-1.png", &format!("--plugins {file}"), parts);
    };
    with("text.wasm", b"hello, world", &["text.wasm", "not a WebAssembly file", "wasm32-unknown-unknown"]);
    with("void.wasm", b"", &["void.wasm", "empty"]);
    let module = wat::parse_str("(module)").unwrap();
    with("module.wasm", &module, &["module.wasm", "no plugin", "SDK"]);
    let component = wat::parse_str("(component)").unwrap();
    with("component.wasm", &component, &["component.wasm", "exports nothing"]);
    let other = r#"(component (import "lacuna:explain/tensors@0.1.0" (instance)))"#;
    let other = wat::parse_str(other).unwrap();
    with("other.wasm", &other, &["other.wasm", "0.1.0", "0.2.0", "SDK"]);
    with("cut.wasm", &other[..other.len() - 9], &["cut.wasm", "damaged"]);
    refused(&bench, "lesion-1.png", "--plugins nowhere", &["nowhere", "cannot be read", "Remedy"]);
    refused(&bench, "lesion-1.png", "--perturbation blurr", &["blurr", "did you mean `blur`"]);
    refused(&bench, "lesion-1.png", "--param stepz=1", &["stepz", "did you mean `steps`"]);
    refused(&bench, "lesion-1.png", "--param steps=0", &["steps", "whole number from 1"]);
    refused(&bench, "lesion-1.png", "--handles none", &["--handles", "none", "handles=10000"]);
}

#[test]
fn a_broken_plugin_in_a_standing_folder_is_a_warning() {
    let bench = Bench::new();
    fs::create_dir(bench.path("standing")).unwrap();
    bench.write("standing/broken.wasm", "text");
    let line = "explain lesion-1.png --classifier model.toml --device cpu --param steps=2 --out out";
    let mut program = bench.program();
    program.args(line.split(' ')).env("LACUNA_PLUGINS", "standing");
    let run = crate::common::Run::of(program.output());
    run.says(0, &["warning", "left out", "broken.wasm"]);
}

#[test]
fn limits_devices_and_outputs() {
    let bench = Bench::new();
    let run = bench.explain("lesion-1.png", "--handles 10 --out out");
    run.says(1, &["meaningful-perturbation", "holds 10 handles", "handles="]);
    let run = bench.run("explain lesion-1.png --classifier model.toml --device no-such-gpu --out out");
    run.says(2, &["no-such-gpu", "lacuna devices", "--device cpu"]);
    bench.write("file", "");
    for out in ["file", "file/inside"] {
        let run = bench.explain("lesion-1.png", &format!("--out {out}"));
        run.says(2, &["`file` is a file", "expected", "--out"]);
    }
    assert_eq!(bench.read("file"), b"");
    bench.run("explain").says(2, &["--classifier"]);
}

/// A pipe keeps its reader waiting for ever, and a device has no end.
#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_files() {
    let bench = Bench::new();
    let made = std::process::Command::new("mkfifo").arg(bench.path("pipe")).status().unwrap();
    assert!(made.success());
    for words in [
        "explain pipe --classifier model.toml --out out --device cpu",
        "explain lesion-1.png --classifier pipe --out out --device cpu",
        "explain lesion-1.png --classifier /dev/zero --out out --device cpu",
        "reconstruct lesion-1.png --generator pipe --out out --device cpu",
        "compare pipe --classifier model.toml --methods gradient --out out --device cpu",
    ] {
        let said = bench.run(words);
        assert_eq!(said.code, Some(2), "{words}: {}", said.err);
        assert!(said.err.contains("no regular file"), "{words}: {}", said.err);
    }
}
