//! Networks that other programs exported, against PyTorch in double precision.
//!
//! `tests/golden/stock_networks.py FOLDER` makes the graphs and the numbers (it needs PyTorch and torchvision);
//! `LACUNA_STOCK` names the folder. Each `NET.safetensors` holds `x` (1, 3, H, W), `logits64` and `grad64` in double precision,
//! `logits32` and `grad32` in single; each `NET-HOW.toml` beside it is a manifest of the network as one exporter wrote it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{ClassIndex, Classifier, Device, ReluRule, Score, Tensor};
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

fn numbers(file: &SafeTensors, name: &str) -> Option<Vec<f64>> {
    let view = file.tensor(name).ok()?;
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F64 => bytes.as_chunks::<8>().0.iter().map(|x| f64::from_le_bytes(*x)).collect(),
        Dtype::F32 => bytes.as_chunks::<4>().0.iter().map(|x| f64::from(f32::from_le_bytes(*x))).collect(),
        Dtype::I64 => bytes.as_chunks::<8>().0.iter().map(|x| i64::from_le_bytes(*x) as f64).collect(),
        _ => return None,
    })
}

/// The largest difference, and the length of the difference over that of what is expected.
fn off(found: &[f64], expected: &[f64]) -> (f64, f64) {
    assert_eq!(found.len(), expected.len());
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let length = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let difference = length(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    (largest, difference / length(&mut expected.iter().copied()).max(1e-30))
}

/// The manifests in a folder, or those of them whose names hold what `LACUNA_STOCK_ONLY` says.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let only = std::env::var("LACUNA_STOCK_ONLY").unwrap_or_default();
    let mut manifests: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .filter(|path| path.to_string_lossy().contains(&only))
        .collect();
    manifests.sort();
    assert!(!manifests.is_empty(), "no manifest in {}", folder.display());
    manifests
}

