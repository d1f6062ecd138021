//! Classifiers of volumes (N, C, D, H, W): against PyTorch, where their cells lie, and what is refused.
//!
//! `tests/data/volumes.py` made the graphs and the expected numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{
    BlackBox, Cells, ClassIndex, Classifier, Device, Error, GeneratorManifest, Manifest, ModelFiles, Pass, ReluRule,
    Result, Score, Tensor,
};
use std::path::PathBuf;

const SIZE: [usize; 3] = [9, 12, 11];
const NETWORKS: [&str; 5] = ["plain", "residual", "residual-dynamo", "hourglass", "hourglass-dynamo"];

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// A manifest with these lines in [model] and [input].
fn manifest(model: &str, input: &str) -> Result<Manifest> {
    let text = format!(
        "name = \"volumes\"\n[model]\n{model}\n[input]\n{input}\n[output]\nclasses = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n\
         activation = \"softmax\"\n"
    );
    Manifest::parse("volumes.toml", &text)
}

fn open_with(graph: &str, input: &str) -> Result<Classifier> {
    let manifest = manifest(&format!("graph = \"{graph}\""), input)?;
    Classifier::from_manifest("volumes.toml", &manifest, &ModelFiles::Folder(data()), &Device::cpu())
}

const INPUT: &str = "channels = 2\ndepth = 9\nheight = 12\nwidth = 11";

