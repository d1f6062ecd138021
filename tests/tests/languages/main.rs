//! Perturbations in Python and JavaScript: they give the bytes of the same thing in Rust, and get nothing of the machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod denied;
mod hostile;

use lacuna_engine::{ClassIndex, Classifier, Device, Tensor};
use lacuna_runtime::{
    CompileCache, ExplainRequest, Grants, Host, HostOptions, Limits, Need, Outcome, Plugin, PluginLibrary, Role,
    RunError, Settings, explain,
};
use lacuna_tests::{guest, languages::Language};
use std::{path::Path, sync::LazyLock, time::Instant};

/// One host for all tests of this file, so that damage by one guest would fail the other tests.
static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(HostOptions { cache: CompileCache::Off }).unwrap());
static BUILT_IN: LazyLock<PluginLibrary> = LazyLock::new(|| {
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&HOST, lacuna_builtin::BUILT_IN).unwrap();
    plugins
});

/// A run of the built-in `method` with a perturbation, on two images.
fn run(
    host: &Host,
    perturbation: &Plugin,
    method: (&str, &[&str]),
    settings: &[&str],
    limits: Limits,
) -> Result<Outcome, RunError> {
    let device = Device::cpu();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/conformance/assets/reference/model.toml");
    let classifier = Classifier::open(&model, &device).unwrap();
    let info = classifier.info();
    let shape = [2, info.channels, info.height, info.width];
    let images = Tensor::uniform(&device, &shape, 0.0, 1.0, 7).unwrap();
    let (name, method_settings) = method;
    let method = BUILT_IN.get(Role::Method, name).unwrap();
    explain(
        host,
        ExplainRequest {
            perturbation: Some(perturbation),
            method_settings: Settings::parse(method.info(), None, method_settings).unwrap(),
            perturbation_settings: Settings::parse(perturbation.info(), None, settings).unwrap(),
            limits,
            grants: Grants::none().with(name, Need::Readback),
            seed: 7,
            ..ExplainRequest::new(method, &classifier, images, vec![ClassIndex(1), ClassIndex(0)])
        },
    )
}

/// Ten steps of a method that needs the gradient of the perturbation.
fn map(perturbation: &Plugin) -> Vec<u32> {
    let method = ("meaningful-perturbation", ["steps=10"].as_slice());
    let outcome = run(&HOST, perturbation, method, &["sigma=5"], Limits::default()).unwrap();
    let map = outcome.map.read().unwrap();
    let (low, high) = map.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    assert!(high - low > 0.01, "the mask moved: {low} to {high}");
    map.into_iter().map(f32::to_bits).collect()
}

#[test]
fn other_languages_give_the_bytes_of_rust() {
    let rust = Plugin::load(&HOST, "blur.wasm", &guest("rust", "blur")).unwrap();
    assert!(rust.wasi().is_empty());
    let expected = map(&rust);
    for language in [Language::Python, Language::JavaScript] {
        let Some(bytes) = language.guest(language.example()) else { continue };
        let start = Instant::now();
        let plugin = Plugin::load(&HOST, "blur.wasm", &bytes).unwrap();
        println!("{language:?}: {} MiB, compiled in {:?}", bytes.len() >> 20, start.elapsed());
        assert!(plugin.wasi().iter().any(|package| package == "wasi:filesystem"), "{:?}", plugin.wasi());
        let start = Instant::now();
        assert!(expected == map(&plugin), "{language:?} gives other bytes than Rust");
        println!("{language:?}: a run in {:?}", start.elapsed());
        assert!(expected == map(&plugin), "{language:?} gives other bytes the second time");
    }
}
