//! ONNX operators against onnxruntime, and unknown ones refused.
//!
//! `tests/data/operators.py` and `tests/data/torchvision.py` made the graphs and the expected numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{
    ClassIndex, Classifier, Device, Generator, GeneratorManifest, Manifest, ModelFiles, ReluRule, Score, Tensor,
};
use std::path::PathBuf;

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn manifest(graph: &str) -> Manifest {
    let [height, width] = if graph.starts_with("torchvision") { [32, 32] } else { [33, 35] };
    let text = format!(
        "name = \"operators\"\n[model]\ngraph = \"{graph}\"\n[input]\nchannels = 3\nheight = {height}\nwidth = {width}\n\
         [output]\nclasses = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nactivation = \"sigmoid\"\n"
    );
    Manifest::parse("operators.toml", &text).unwrap()
}

fn open(graph: &str) -> lacuna_engine::Result<Classifier> {
    Classifier::from_manifest("operators.toml", &manifest(graph), &ModelFiles::Folder(data()), &Device::cpu())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// torchvision's own networks as PyTorch's exporter writes them, weights that are shared and shuffled channels included.
#[test]
fn networks_of_torchvision_equal_pytorch() {
    let file = std::fs::read(data().join("torchvision.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&file).unwrap();
    let expected = |name: &str| floats(file.tensor(name).unwrap().data());
    let x = Tensor::from_data(&Device::cpu(), &[2, 3, 32, 32], expected("images")).unwrap();
    for name in ["densenet", "mobilenet_v2", "mobilenet_v3", "shufflenet"] {
        let classifier = open(&format!("torchvision-{name}.onnx")).unwrap();
        let compare = |what: &str, found: Tensor| {
            let (found, wanted) = (found.read().unwrap(), expected(&format!("{name}.{what}")));
            let length = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>().sqrt();
            let off = length(&mut found.iter().zip(&wanted).map(|(a, b)| a - b));
            let error = off / length(&mut wanted.iter().copied());
            println!("{name}: relative L2 error {error:.1e} of the {what}");
            // PyTorch's own single precision is within 1e-6 to 1e-5 of the double that made the numbers.
            assert!(error < 1e-4, "{name}: relative L2 error {error} of the {what}");
        };
        compare("logits", classifier.logits(&x, ReluRule::Plain).unwrap());
        for (what, rule) in [("gradient", ReluRule::Plain), ("guided", ReluRule::Guided)] {
            let leaf = x.track().unwrap();
            let logits = classifier.logits(&leaf, rule).unwrap();
            let scores = classifier.scores(&logits, &[ClassIndex(0); 2], Score::Logit).unwrap();
            compare(what, scores.sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap());
        }
    }
}

#[test]
fn four_networks_equal_onnxruntime() {
    let file = std::fs::read(data().join("operators.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&file).unwrap();
    let expected = |name: &str| floats(file.tensor(name).unwrap().data());
    let x = Tensor::from_data(&Device::cpu(), &[2, 3, 33, 35], expected("x")).unwrap();
    let direction: Vec<f32> =
        (0..2 * 3 * 33 * 35).map(|i| if (f64::from(i) * 0.37).sin() < 0.0 { -1.0 } else { 1.0 }).collect();
    for name in ["resnet", "vgg", "mobilenet", "squeeze_dense"] {
        let classifier = open(&format!("operators-{name}.onnx")).unwrap();
        let found = classifier.logits(&x, ReluRule::Plain).unwrap().read().unwrap();
        let wanted = expected(name);
        let largest = wanted.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let error = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
        println!("{name}: relative error {error:.1e}");
        assert!(error < 1e-5, "{name}: {found:?}, expected {wanted:?}");
        // The derivative of logit 0 of each image along the direction.
        let along = expected(&format!("{name}.along"));
        let leaf = x.track().unwrap();
        let logits = classifier.logits(&leaf, ReluRule::Plain).unwrap();
        let scores = classifier.scores(&logits, &[ClassIndex(0); 2], Score::Logit).unwrap();
        let gradient = scores.sum(&[]).unwrap().backward().unwrap().of_leaf(&leaf).unwrap().read().unwrap();
        for image in 0..2 {
            let part = image * 3 * 33 * 35..(image + 1) * 3 * 33 * 35;
            let found: f32 = part.map(|i| gradient[i] * direction[i]).sum();
            let wanted = along[image * 5];
            println!("{name}: derivative {found} of image {image}, by differences {wanted}");
            // Central differences of step 2e-3 across kinks of ReLU are good to a few per cent of the gradient.
            let size: f32 = gradient.iter().map(|g| g.abs()).sum::<f32>() / 2.0;
            assert!((found - wanted).abs() < 0.01 * size, "{name}: {found}, expected {wanted}, size {size}");
        }
    }
}

#[test]
fn an_unknown_operator_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(data().join("operators-resnet.onnx")).unwrap();
    // The same graph with its pooling operator renamed to one of equal length that nobody knows.
    let mut changed = bytes.clone();
    let at = bytes.windows(7).position(|window| window == b"MaxPool").unwrap();
    assert_eq!(bytes.windows(7).filter(|window| *window == b"MaxPool").count(), 2, "name and operator");
    let second = at + 1 + bytes[at + 1..].windows(7).position(|window| window == b"MaxPool").unwrap();
    changed[second..second + 7].copy_from_slice(b"MaxPuul");
    changed[at..at + 7].copy_from_slice(b"MaxPuul");
    std::fs::write(folder.path().join("graph.onnx"), changed).unwrap();
    let files = ModelFiles::Folder(folder.path().to_path_buf());
    let error =
        Classifier::from_manifest("m.toml", &manifest("graph.onnx"), &files, &Device::cpu()).unwrap_err().to_string();
    assert!(error.contains("MaxPuul") && error.contains("this operator is not known") && error.len() < 300, "{error}");
}

#[test]
fn a_truncated_graph_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(data().join("operators-vgg.onnx")).unwrap();
    for length in [0, 1, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(folder.path().join("graph.onnx"), &bytes[..length]).unwrap();
        let files = ModelFiles::Folder(folder.path().to_path_buf());
        let error = Classifier::from_manifest("m.toml", &manifest("graph.onnx"), &files, &Device::cpu()).unwrap_err();
        assert!(error.to_string().contains("graph.onnx"), "{length} bytes: {error}");
    }
}

#[test]
fn a_pytorch_file_of_another_network_is_named_with_what_it_holds() {
    let Some(data) = lacuna_tests::data_folder() else { return };
    let text = format!(
        "name = \"x\"\n[model]\narchitecture = \"densenet121\"\nweights = \"{}/models/pneumonia_squeezenet1_1.pth\"\n[input]\n\
         channels = 3\nheight = 224\nwidth = 224\n[output]\nclasses = [\"a\", \"b\"]\nactivation = \"softmax\"\n",
        data.display()
    );
    let files = ModelFiles::Folder(PathBuf::new());
    let error = Classifier::from_manifest("m.toml", &Manifest::parse("m.toml", &text).unwrap(), &files, &Device::cpu());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("no weights named `features.conv0.weight`") && error.contains("52 arrays"), "{error}");
}

#[test]
fn generators_equal_onnxruntime() {
    let file = std::fs::read(data().join("operators.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&file).unwrap();
    let device = Device::cpu();
    let expected = |name: &str| floats(file.tensor(name).unwrap().data());
    let close = |what: &str, found: &Tensor, wanted: &str| {
        let (found, wanted) = (found.read().unwrap(), expected(wanted));
        let error = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{what}: largest error {error:.1e}");
        assert!(found.len() == wanted.len() && error < 1e-5, "{what}: {error}");
    };
    let open = |model: &str| {
        let text = format!("name = \"made\"\n[generator]\n{model}\n[input]\nchannels = 1\nheight = 32\nwidth = 32\n");
        let manifest = GeneratorManifest::parse("made.toml", &text)?;
        Generator::from_manifest("made.toml", &manifest, &ModelFiles::Folder(data()), &device)
    };
    let x = Tensor::from_data(&device, &[2, 1, 32, 32], expected("autoencoder.x")).unwrap();
    let whole = open("graph = \"operators-autoencoder.onnx\"").unwrap();
    close("autoencoder", &whole.reconstruct(&x).unwrap(), "autoencoder");
    let no_z = whole.encode(&x).unwrap_err().to_string();
    assert!(no_z.contains("has no z"), "{no_z}");
    let parts = open("encoder = \"operators-encoder.onnx\"\ndecoder = \"operators-decoder.onnx\"").unwrap();
    assert_eq!(parts.info().latent, Some(6));
    close("encoder", &parts.encode(&x).unwrap(), "encoder");
    close("decoder", &parts.reconstruct(&x).unwrap(), "decoder");
    assert!(parts.deviation(&x).unwrap_err().to_string().contains("not variational"));
    let swapped = open("encoder = \"operators-decoder.onnx\"\ndecoder = \"operators-encoder.onnx\"").unwrap_err();
    assert!(swapped.to_string().contains("made.toml"), "{swapped}");
}
