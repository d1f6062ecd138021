//! The GPU path against the CPU, on whatever adapter `LACUNA_TEST_ADAPTER` names.
//!
//! CI names a software adapter (SwiftShader), so the shapes are tiny.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{
    Adam, Architecture, ClassIndex, Classifier, Device, DeviceChoice, Generator, GeneratorManifest, Interpolation,
    Manifest, Mode, ModelFiles, ReluRule, Score, Tensor, VaeConfig,
};
use lacuna_tests::child;
use std::path::Path;

#[path = "../../host/session/examples/embed.rs"]
#[allow(dead_code, reason = "only the viewer's device is taken from the example")]
mod embed;

#[test]
fn the_gpu_computes_what_the_cpu_computes() {
    child::passes("checks");
}

#[test]
#[ignore = "run by the_gpu_computes_what_the_cpu_computes, in a process of its own"]
fn checks() {
    let choice: DeviceChoice = std::env::var("LACUNA_TEST_ADAPTER").unwrap().parse().unwrap();
    let gpu = Device::open(&choice).unwrap();
    assert!(!gpu.is_cpu(), "{choice} opened {}", gpu.name());
    let cpu = Device::cpu();
    println!("comparing {} with {}", gpu.name(), cpu.name());
    for (name, compute) in operations() {
        close(name, &compute(&gpu), &compute(&cpu), 1e-4);
    }
    // Without and with a normalisation of one channel: the second multiplies what a convolution's gradient made.
    let untrained = |device: &Device| Classifier::untrained(Architecture::SmallCnn, 2, 7, device).unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/conformance/assets/reference/model.toml");
    let demo = |device: &Device| Classifier::open(&manifest, device).unwrap();
    for (on_gpu, on_cpu) in [(untrained(&gpu), untrained(&cpu)), (demo(&gpu), demo(&cpu))] {
        for rule in [ReluRule::Plain, ReluRule::Guided, ReluRule::Deconvolution] {
            let name = &on_gpu.info().name;
            let (logits, gradient) = forward_and_backward(&on_gpu, &gpu, rule);
            let (expected_logits, expected_gradient) = forward_and_backward(&on_cpu, &cpu, rule);
            close(&format!("logits of {name}"), &logits, &expected_logits, 1e-4);
            close(&format!("mask gradient of {name}"), &gradient, &expected_gradient, 1e-3);
        }
    }
    // Nonlinearities and pooling windows, whose gradients are ours.
    for graph in ["operators-mobilenet.onnx", "operators-squeeze_dense.onnx"] {
        let of = |device: &Device| forward_and_backward(&of_operators(graph, device), device, ReluRule::Plain);
        let ((logits, gradient), (expected_logits, expected_gradient)) = (of(&gpu), of(&cpu));
        close(&format!("logits of {graph}"), &logits, &expected_logits, 1e-4);
        close(&format!("mask gradient of {graph}"), &gradient, &expected_gradient, 1e-3);
    }
    let (loss, weights) = one_training_step(&gpu);
    let (expected_loss, expected_weights) = one_training_step(&cpu);
    close("loss of an autoencoder in training", &loss, &expected_loss, 1e-4);
    close("its weights after one step", &weights, &expected_weights, 1e-3);
    close("gradient through a generator", &through_a_generator(&gpu), &through_a_generator(&cpu), 1e-3);
    a_viewers_device_is_shared(&choice);
    println!("{}", child::PASSED);
}

/// An embedder hands in its own device and queue.
fn a_viewers_device_is_shared(choice: &DeviceChoice) {
    let setup = embed::viewer_device().expect("an adapter, since the one of the choice was opened");
    let queue = setup.queue.clone();
    let shared = Device::from_wgpu(setup).unwrap();
    println!("sharing {} beside {choice}", shared.name());
    let sum = Tensor::full(&shared, &[3, 5], 0.5).unwrap().affine(2.0, 1.0).unwrap().sum(&[]).unwrap();
    assert_eq!(sum.read().unwrap(), [30.0]);
    // The viewer's queue still works.
    queue.submit([]);
}

type Compute = Box<dyn Fn(&Device) -> Vec<f32>>;