#[test]
fn stock_networks_equal_pytorch_in_double_precision() {
    let Some(folder) = std::env::var_os("LACUNA_STOCK").map(PathBuf::from) else {
        println!("skipped: LACUNA_STOCK names no folder that tests/golden/stock_networks.py made (it needs PyTorch)");
        return;
    };
    let manifests = manifests(&folder);
    let (mut wrong, mut refused) = (Vec::new(), Vec::new());
    for manifest in manifests {
        let name = manifest.file_stem().unwrap().to_string_lossy().into_owned();
        let net = name.rsplit_once('-').unwrap().0;
        let truth = [&name, net].map(|stem| folder.join(format!("{stem}.safetensors")));
        let Some(truth) = truth.iter().find(|file| file.is_file()) else { continue };
        let bytes = std::fs::read(truth).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let device = Device::cpu();
        let classifier = match Classifier::open(&manifest, &device) {
            Ok(classifier) => classifier,
            Err(error) => {
                println!("{name:40} refused: {error}");
                refused.push(name);
                continue;
            }
        };
        let info = classifier.info().clone();
        let shape = [1, info.channels, info.height, info.width];
        let x = numbers(&file, "x").unwrap().iter().map(|x| *x as f32).collect();
        let x = Tensor::from_data(&device, &shape, x).unwrap();
        let leaf = if info.differentiable { x.track().unwrap() } else { x };
        let logits = classifier.logits(&leaf, ReluRule::Plain).unwrap();
        let found: Vec<f64> = logits.read().unwrap().into_iter().map(f64::from).collect();
        // Quantised graphs have no double precision: the reference is another program's arithmetic of whole numbers.
        let Some(expected) = numbers(&file, "logits64") else {
            let Some(expected) = numbers(&file, "logits32_noopt").or(numbers(&file, "logits32")) else { continue };
            println!(
                "{name:40} logits {:.1e} off onnxruntime's; gradients: {}",
                off(&found, &expected).0,
                info.differentiable
            );
            continue;
        };
        let single = numbers(&file, "logits32").map_or(0.0, |single| off(&single, &expected).0);
        let size = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
        let (error, _) = off(&found, &expected);
        let mut line = format!("{name:40} logits {error:.1e} (PyTorch {single:.1e})");
        let mut bad = error > (1e-5 * size).max(4.0 * single);
        if let (true, Some(gradient)) = (info.differentiable, numbers(&file, "grad64")) {
            let target = ClassIndex(numbers(&file, "target").unwrap()[0] as usize);
            let score = classifier.scores(&logits, &[target], Score::Logit).unwrap();
            let found = score.sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap();
            let found: Vec<f64> = found.into_iter().map(f64::from).collect();
            let single = numbers(&file, "grad32").map_or(0.0, |single| off(&single, &gradient).1);
            let (_, error) = off(&found, &gradient);
            line += &format!("  gradient {error:.1e} (PyTorch {single:.1e})");
            // A ReLU or a maximum whose inputs are equal up to rounding opens here and stays shut there: PyTorch itself is up
            // to 2e-2 off on such images.
            let kinks = info.activation_functions.iter().any(|function| function.ruled);
            bad |= error > (if kinks { 2e-2 } else { 1e-5_f64 }).max(4.0 * single);
        }
        let notes = if info.notes.is_empty() { String::new() } else { format!("  {} notes", info.notes.len()) };
        println!(
            "{line}  cam {}{notes}{}",
            info.cam_layer.as_deref().unwrap_or("none"),
            if bad { "  WRONG" } else { "" }
        );
        if bad {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "further off than PyTorch in single precision: {wrong:?}");
    println!("{} refused: {refused:?}", refused.len());
}

/// Over which the energy is summed.
const IMAGES: u64 = 8;

/// What the cell in the middle of each layer sees, by the squared gradient, is centred where its map puts it. Of the same
/// network written by two exporters, one is looked at. Windows of attention are no neighbourhood of a cell, so networks of
/// them are left out.
#[test]
fn the_cells_of_stock_networks_lie_where_they_see() {
    let Some(folder) = std::env::var_os("LACUNA_STOCK").map(PathBuf::from) else {
        println!("skipped: LACUNA_STOCK names no folder that tests/golden/stock_networks.py made (it needs PyTorch)");
        return;
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    for manifest in manifests(&folder) {
        let name = manifest.file_stem().unwrap().to_string_lossy().into_owned();
        let net = name.rsplit_once('-').unwrap().0.to_owned();
        let attention = net.starts_with("vit") || net.starts_with("swin");
        if attention || !seen.insert(net.clone()) {
            continue;
        }
        let device = Device::cpu();
        let Ok(classifier) = Classifier::open(&manifest, &device) else { continue };
        let info = classifier.info().clone();
        let (height, width) = (info.height, info.width);
        // Which ReLU is open differs from image to image: the energy of several is a fairer picture than that of one.
        let images: Vec<Tensor> = (0..IMAGES)
            .map(|seed| Tensor::normal(&device, &[1, info.channels, height, width], 0.5, 0.2, seed).unwrap())
            .collect();
        let (mut worst, mut without, mut sum, mut count) = (0.0_f64, 0, 0.0, 0.0);
        for layer in &info.layers {
            let Some([rows, columns]) = classifier.cells(layer).unwrap() else {
                without += 1;
                continue;
            };
            let mut energy = vec![0.0_f64; info.channels * height * width];
            let mut middle = [0; 2];
            for image in &images {
                let leaf = image.track().unwrap();
                let values = classifier.activations(&leaf, layer).unwrap();
                middle = [values.shape()[2] / 2, values.shape()[3] / 2];
                let [row, column] = middle;
                let cell = values.slice(2, row, row + 1).unwrap().slice(3, column, column + 1).unwrap();
                let gradient = cell.sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap();
                energy.iter_mut().zip(gradient).for_each(|(sum, slope)| *sum += f64::from(slope).powi(2));
            }
            let weight = |at: usize| energy[at];
            let total: f64 = (0..energy.len()).map(weight).sum();
            if total == 0.0 {
                continue;
            }
            let centre = |place: &dyn Fn(usize) -> usize| {
                (0..energy.len()).map(|at| weight(at) * place(at) as f64).sum::<f64>() / total
            };
            let found = [centre(&|at| at / width % height), centre(&|at| at % width)];
            for ((found, cells), at) in found.iter().zip([rows, columns]).zip(middle) {
                let expected = cells.first + at as f64 * cells.spacing;
                // Weights are random, so the centre strays by a part of a cell.
                let off = (found - expected) / (cells.spacing + 1.0);
                worst = worst.max(off.abs());
                (sum, count) = (sum + off, count + 1.0);
                if off.abs() > 0.3 {
                    wrong.push(format!(
                        "{net} {layer}: seen at {found:.1}, placed at {expected:.1}, {} apart",
                        cells.spacing
                    ));
                }
            }
        }
        let mean: f64 = sum / count;
        println!(
            "{net:24} {:3} layers, {without} without places, {mean:+.3} cells off on average, {worst:.2} at most",
            info.layers.len()
        );
        if mean.abs() > 0.15 {
            wrong.push(format!("{net}: {mean:+.3} cells off on average"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
