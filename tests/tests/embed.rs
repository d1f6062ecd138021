//! The embedding example, as a viewer runs it.

#[path = "../../host/session/examples/embed.rs"]
#[allow(dead_code, reason = "its main function takes the manifest from the command line")]
mod embed;

use lacuna_engine::Device;
use lacuna_runtime::CancelToken;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

fn manifest() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../host/conformance/assets/reference/model.toml")
}

#[test]
fn a_map_comes_out_and_progress_is_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let map = embed::run(&manifest(), &Device::cpu(), CancelToken::new(), move |done| heard.lock().unwrap().push(done));
    let map = map.unwrap();
    assert_eq!(map.len(), 96 * 96);
    assert!(map.iter().all(|value| (0.0..=1.0).contains(value)));
    assert_eq!(told.lock().unwrap().last(), Some(&1.0));
}

#[test]
fn a_cancelled_run_says_so() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let error = embed::run(&manifest(), &Device::cpu(), cancel, |_| ()).unwrap_err().to_string();
    assert!(error.contains("cancel") || error.contains("interrupted") || error.contains("stopped"), "{error}");
}
