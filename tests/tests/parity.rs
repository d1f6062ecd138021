//! Logits, input gradients and attribution maps against PyTorch and Captum.
//!
//! Expected numbers: `models/expected.json` and `golden/*.safetensors` of the evaluation data, which
//! PyTorch and Captum computed on these models (the data's README says how).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{ClassIndex, Classifier, Device, ReluRule, Score, Tensor};
use lacuna_tests::{data_folder, double};
use std::path::Path;

fn open(name: &str) -> Classifier {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("real").join(name);
    Classifier::open(&manifest, &Device::cpu()).unwrap()
}

fn expected(data: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(data.join("models/expected.json")).unwrap()).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

/// Largest difference relative to the largest expected number.
fn relative(found: &[f32], expected: &[f32]) -> f32 {
    let largest = expected.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

/// Relative L2 error.
fn l2(found: &[f32], expected: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let error: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    (error / expected.iter().map(|x| square(*x)).sum::<f64>()).sqrt()
}

/// x[i] = ((i * 37) mod 256) / 255 over the flattened (1, 3, 224, 224).
fn ramp() -> Tensor {
    let data = (0..3 * 224 * 224).map(|i| ((i * 37) % 256) as f32 / 255.0).collect();
    Tensor::from_data(&Device::cpu(), &[1, 3, 224, 224], data).unwrap()
}

fn grey(path: &Path, channels: usize) -> Tensor {
    let image = lacuna_imaging::Image::read(path).unwrap();
    let image = image.to_channels(channels, lacuna_imaging::RgbToGrey::OnlyIfGrey).unwrap();
    Tensor::from_data(&Device::cpu(), &[1, channels, image.height(), image.width()], image.data().to_vec()).unwrap()
}

fn gradient(classifier: &Classifier, images: &Tensor, target: usize, rule: ReluRule) -> Vec<f32> {
    let leaf = images.track().unwrap();
    let logits = classifier.logits(&leaf, rule).unwrap();
    let score = classifier.scores(&logits, &[ClassIndex(target)], Score::Logit).unwrap().sum(&[]).unwrap();
    score.backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap()
}

#[test]
fn lightoct_logits_equal_pytorch() {
    let Some(data) = data_folder() else { return };
    let classifier = open("lightoct.toml");
    let all = expected(&data)["lightoct"]["logits"].clone();
    for (file, logits) in all.as_object().unwrap() {
        let found = classifier.logits(&grey(&data.join(file), 1), ReluRule::Plain).unwrap().read().unwrap();
        let error = relative(&found, &numbers(logits));
        assert!(error < 1e-3, "{file}: {found:?}, expected {logits}, relative error {error}");
    }
    assert!(all.as_object().unwrap().len() >= 20);
}

#[test]
fn densenet121_logits_and_input_gradient_equal_pytorch() {
    let Some(data) = data_folder() else { return };
    let classifier = open("densenet121.toml");
    let all = expected(&data)["densenet121_torchvision_untrained"].clone();
    let found = classifier.logits(&ramp(), ReluRule::Plain).unwrap().read().unwrap();
    let error = relative(&found, &numbers(&all["logits"]));
    assert!(error < 1e-3, "{found:?}: relative error {error}");

    let found = gradient(&classifier, &ramp(), 1, ReluRule::Plain);
    let wanted = &all["d logit[1] / dx"];
    let first = relative(&found[..8], &numbers(&wanted["first8"]));
    let middle = relative(&found[100_000..100_008], &numbers(&wanted["at 100000..100007"]));
    assert!(first < 1e-3 && middle < 1e-3, "relative errors {first} and {middle}");
    let absolute: f64 = found.iter().map(|x| f64::from(x.abs())).sum();
    let wanted = wanted["abs_sum"].as_f64().unwrap();
    assert!((absolute - wanted).abs() / wanted < 1e-3, "sum of absolute gradients {absolute}, expected {wanted}");
}

/// The same network from a file in PyTorch's own format, which `data/pth.py` writes.
#[test]
fn densenet121_from_a_pytorch_file_equals_densenet121_from_safetensors() {
    let Some(data) = data_folder() else { return };
    let Some(python) = std::env::var_os("LACUNA_PYTHON") else {
        println!("skipped: LACUNA_PYTHON names no Python");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = std::process::Command::new(python)
        .arg(here.join("data/pth.py"))
        .arg(data.join("models/densenet121_torchvision_untrained.safetensors"))
        .arg(folder.path().join("weights.pth"))
        .status()
        .unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(here.join("real/densenet121.toml")).unwrap();
    let weights = text.lines().find(|line| line.starts_with("weights")).unwrap();
    let manifest = folder.path().join("densenet121.toml");
    std::fs::write(&manifest, text.replace(weights, "weights = \"weights.pth\"")).unwrap();
    let logits = |classifier: Classifier| classifier.logits(&ramp(), ReluRule::Plain).unwrap().read().unwrap();
    let from_pytorch = Classifier::open(&manifest, &Device::cpu()).unwrap();
    assert_eq!(logits(from_pytorch), logits(open("densenet121.toml")));
}

#[test]
fn golden_gradients_and_guided_backpropagation() {
    let Some(data) = data_folder() else { return };
    for (model, manifest, channels) in [
        ("lightoct", "lightoct.toml", 1),
        ("pneumonia_squeezenet1_1", "pneumonia.toml", 3),
        ("densenet121_torchvision_untrained", "densenet121.toml", 3),
    ] {
        let classifier = open(manifest);
        let golden = std::fs::read(data.join(format!("golden/{model}.safetensors"))).unwrap();
        let golden = safetensors::SafeTensors::deserialize(&golden).unwrap();
        let about = std::fs::read_to_string(data.join(format!("golden/{model}.json"))).unwrap();
        let about: serde_json::Value = serde_json::from_str(&about).unwrap();
        for (name, image) in about.as_object().unwrap() {
            let x = grey(&data.join(image["file"].as_str().unwrap()), channels);
            let target = image["target"].as_u64().unwrap() as usize;
            let logits = classifier.logits(&x, ReluRule::Plain).unwrap().read().unwrap();
            let wanted = numbers(&image["logits"]);
            assert!(relative(&logits, &wanted) < 1e-3, "{model} {name}: {logits:?}, expected {wanted:?}");
            for (key, rule) in [("gradient", ReluRule::Plain), ("guided_backprop", ReluRule::Guided)] {
                let map = golden.tensor(&format!("{name}.{key}")).unwrap();
                let wanted: Vec<f32> =
                    map.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
                let found = gradient(&classifier, &x, target, rule);
                double::near(model, &format!("{name}.{key}"), &found, l2(&found, &wanted));
            }
        }
    }
}

#[test]
fn a_missing_external_weights_file_is_named() {
    if data_folder().is_none() {
        return;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("real/osteoporosis.toml");
    let error = Classifier::open(&manifest, &Device::cpu()).unwrap_err().to_string();
    assert!(error.contains("densenet121.onnx.data") && error.contains("beside the graph"), "{error}");
}
