//! Milliseconds of one mask step on an untrained DenseNet121: forward, then forward and backward.
//!
//! `cargo run --release --example step [BATCH]`

use lacuna_engine::{
    Adam, Architecture, ClassIndex, Classifier, Device, Interpolation, ReluRule, Result, Score, Tensor,
};
use std::time::Instant;

fn main() -> Result<()> {
    let batch = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let device = Device::cpu();
    let classifier = Classifier::untrained(Architecture::DenseNet121, 3, 7, &device)?;
    let images = Tensor::uniform(&device, &[batch, 3, 224, 224], 0.0, 1.0, 7)?;
    let reference = images.gaussian_blur(&[10.0; 2])?;
    let targets = vec![ClassIndex(0); batch];
    let mut mask = Tensor::full(&device, &[batch, 1, 28, 28], 0.5)?;
    let mut adam = Adam::new(0.1, 0.9, 0.999, 1e-8)?;
    for step in 0..12 {
        let start = Instant::now();
        classifier.logits(&images, ReluRule::Plain)?.read()?;
        let forward = start.elapsed();
        let start = Instant::now();
        let leaf = mask.track()?;
        let full = leaf.resize(&[224, 224], Interpolation::Bilinear)?;
        let perturbed = images.blend(&reference, &full)?;
        let before = start.elapsed();
        let logits = classifier.logits(&perturbed, ReluRule::Plain)?;
        let score = classifier.scores(&logits, &targets, Score::LogOdds)?.sum(&[])?;
        let middle = start.elapsed();
        let area = leaf.affine(-1.0, 1.0)?.sum(&[])?.affine(2e-3, 0.0)?.reshape(&[1])?;
        let variation = leaf.total_variation(3.0)?.sum(&[])?.affine(1e-2, 0.0)?;
        let gradients = score.add(&area)?.add(&variation)?.backward()?;
        let backward = start.elapsed();
        mask = adam.step(&leaf, &gradients.of_leaf(&leaf)?)?.clamp(0.0, 1.0)?;
        mask.read()?;
        let total = start.elapsed();
        println!(
            "step {step}: inference {:.1} ms; step {:.1} ms: perturb {:.1}, forward {:.1}, backward {:.1}, update {:.1}",
            forward.as_secs_f64() * 1e3,
            total.as_secs_f64() * 1e3,
            before.as_secs_f64() * 1e3,
            (middle - before).as_secs_f64() * 1e3,
            (backward - middle).as_secs_f64() * 1e3,
            (total - backward).as_secs_f64() * 1e3
        );
    }
    Ok(())
}