/// Sizes that are no multiple of a workgroup.
fn operations() -> Vec<(&'static str, Compute)> {
    let images = |device: &Device| Tensor::uniform(device, &[2, 3, 13, 17], 0.0, 1.0, 7).unwrap();
    let mask = |device: &Device| Tensor::uniform(device, &[2, 1, 5, 7], 0.0, 1.0, 8).unwrap();
    let gradient = |leaf: &Tensor, scalar: Tensor| scalar.backward().unwrap().of_leaf(leaf).unwrap().read().unwrap();
    vec![
        (
            "broadcast",
            Box::new(move |d| {
                images(d).multiply(&Tensor::uniform(d, &[17], -1.0, 1.0, 9).unwrap()).unwrap().read().unwrap()
            }),
        ),
        (
            "greater",
            Box::new(move |d| images(d).greater(&Tensor::full(d, &[1], 0.5).unwrap()).unwrap().read().unwrap()),
        ),
        ("sum", Box::new(move |d| images(d).sum(&[1, 3]).unwrap().read().unwrap())),
        ("softmax", Box::new(move |d| images(d).softmax(1).unwrap().read().unwrap())),
        ("blur", Box::new(move |d| images(d).gaussian_blur(&[2.5; 2]).unwrap().read().unwrap())),
        ("translate", Box::new(move |d| images(d).translate(&[-2, 3]).unwrap().read().unwrap())),
        (
            "resize and blend with their gradient",
            Box::new(move |d| {
                let leaf = mask(d).track().unwrap();
                let full = leaf.resize(&[13, 17], Interpolation::Bilinear).unwrap();
                let reference = images(d).gaussian_blur(&[3.0; 2]).unwrap();
                gradient(&leaf, images(d).blend(&reference, &full).unwrap().power(2.0).unwrap().sum(&[]).unwrap())
            }),
        ),
        (
            "total variation with its gradient",
            Box::new(move |d| {
                let leaf = mask(d).track().unwrap();
                gradient(&leaf, leaf.total_variation(3.0).unwrap().sum(&[]).unwrap())
            }),
        ),
    ]
}

fn forward_and_backward(classifier: &Classifier, device: &Device, rule: ReluRule) -> (Vec<f32>, Vec<f32>) {
    let info = classifier.info();
    let images = Tensor::uniform(device, &[2, info.channels, info.height, info.width], 0.0, 1.0, 7).unwrap();
    let leaf = Tensor::full(device, &[2, 1, 12, 12], 0.7).unwrap().track().unwrap();
    let full = leaf.resize(&[info.height, info.width], Interpolation::Bilinear).unwrap();
    let black = images.affine(0.0, 0.0).unwrap();
    let logits = classifier.logits(&images.blend(&black, &full).unwrap(), rule).unwrap();
    let scores = classifier.scores(&logits, &[ClassIndex(0), ClassIndex(1)], Score::LogOdds).unwrap();
    let numbers = logits.read().unwrap();
    let gradients = scores.sum(&[]).unwrap().backward().unwrap();
    (numbers, gradients.of_leaf(&leaf).unwrap().read().unwrap())
}

/// The loss of a tiny autoencoder, and all its weights after one step of Adam. Dropout and noise come from the seed.
fn one_training_step(device: &Device) -> (Vec<f32>, Vec<f32>) {
    let config = VaeConfig { size: 8, channels: 1, widths: vec![2, 3], latent: 2, dropout: 0.2 };
    let (encoder, decoder) = config.trainable(3, device).unwrap();
    let x = Tensor::uniform(device, &[2, 1, 8, 8], 0.0, 1.0, 7).unwrap();
    let (e, d) = (encoder.leaves().unwrap(), decoder.leaves().unwrap());
    let mode = Mode::Training { seed: 5 };
    let z = encoder.run(&e, &x, mode).unwrap().0.slice(1, 0, 2).unwrap();
    let made = decoder.run(&d, &z, mode).unwrap().0;
    let loss = made.subtract(&x).unwrap().power(2.0).unwrap().mean(&[]).unwrap();
    let gradients = loss.backward().unwrap();
    let step = |leaf: &Tensor| {
        // A large epsilon: Adam's first step is the sign of the gradient otherwise, whatever its size.
        let mut adam = Adam::new(0.1, 0.9, 0.999, 1.0).unwrap();
        adam.step(leaf, &gradients.of_leaf(leaf).unwrap()).unwrap().read().unwrap()
    };
    (loss.read().unwrap(), e.iter().chain(&d).flat_map(step).collect())
}

/// A classifier of `data/operators.py`.
fn of_operators(graph: &str, device: &Device) -> Classifier {
    let text = format!(
        "name = \"operators\"\n[model]\ngraph = \"{graph}\"\n[input]\nchannels = 3\nheight = 33\nwidth = 35\n\
         [output]\nclasses = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nactivation = \"sigmoid\"\n"
    );
    let manifest = Manifest::parse("operators.toml", &text).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    Classifier::from_manifest("operators.toml", &manifest, &ModelFiles::Folder(folder), device).unwrap()
}

/// The gradient of an image through the autoencoder of `data/operators.py`.
fn through_a_generator(device: &Device) -> Vec<f32> {
    let text = "name = \"made\"\n[generator]\ngraph = \"operators-autoencoder.onnx\"\n[input]\nchannels = 1\n\
                height = 32\nwidth = 32\n";
    let manifest = GeneratorManifest::parse("made.toml", text).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let generator = Generator::from_manifest("made.toml", &manifest, &ModelFiles::Folder(folder), device).unwrap();
    let leaf = Tensor::uniform(device, &[1, 1, 32, 32], 0.0, 1.0, 7).unwrap().track().unwrap();
    let made = generator.reconstruct(&leaf).unwrap();
    made.power(2.0).unwrap().sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap()
}

fn close(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
    println!("{name}: relative error {error:.1e}");
    assert!(error < tolerance, "{name}: relative error {error}, allowed {tolerance}");
}
