//! Manifests and weights: native networks, scores, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{
    Activation, Architecture, BlackBox, ClassIndex, Classifier, Device, Manifest, ModelFiles, ReluRule, Score, Tensor,
};

const MANIFEST: &str = r#"
name = "test"
[model]
graph = "graph.onnx"
[input]
channels = 1
height = 8
width = 8
[output]
classes = ["a", "b"]
activation = "softmax"
"#;

fn refusal(manifest: &str, graph: &'static [u8]) -> String {
    let files: &'static [(&str, &[u8])] = Vec::leak(vec![("graph.onnx", graph)]);
    match Manifest::parse("model.toml", manifest) {
        Err(error) => error.to_string(),
        Ok(manifest) => {
            Classifier::from_manifest("model.toml", &manifest, &ModelFiles::Embedded(files), &Device::cpu())
                .unwrap_err()
                .to_string()
        }
    }
}

#[test]
fn manifests_that_cannot_be_right_are_refused() {
    for (from, to, wanted) in [
        ("graph = \"graph.onnx\"", "", "either `graph`"),
        ("channels = 1", "channels = 0", "1 to 16 channels"),
        ("classes = [\"a\", \"b\"]", "classes = []", "a name for each logit"),
        ("\"b\"", "\"a\"", "twice"),
        ("\"softmax\"", "\"tanh\"", "unknown variant"),
        ("\"softmax\"", "\"softmax\"\nhealthy = \"c\"", "healthy is `c`, expected one of the classes `a`, `b`"),
        ("\"softmax\"", "\"softmax\"\nhealthy = 1", "expected a string"),
        ("width = 8", "width = 8\nwdith = 8", "unknown field"),
        ("width = 8", "width = 8\ndeviation = [0.0]", "above 0"),
        ("width = 8", "width = 8\nmean = [0.0, 1.0]", "expected 1 or 1"),
    ] {
        let error = refusal(&MANIFEST.replace(from, to), b"");
        assert!(error.starts_with("model.toml") && error.contains(wanted), "{error}");
    }
}

/// Answers every image with the same logits.
#[derive(Debug)]
struct Same;

impl BlackBox for Same {
    fn logits(&self, images: &Tensor) -> lacuna_engine::Result<Tensor> {
        Tensor::full(&Device::cpu(), &[images.shape()[0], 2], 0.5)
    }
}

#[test]
fn a_manifest_may_name_the_healthy_class() {
    let healthy = |line: &str| {
        let text = MANIFEST.replace("[output]", &format!("[output]\n{line}"));
        let manifest = Manifest::parse("model.toml", &text).unwrap();
        let classifier = Classifier::black_box("model.toml", &manifest, Box::new(Same), &Device::cpu()).unwrap();
        classifier.info().healthy
    };
    assert_eq!(healthy(""), None);
    assert_eq!(healthy("healthy = \"a\""), Some(ClassIndex(0)));
    assert_eq!(healthy("healthy = \"b\""), Some(ClassIndex(1)));
}

#[test]
fn graphs_that_are_none_are_refused() {
    assert!(refusal(MANIFEST, b"").contains("the file is empty"));
    assert!(refusal(MANIFEST, b"\x89PNG\r\n\x1a\n and more").contains("a picture, expected an ONNX graph"));
    assert!(refusal(MANIFEST, b"\xff\x00\x01 and more").contains("no ONNX file"));
}

#[test]
fn scores_follow_their_definitions() {
    let device = Device::cpu();
    let classifier = Classifier::untrained(Architecture::SmallCnn, 3, 7, &device).unwrap();
    assert_eq!(classifier.info().activation, Activation::Softmax);
    let logits = Tensor::from_data(&device, &[2, 3], vec![1.0, 2.0, 4.0, -3.0, 0.5, 60.0]).unwrap();
    let targets = [ClassIndex(2), ClassIndex(0)];
    let score = |kind| classifier.scores(&logits, &targets, kind).unwrap().read().unwrap();
    let p = |z: [f64; 3], c: usize| z[c].exp() / z.iter().map(|z| z.exp()).sum::<f64>();
    let expected = p([1.0, 2.0, 4.0], 2);
    assert!((f64::from(score(Score::Probability)[0]) - expected).abs() < 1e-6);
    assert_eq!(score(Score::Logit), [4.0, -3.0]);
    // log p / (1 - p), also where p itself is 0 in 32 bits.
    let odds = score(Score::LogOdds);
    assert!((f64::from(odds[0]) - (expected / (1.0 - expected)).ln()).abs() < 1e-5, "{odds:?}");
    assert!((odds[1] + 63.0).abs() < 1e-4, "{odds:?}");
    assert!(classifier.scores(&logits, &targets[..1], Score::Logit).is_err());
    assert!(classifier.scores(&logits, &[ClassIndex(0), ClassIndex(3)], Score::Logit).is_err());
}

#[test]
fn layers_split_the_network_in_two() {
    let device = Device::cpu();
    let classifier = Classifier::untrained(Architecture::SmallCnn, 2, 7, &device).unwrap();
    let info = classifier.info();
    assert_eq!(info.layers, ["conv1", "relu1", "conv2", "relu2", "conv3", "relu3"]);
    assert_eq!(info.cam_layer.as_deref(), Some("relu3"));
    let images = Tensor::uniform(&device, &[2, info.channels, info.height, info.width], 0.0, 1.0, 1).unwrap();
    let whole = classifier.logits(&images, ReluRule::Plain).unwrap().read().unwrap();
    for layer in &info.layers {
        let activations = classifier.activations(&images, layer).unwrap();
        assert_eq!(classifier.logits_from(layer, &activations).unwrap().read().unwrap(), whole);
        let smallest = activations.read().unwrap().into_iter().fold(f32::INFINITY, f32::min);
        assert_eq!(smallest < 0.0, layer.starts_with("conv"), "{layer}: {smallest}");
    }
    assert!(classifier.activations(&images, "relu9").unwrap_err().to_string().contains("conv3, relu3"));
}

#[test]
fn a_batch_gives_what_its_images_give_alone() {
    let device = Device::cpu();
    let classifier = Classifier::untrained(Architecture::SmallCnn, 2, 3, &device).unwrap();
    let images = Tensor::uniform(&device, &[3, 1, 96, 96], 0.0, 1.0, 1).unwrap();
    let together = classifier.logits(&images, ReluRule::Plain).unwrap().read().unwrap();
    for n in 0..3 {
        let alone = classifier.logits(&images.slice(0, n, n + 1).unwrap(), ReluRule::Plain).unwrap().read().unwrap();
        assert_eq!(alone, together[2 * n..2 * n + 2]);
    }
}
