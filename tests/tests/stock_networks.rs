//! Networks that other programs exported, against PyTorch in double precision.
//!
//! `tests/data/stock_networks.py FOLDER` makes the graphs and the numbers (it needs PyTorch and torchvision);
//! `LACUNA_STOCK` names the folder. Each `NET.safetensors` holds `x` (1, 3, H, W), `logits64` and `grad64` in double precision,
//! `logits32` and `grad32` in single; each `NET-HOW.toml` beside it is a manifest of the network as one exporter wrote it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Cells, ClassIndex, Classifier, Device, ReluRule, Score, Tensor};
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
        println!("skipped: LACUNA_STOCK names no folder that tests/data/stock_networks.py made (it needs PyTorch)");
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

/// How many cells to both sides of the middle one are asked.
const BESIDE: usize = 2;

/// The place along `axis` (2: rows, 3: columns) of the middle of what the cells see together that lie up to `BESIDE` cells
/// from the cell `middle`, by the squared gradient of a sum of their channels (with weights: those of a normalisation over
/// channels sum to 0 whatever the image).
fn seen(classifier: &Classifier, layer: &str, images: &[Tensor], axis: usize, middle: usize) -> f64 {
    let (mut total, mut moment) = (0.0, 0.0);
    for image in images {
        let leaf = image.track().unwrap();
        let values = classifier.activations(&leaf, layer).unwrap();
        let cells = values.slice(axis, middle - BESIDE, middle + BESIDE + 1).unwrap();
        let channels = cells.shape()[1];
        let weights = Tensor::uniform(classifier.device(), &[1, channels, 1, 1], 0.0, 1.0, 1).unwrap();
        let sum = cells.multiply(&weights).unwrap().sum(&[]).unwrap();
        let gradient = sum.backward().unwrap().of_leaf(&leaf).unwrap();
        let apart: usize = gradient.shape()[axis + 1..].iter().product();
        let length = gradient.shape()[axis];
        for (at, slope) in gradient.read().unwrap().into_iter().enumerate() {
            let energy = f64::from(slope).powi(2);
            total += energy;
            moment += energy * (at / apart % length) as f64;
        }
    }
    moment / total
}

/// The cells in the middle of each layer of the stock networks see where their map puts them: within half of what the usual
/// placement (cell i of stride s at s i + (s - 1)/2) is off in these networks, (s - 1)/2 pixels.
#[test]
fn the_cells_of_stock_networks_lie_where_they_see() {
    let Some(folder) = std::env::var_os("LACUNA_STOCK").map(|folder| PathBuf::from(folder).join("cells")) else {
        println!("skipped: LACUNA_STOCK names no folder that tests/data/stock_networks.py made (it needs PyTorch)");
        return;
    };
    let mut wrong = Vec::new();
    for manifest in manifests(&folder) {
        let name = manifest.file_stem().unwrap().to_string_lossy().into_owned();
        let device = Device::cpu();
        let classifier = Classifier::open(&manifest, &device).unwrap();
        let info = classifier.info().clone();
        let (height, width) = (info.height, info.width);
        // Only along the long axis does the image hold all that a cell sees.
        let axis = usize::from(width > height);
        // From dark to bright along that axis, and from bright to dark: a maximum takes the bright end of its window, so the
        // middle of what the cells see of both is the middle of their windows. Small, so that a ReLU6 stays open where a
        // network adds layer upon layer.
        let length = [height, width][axis];
        let ramp = (0..info.channels * height * width).map(|at| {
            let place = if axis == 1 { at % width } else { at / width % height };
            1e-3 + 1e-3 * place as f32 / length as f32
        });
        let ramp = Tensor::from_data(&device, &[1, info.channels, height, width], ramp.collect()).unwrap();
        let images = [ramp.affine(-1.0, 3e-3).unwrap(), ramp];
        let (mut worst, mut usual, mut looked, mut without) = (0.0_f64, 0, 0, Vec::new());
        for layer in &info.layers {
            let Some(cells) = classifier.cells(layer).unwrap() else {
                without.push(layer);
                continue;
            };
            let Cells { first, spacing } = cells[axis];
            let count = classifier.activations(&images[0], layer).unwrap().shape()[axis + 2];
            let middle = count / 2;
            let found = seen(&classifier, layer, &images, axis + 2, middle) - (first + middle as f64 * spacing);
            // Weights are random, so the centre strays a little where the cells are a pixel apart.
            let bound = (spacing - 1.0) / 4.0 + 0.1;
            looked += 1;
            worst = worst.max(found.abs() / spacing);
            usual += usize::from((found + first - (spacing - 1.0) / 2.0).abs() > bound);
            if found.is_nan() || found.abs() > bound {
                let said = format!("{name} {layer}: seen {found:+.2} pixels from its place; cells are {spacing} apart");
                println!("{said}");
                wrong.push(said);
            }
        }
        println!(
            "{name:24} {looked:3} layers, {worst:.3} cells off at most (the usual placement is wrong in {usual}); \
             without places: {without:?}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