fn open(name: &str) -> Classifier {
    open_with(&format!("volumes-{name}.onnx"), INPUT).unwrap()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn expected(name: &str) -> Vec<f32> {
    let file = std::fs::read(data().join("volumes.safetensors")).unwrap();
    floats(safetensors::SafeTensors::deserialize(&file).unwrap().tensor(name).unwrap().data())
}

fn volumes() -> Tensor {
    Tensor::from_data(&Device::cpu(), &[2, 2, SIZE[0], SIZE[1], SIZE[2]], expected("volumes")).unwrap()
}

/// Graphs of both exporters of PyTorch give its logits, and the gradient of a logit under each rule for ReLUs.
#[test]
fn networks_of_volumes_equal_pytorch() {
    let x = volumes();
    for name in NETWORKS {
        let classifier = open(name);
        assert_eq!((classifier.info().shape(2), classifier.info().spatial()), (x.shape(), SIZE.to_vec()));
        println!("{name}: {:?}", classifier.info().notes);
        let of = name.trim_end_matches("-dynamo");
        let compare = |what: &str, found: Tensor| {
            let (found, wanted) = (found.read().unwrap(), expected(&format!("{of}.{what}")));
            let length = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>().sqrt();
            let off = length(&mut found.iter().zip(&wanted).map(|(a, b)| a - b));
            let error = off / length(&mut wanted.iter().copied());
            println!("{name}: relative L2 error {error:.1e} of the {what}");
            assert!(error < 1e-4, "{name}: relative L2 error {error} of the {what}");
        };
        compare("logits", classifier.logits(&x, ReluRule::Plain).unwrap());
        for (what, rule) in [("gradient", ReluRule::Plain), ("guided", ReluRule::Guided)] {
            let leaf = x.track().unwrap();
            let logits = classifier.logits(&leaf, rule).unwrap();
            let scores = classifier.scores(&logits, &[ClassIndex(0); 2], Score::Logit).unwrap();
            compare(what, scores.sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap());
        }
        let cost = classifier.pass_cost(Pass::Whole);
        assert!(cost.peak_bytes > x.bytes() / 2 && cost.graph_bytes > 0, "{cost:?}");
    }
}

/// Channels of cells, put on the volume's grid; and logits as a function of them.
#[test]
fn layers_are_volumes_on_the_grid_of_what_is_explained() {
    let x = volumes();
    for name in NETWORKS {
        let classifier = open(name);
        let layers = classifier.info().layers.clone();
        assert!(!layers.is_empty() && classifier.info().cam_layer.is_some(), "{name}");
        let logits = classifier.logits(&x, ReluRule::Plain).unwrap().read().unwrap();
        let mut functions = 0;
        for layer in &layers {
            let values = classifier.activations(&x, layer).unwrap();
            assert_eq!(values.shape().len(), 5, "{name} {layer}");
            let map = classifier.place(layer, &values.mean(&[1]).unwrap()).unwrap();
            assert_eq!(map.shape(), [2, 1, SIZE[0], SIZE[1], SIZE[2]], "{name} {layer}");
            match classifier.logits_from(layer, &values) {
                Ok(found) => {
                    functions += 1;
                    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5;
                    assert!(found.read().unwrap().iter().zip(&logits).all(near), "{name} {layer}");
                }
                Err(error) => assert!(error.to_string().contains("other paths go round it"), "{name}: {error}"),
            }
        }
        assert!(functions > 0, "{name}");
    }
}

/// Along each axis, the centre of what the cells in the middle of a layer see is where the layer's map puts them.
#[test]
fn cells_of_volumes_lie_where_they_see() {
    let device = Device::cpu();
    let mut looked = 0;
    for name in ["plain", "residual"] {
        let classifier = open(name);
        for layer in classifier.info().layers.clone() {
            let cells = classifier.cells(&layer).unwrap().expect("a layer of windows has places");
            for axis in 2..5 {
                let image = Tensor::normal(&device, &classifier.info().shape(1), 0.5, 0.2, 5).unwrap().track().unwrap();
                let values = classifier.activations(&image, &layer).unwrap();
                // A cell at an edge sees the volume on one side of it only.
                if values.shape()[axis] < 4 {
                    continue;
                }
                looked += 1;
                let middle = values.shape()[axis] / 2;
                let Cells { first, spacing } = cells[axis - 2];
                let place = first + middle as f64 * spacing;
                let sum = values.slice(axis, middle, middle + 1).unwrap().sum(&[]).unwrap();
                let gradient = sum.backward().unwrap().of_leaf(&image).unwrap();
                let (shape, slopes) = (gradient.shape(), gradient.read().unwrap());
                let apart: usize = shape[axis + 1..].iter().product();
                let weight = |at: usize| f64::from(slopes[at]).powi(2);
                let total: f64 = (0..slopes.len()).map(weight).sum();
                if total == 0.0 {
                    continue;
                }
                let found =
                    (0..slopes.len()).map(|at| weight(at) * (at / apart % shape[axis]) as f64).sum::<f64>() / total;
                println!("{name} {layer} axis {axis}: seen at {found:.2}, placed at {place:.2}, {spacing} apart");
                // Weights are random and the volume has edges, so the centre strays by a part of a cell.
                assert!((found - place).abs() <= 0.5 * spacing + 0.75, "{name} {layer} axis {axis}: {found}, {place}");
            }
        }
    }
    assert!(looked >= 20, "{looked}");
}

/// A black box of volumes: the mean of each channel, and zeros.
#[derive(Debug)]
struct Means;

impl BlackBox for Means {
    fn logits(&self, images: &Tensor) -> Result<Tensor> {
        let n = images.shape()[0];
        let means = images.mean(&[2, 3, 4])?.reshape(&[n, 2])?;
        Tensor::concatenate(&[means, Tensor::full(&Device::cpu(), &[n, 3], 0.0)?], 1)
    }
}

#[test]
fn a_black_box_may_take_volumes() {
    let manifest = manifest("command = [\"none\"]", &format!("{INPUT}\nmean = [0.5, 0.25]\nscale = 2.0")).unwrap();
    let classifier = Classifier::black_box("volumes.toml", &manifest, Box::new(Means), &Device::cpu()).unwrap();
    let x = Tensor::full(&Device::cpu(), &classifier.info().shape(3), 0.5).unwrap();
    let logits = classifier.logits(&x, ReluRule::Plain).unwrap();
    assert_eq!(logits.shape(), [3, 5]);
    let found = logits.read().unwrap();
    assert!(found.chunks(5).all(|row| row[..2] == [0.5, 0.75] && row[2..] == [0.0; 3]), "{found:?}");
    let image = Tensor::full(&Device::cpu(), &[1, 2, 12, 11], 0.5).unwrap();
    let error = classifier.logits(&image, ReluRule::Plain).unwrap_err();
    assert!(matches!(error, Error::Shape { ref expected, .. } if expected == "(N, 2, 9, 12, 11)"), "{error}");
}

#[test]
fn what_a_manifest_says_of_volumes_is_checked() {
    let refusal = |graph: &str, input: &str| open_with(graph, input).unwrap_err().to_string();
    let plain = "volumes-plain.onnx";
    let without = refusal(plain, "channels = 2\nheight = 12\nwidth = 11");
    assert!(without.contains("? x 2 x 9 x 12 x 11") && without.contains("write depth = D"), "{without}");
    let other = refusal(plain, "channels = 2\ndepth = 8\nheight = 12\nwidth = 11");
    assert!(other.contains("8 slices of 12 x 11 pixels"), "{other}");
    let last = refusal(plain, &format!("{INPUT}\nlayout = \"channels-last\""));
    assert!(last.contains("channels first (N, C, D, H, W)"), "{last}");
    let picture = refusal("operators-resnet.onnx", "channels = 3\ndepth = 4\nheight = 33\nwidth = 35");
    assert!(picture.contains("leave depth out of [input]"), "{picture}");
    for depth in ["0", "4097", "9223372036854775807"] {
        let error = refusal(plain, &INPUT.replace("depth = 9", &format!("depth = {depth}")));
        assert!(error.contains("expected a depth of 1 to 4096 slices"), "{error}");
    }
    let large = refusal(plain, "channels = 2\ndepth = 4096\nheight = 4096\nwidth = 4096");
    assert!(large.contains("at most 268435456 numbers"), "{large}");
    let native = manifest("architecture = \"densenet121\"\nweights = \"w\"", INPUT).unwrap_err().to_string();
    assert!(native.contains("a native architecture takes images"), "{native}");
    let text = format!("name = \"g\"\n[generator]\ngraph = \"g.onnx\"\n[input]\n{INPUT}\n");
    let generator = GeneratorManifest::parse("g.toml", &text).unwrap_err().to_string();
    assert!(generator.contains("generators of volumes are not known"), "{generator}");
}
