//! A record says what was used: a file that changes between its hash and its reading is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use lacuna_engine::{Device, ModelFiles};
use lacuna_session::{Model, Unwatched};
use std::{fs, path::Path};

#[test]
fn weights_that_change_before_they_are_read_are_refused() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/assets/reference");
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("model.safetensors");
    fs::copy(assets.join("model.safetensors"), &weights).unwrap();
    let text = fs::read_to_string(assets.join("model.toml")).unwrap();
    let read = || Model::new("model.toml", &text, ModelFiles::Folder(folder.path().to_owned())).unwrap();
    let load = |model: &Model| model.load(&Unwatched, &Device::cpu()).map(drop);
    let model = read();
    load(&model).unwrap();
    // Another network, as good as the first.
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    let error = load(&model).unwrap_err().to_string();
    assert!(error.contains("model.safetensors") && error.contains("changed while it was read"), "{error}");
    load(&read()).unwrap();
}
