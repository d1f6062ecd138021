#![no_main]

use lacuna_engine::{Classifier, Device, Manifest, ModelFiles, Weights};
use std::sync::LazyLock;

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let text = "name = \"fuzz\"\n[model]\narchitecture = \"small-cnn\"\nweights = \"weights.pth\"\n                [input]\nchannels = 1\nheight = 32\nwidth = 32\n                [output]\nclasses = [\"a\", \"b\"]\nactivation = \"softmax\"\n";
    Manifest::parse("fuzz.toml", text).unwrap()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = lacuna_fuzz::file("weights.pth", bytes);
    if Weights::open(&path).is_ok() {
        let files = ModelFiles::Folder(path.with_file_name(""));
        let _ = Classifier::from_manifest("fuzz.toml", &MANIFEST, &files, &Device::cpu());
    }
});
