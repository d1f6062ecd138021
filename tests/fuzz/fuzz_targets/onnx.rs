#![no_main]

use lacuna_engine::{Classifier, Device, Manifest, ModelFiles, ReluRule, Tensor};
use std::sync::{Arc, LazyLock};

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let text = "name = \"fuzz\"\n[model]\ngraph = \"graph.onnx\"\n[input]\nchannels = 3\nheight = 33\nwidth = 35\n\
                [output]\nclasses = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nactivation = \"sigmoid\"\n";
    Manifest::parse("fuzz.toml", text).unwrap()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let device = Device::cpu();
    let files = ModelFiles::InMemory(Arc::new(vec![("graph.onnx".into(), bytes.to_vec())]));
    let Ok(classifier) = Classifier::from_manifest("fuzz.toml", &MANIFEST, &files, &device) else { return };
    let images = Tensor::full(&device, &[2, 3, 33, 35], 0.5).unwrap().track().unwrap();
    let _ = classifier.logits(&images, ReluRule::Plain).and_then(|logits| logits.sum(&[])?.backward());
});
