//! Methods on classifiers of volumes, compared with PyTorch's gradient and with sums computed here.
//!
//! `tests/data/volumes.py` made the graphs and the gradient; `volumes_lesion.py` the one that finds what is bright.

use crate::{error, extra, map, request, run};
use lacuna_engine::{ClassIndex, Classifier, Device, Manifest, ModelFiles, ReluRule, Score, Tensor};
use lacuna_runtime::Role;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn open(graph: &str, channels: usize, size: [usize; 3], classes: &[&str]) -> Classifier {
    let [depth, height, width] = size;
    let text = format!(
        "name = \"volumes\"\n[model]\ngraph = \"volumes-{graph}.onnx\"\n[input]\nchannels = {channels}\ndepth = {depth}\n\
         height = {height}\nwidth = {width}\n[output]\nclasses = {classes:?}\nactivation = \"softmax\"\n"
    );
    let manifest = Manifest::parse("volumes.toml", &text).unwrap();
    Classifier::from_manifest("volumes.toml", &manifest, &ModelFiles::Folder(folder()), &Device::cpu()).unwrap()
}

const SIZE: [usize; 3] = [9, 12, 11];
const VOXELS: usize = SIZE[0] * SIZE[1] * SIZE[2];

/// Two volumes of two channels, and a network of them.
fn plain() -> (Classifier, Tensor) {
    let volumes = Tensor::from_data(&Device::cpu(), &[2, 2, SIZE[0], SIZE[1], SIZE[2]], expected("volumes")).unwrap();
    (open("plain", 2, SIZE, &["a", "b", "c", "d", "e"]), volumes)
}

fn expected(name: &str) -> Vec<f32> {
    let file = std::fs::read(folder().join("volumes.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
    tensors.tensor(name).unwrap().data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// The logit of class 0 for each volume.
fn logits(classifier: &Classifier, volumes: &Tensor) -> Vec<f64> {
    let logits = classifier.logits(volumes, ReluRule::Plain).unwrap().read().unwrap();
    logits.chunks(classifier.info().classes.len()).map(|row| f64::from(row[0])).collect()
}

#[test]
fn the_gradient_is_that_of_pytorch() {
    let (classifier, volumes) = plain();
    let found = map("gradient", &classifier, &volumes, &[0, 0], &[]);
    let gradient = expected("plain.gradient");
    assert!(error(&extra(&found, "attribution"), &gradient) < 1e-4);
    // The map: the largest of the channels.
    let largest = gradient.chunks(2 * VOXELS).flat_map(|both| {
        let (first, second) = both.split_at(VOXELS);
        first.iter().zip(second).map(|(a, b)| a.abs().max(b.abs()))
    });
    assert_eq!(found.map.shape(), [2, 1, SIZE[0], SIZE[1], SIZE[2]]);
    assert!(error(&found.map, &largest.collect::<Vec<f32>>()) < 1e-4);
}

/// Each class activation map by its paper's equation, over all of a layer's cells in double precision.
#[test]
fn class_activation_maps_weigh_whole_layers() {
    let (classifier, volumes) = plain();
    let layer = classifier.info().cam_layer.clone().unwrap();
    let activations = classifier.activations(&volumes, &layer).unwrap();
    let leaf = activations.track().unwrap();
    let logits = classifier.logits_from(&layer, &leaf).unwrap();
    let scores = classifier.scores(&logits, &[ClassIndex(0); 2], Score::Logit).unwrap();
    let gradient = scores.sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap();
    let shape = activations.shape();
    let cells: usize = shape[2..].iter().product();
    assert!(shape.len() == 5 && shape[2..].iter().all(|size| *size > 1), "{shape:?}");
    let values = activations.read().unwrap();
    let pairs = |n: usize, k: usize| {
        let from = (n * shape[1] + k) * cells;
        (from..from + cells).map(|at| (f64::from(values[at]), f64::from(gradient[at]))).collect::<Vec<_>>()
    };
    // A number for each cell of a channel, from its activations and gradients.
    type Equation = fn(&[(f64, f64)]) -> Vec<f64>;
    let equations: [(&str, Equation); 4] = [
        ("grad-cam", |channel| {
            let weight = channel.iter().map(|(_, g)| g).sum::<f64>() / channel.len() as f64;
            channel.iter().map(|(a, _)| weight * a).collect()
        }),
        ("grad-cam-plus-plus", |channel| {
            let sum = channel.iter().map(|(a, _)| a).sum::<f64>().max(0.0);
            let weight: f64 = channel.iter().map(|(_, g)| g.max(0.0)).map(|g| g / (2.0 + g * sum)).sum();
            channel.iter().map(|(a, _)| weight * a).collect()
        }),
        ("hires-cam", |channel| channel.iter().map(|(a, g)| a * g).collect()),
        ("layer-cam", |channel| channel.iter().map(|(a, g)| a * g.max(0.0)).collect()),
    ];
    for (method, equation) in equations {
        let mut cam = vec![0.0_f64; 2 * cells];
        for (n, image) in cam.chunks_exact_mut(cells).enumerate() {
            for k in 0..shape[1] {
                image.iter_mut().zip(equation(&pairs(n, k))).for_each(|(sum, term)| *sum += term);
            }
        }
        let cam: Vec<f32> = cam.into_iter().map(|value| value as f32).collect();
        let found = map(method, &classifier, &volumes, &[0, 0], &["rectify=false"]);
        let off = error(&extra(&found, "cam"), &cam);
        println!("{method}: {off:.1e}");
        assert!(cam.iter().any(|value| *value != 0.0) && off < 1e-4, "{method}: {off}");
        let sizes = [&[2, 1], &shape[2..]].concat();
        let placed = classifier.place(&layer, &Tensor::from_data(&Device::cpu(), &sizes, cam).unwrap()).unwrap();
        assert!(error(&found.map, &placed.read().unwrap()) < 1e-4, "{method}");
    }
}

/// Every window deleted by hand.
#[test]
fn occlusion_deletes_boxes() {
    let (classifier, volumes) = plain();
    let found = map("occlusion", &classifier, &volumes, &[0, 0], &["window=5", "stride=4", "batch=3"]);
    let (data, before) = (volumes.read().unwrap(), logits(&classifier, &volumes));
    // Windows begin at every multiple of the stride until one reaches the edge.
    let starts = SIZE.map(|size| (0..size).step_by(4).take(1 + (size - 5).div_ceil(4)).collect::<Vec<usize>>());
    let (mut sums, mut counts) = (vec![0.0; 2 * VOXELS], vec![0.0; 2 * VOXELS]);
    let mut drops: Vec<Vec<f32>> = vec![Vec::new(); 2];
    for z in &starts[0] {
        for y in &starts[1] {
            for x in &starts[2] {
                let inside = |voxel: usize| {
                    let place = [voxel / (SIZE[1] * SIZE[2]), voxel / SIZE[2] % SIZE[1], voxel % SIZE[2]];
                    place.iter().zip([z, y, x]).all(|(at, from)| (*from..from + 5).contains(at))
                };
                let keep = |(at, value): (usize, &f32)| if inside(at % VOXELS) { 0.0 } else { *value };
                let deleted = data.iter().enumerate().map(keep).collect();
                let deleted = Tensor::from_data(&Device::cpu(), &volumes.shape(), deleted).unwrap();
                for (image, after) in logits(&classifier, &deleted).into_iter().enumerate() {
                    drops[image].push((before[image] - after) as f32);
                    for voxel in (0..VOXELS).filter(|voxel| inside(*voxel)) {
                        sums[image * VOXELS + voxel] += before[image] - after;
                        counts[image * VOXELS + voxel] += 1.0;
                    }
                }
            }
        }
    }
    assert_eq!(extra(&found, "drops").shape(), [2, 1, starts[0].len(), starts[1].len(), starts[2].len()]);
    assert!(error(&extra(&found, "drops"), &drops.concat()) < 1e-4);
    let means: Vec<f32> = sums.iter().zip(&counts).map(|(sum, count)| (sum / count) as f32).collect();
    assert!(error(&found.map, &means) < 1e-4);
}

/// The mask deletes the bright ball, and with it the class; by each perturbation that needs no model.
#[test]
fn a_mask_of_cells_deletes_a_ball() {
    let size = [24, 32, 28];
    let classifier = open("lesion", 1, size, &["healthy", "lesion"]);
    let distance = |at: usize| {
        let place = [at / (size[1] * size[2]), at / size[2] % size[1], at % size[2]];
        place.into_iter().zip([15.0, 10.0, 18.0]).map(|(at, centre)| (at as f64 - centre).powi(2)).sum::<f64>().sqrt()
    };
    let voxels: usize = size.iter().product();
    let ball = (0..voxels).map(|at| if distance(at) <= 4.0 { 0.95 } else { 0.4 }).collect();
    let volume = Tensor::from_data(&Device::cpu(), &[1, 1, size[0], size[1], size[2]], ball).unwrap();
    for (perturbation, preset) in [("blur", None), ("constant", Some("black")), ("noise", None)] {
        let made = || {
            let mut request = request("meaningful-perturbation", &classifier, &volume, &[1], &["steps=60"]);
            let chosen = crate::PLUGINS.1.get(Role::Perturbation, perturbation).unwrap();
            request.perturbation = Some(chosen);
            request.perturbation_settings = lacuna_runtime::Settings::parse(chosen.info(), preset, &[""; 0]).unwrap();
            run(request).unwrap()
        };
        let found = made();
        let probability = |volume: &Tensor| {
            let logits = classifier.logits(volume, ReluRule::Plain).unwrap();
            classifier.scores(&logits, &[ClassIndex(1)], Score::Probability).unwrap().read().unwrap()[0]
        };
        let (before, after) = (probability(&volume), probability(&extra(&found, "perturbed")));
        assert!(before > 0.9 && after < 0.5, "{perturbation}: {before} before, {after} after");
        let values = found.map.read().unwrap();
        let mean = |within: bool| {
            let chosen: Vec<f64> =
                (0..voxels).filter(|at| (distance(*at) <= 4.0) == within).map(|at| f64::from(values[at])).collect();
            chosen.iter().sum::<f64>() / chosen.len() as f64
        };
        println!("{perturbation}: {before:.3} to {after:.3}; {:.3} within, {:.3} elsewhere", mean(true), mean(false));
        assert!(mean(true) > 3.0 * mean(false), "{perturbation}: {} within, {} elsewhere", mean(true), mean(false));
        let again = made().map.read().unwrap();
        assert!(values.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "{perturbation}");
    }
}

/// Every other method either works on volumes or says that it does not.
#[test]
fn every_method_works_on_volumes_or_says_so() {
    let (classifier, volumes) = plain();
    let mut refused = Vec::new();
    for plugin in crate::PLUGINS.1.iter().filter(|plugin| plugin.role() == Role::Method) {
        let few: &[&str] = match plugin.name() {
            "occlusion" => &["window=6", "stride=5"],
            "smoothgrad" => &["samples=3"],
            "meaningful-perturbation" | "integrated-gradients" => &["steps=3"],
            _ => &[],
        };
        match run(request(plugin.name(), &classifier, &volumes, &[0, 1], few)) {
            Ok(outcome) => {
                assert_eq!(outcome.map.shape(), [2, 1, SIZE[0], SIZE[1], SIZE[2]], "{}", plugin.name());
                assert!(outcome.map.read().unwrap().iter().all(|value| value.is_finite()), "{}", plugin.name());
            }
            Err(error) => {
                println!("{}: {error}", plugin.name());
                refused.push(plugin.name());
            }
        }
    }
    refused.sort_unstable();
    assert_eq!(refused, ["extremal-perturbation", "fido", "i-gos", "i-gos-plus-plus", "latent-shift", "rise"]);
}
