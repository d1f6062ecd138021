//! Classifiers that are components: correct ones are explained without gradients, and an error names a misbehaving one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{ClassIndex, Classifier, Device, ReluRule, Tensor};
use lacuna_runtime::{
    CancelToken, ClassifierRequest, CompileCache, ExplainRequest, Grants, Host, HostOptions, Limits, Need, Outcome,
    Plugin, PluginLibrary, Role, RunError, Settings, explain, open_classifier,
};
use lacuna_tests::guest;
use std::{
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

const SIZE: usize = 48;

/// One host for all tests of this file, so that damage by one guest would fail the other tests.
static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(HostOptions { cache: CompileCache::Off }).unwrap());
static BUILT_IN: LazyLock<PluginLibrary> = LazyLock::new(|| {
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&HOST, lacuna_builtin::BUILT_IN).unwrap();
    plugins
});
static HOSTILE: LazyLock<Plugin> =
    LazyLock::new(|| Plugin::load(&HOST, "hostile/model.wasm", &guest("hostile", "model")).unwrap());

fn readback() -> Grants {
    Grants::none().with("hostile", Need::Readback)
}

fn open(misbehaviour: &str, grants: Grants, cancel: CancelToken) -> Result<Classifier, RunError> {
    let mut limits = Limits::default();
    limits.set("wall-time=1s").unwrap();
    limits.set("guest-memory=32MiB").unwrap();
    limits.set("handles=200").unwrap();
    let device = Device::cpu();
    let settings = Settings::parse(HOSTILE.info(), None, &[format!("misbehaviour={misbehaviour}")]).unwrap();
    let request = ClassifierRequest { settings, limits, grants, cancel, ..ClassifierRequest::new(&HOSTILE, &device) };
    open_classifier(&HOST, &request)
}

fn honest() -> Classifier {
    open("none", readback(), CancelToken::new()).unwrap()
}

/// Dark images (N, 1, 48, 48), each with a bright square of 8 pixels.
fn spots(places: &[[usize; 2]]) -> Tensor {
    let image = |[row, column]: [usize; 2]| {
        let inside = move |at: usize, from: usize| (from..from + 8).contains(&at);
        (0..SIZE * SIZE).map(move |i| if inside(i / SIZE, row) && inside(i % SIZE, column) { 0.9 } else { 0.1 })
    };
    let data = places.iter().flat_map(|place| image(*place)).collect();
    Tensor::from_data(&Device::cpu(), &[places.len(), 1, SIZE, SIZE], data).unwrap()
}

fn request<'a>(method: &str, classifier: &'a Classifier, images: Tensor, settings: &[&str]) -> ExplainRequest<'a> {
    let method = BUILT_IN.get(Role::Method, method).unwrap();
    let targets = vec![ClassIndex(0); images.shape()[0]];
    ExplainRequest {
        perturbation: Some(BUILT_IN.get(Role::Perturbation, "constant").unwrap()),
        method_settings: Settings::parse(method.info(), None, settings).unwrap(),
        perturbation_settings: Settings::parse(
            BUILT_IN.get(Role::Perturbation, "constant").unwrap().info(),
            Some("black"),
            &[""; 0],
        )
        .unwrap(),
        grants: Grants::none().with(method.name(), Need::Readback),
        seed: 7,
        ..ExplainRequest::new(method, classifier, images, targets)
    }
}

fn run(method: &str, classifier: &Classifier, images: Tensor, settings: &[&str]) -> Outcome {
    explain(&HOST, request(method, classifier, images, settings)).unwrap()
}

/// Mean of a map within the square of each image, and outside of it.
fn inside_and_outside(map: &Tensor, places: &[[usize; 2]]) -> Vec<[f32; 2]> {
    let numbers = map.read().unwrap();
    let mean = |values: Vec<f32>| values.iter().sum::<f32>() / values.len() as f32;
    let one = |(map, [row, column]): (&[f32], &[usize; 2])| {
        let within = |i: usize| (*row..row + 8).contains(&(i / SIZE)) && (*column..column + 8).contains(&(i % SIZE));
        [true, false].map(|wanted| mean((0..map.len()).filter(|i| within(*i) == wanted).map(|i| map[i]).collect()))
    };
    numbers.chunks(SIZE * SIZE).zip(places).map(one).collect()
}

#[test]
fn a_component_is_explained_without_gradients() {
    let (classifier, places) = (honest(), [[6, 30], [30, 8]]);
    assert!(!classifier.info().differentiable && classifier.info().layers.is_empty());
    let evolution = ["mask-size=12", "noise-size=12", "pairs=12", "steps=40", "start-value=0.8", "score-weight=1"];
    let methods: [(&str, &[&str]); 4] = [
        ("meaningful-perturbation", &evolution),
        ("occlusion", &["window=8", "stride=4"]),
        ("rise", &["samples=300", "cells=6"]),
        ("meaningful-perturbation", &["mask-size=12", "noise-size=6", "steps=30", "start-value=0.8", "jitter=1"]),
    ];
    for (method, settings) in methods {
        let outcome = run(method, &classifier, spots(&places), settings);
        for [inside, outside] in inside_and_outside(&outcome.map, &places) {
            assert!(inside > 2.0 * outside.max(0.0) && inside > 0.0, "{method}: {inside} inside, {outside} outside");
        }
    }
    // The same bytes again, and a batch gives what its images give alone.
    let whole = run("meaningful-perturbation", &classifier, spots(&places), &evolution);
    let bits = |outcome: &Outcome| outcome.map.read().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
    assert!(
        bits(&whole) == bits(&run("meaningful-perturbation", &classifier, spots(&places), &evolution)),
        "same seed"
    );
    let alone = places.map(|place| bits(&run("meaningful-perturbation", &classifier, spots(&[place]), &evolution)));
    assert!(bits(&whole) == alone.concat(), "a batch and its images alone");
}

/// 12 pairs are 24 images for each image and step; three more calls look at the start and the end.
#[test]
fn the_price_of_no_gradients_is_said_and_counted() {
    let classifier = honest();
    let settings = ["mask-size=8", "pairs=12", "steps=5"];
    let outcome = run("meaningful-perturbation", &classifier, spots(&[[6, 30], [30, 8]]), &settings);
    let said = |part: &str| outcome.messages.iter().any(|message| message.text.contains(part));
    assert!(said("24 images for each image and step, 120 in all"), "{:?}", outcome.messages);
    assert_eq!(outcome.record.classified_images, 2 * (120 + 3));
    assert_eq!(outcome.record.objective.names, ["area", "tv", "score"]);

    let refused =
        explain(&HOST, request("meaningful-perturbation", &classifier, spots(&[[6, 30]]), &["optimiser=gradient"]));
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("black box") && text.contains("Set `optimiser` to evolution"), "{text}");
    for method in ["gradient", "i-gos", "grad-cam"] {
        let text = explain(&HOST, request(method, &classifier, spots(&[[6, 30]]), &[])).unwrap_err().to_string();
        assert!(text.contains(method) && text.contains("`gradients`"), "{text}");
    }
}

/// On a network with gradients both optimisers are possible, and their masks are similar.
#[test]
fn evolution_follows_the_gradient() {
    let classifier = Classifier::untrained(lacuna_engine::Architecture::SmallCnn, 2, 7, &Device::cpu()).unwrap();
    let info = classifier.info();
    let images = Tensor::uniform(&Device::cpu(), &[1, info.channels, info.height, info.width], 0.0, 1.0, 3).unwrap();
    let last = |optimiser: &str, more: &[&str]| {
        let settings = [&["mask-size=6", "noise-size=6", "steps=60", optimiser], more].concat();
        let outcome = run("meaningful-perturbation", &classifier, images.clone(), &settings);
        let history = outcome.record.objective;
        let total = |values: &Vec<Option<f32>>| values.iter().flatten().sum::<f32>();
        (total(&history.values[0]), total(history.values.last().unwrap()))
    };
    let (start, gradient) = last("optimiser=gradient", &[]);
    let (_, evolution) = last("optimiser=evolution", &["pairs=24", "sigma=0.05"]);
    println!("objective {start} at the start, {gradient} by gradients, {evolution} by evolution");
    assert!(start - evolution > 0.9 * (start - gradient), "{start} {gradient} {evolution}");
}

#[test]
fn misbehaviour_is_named_and_the_next_classifier_works() {
    let cases: [(&str, &[&str]); 11] = [
        ("no-classes", &["classes is empty"]),
        ("no-pixels", &["1 x 0 x 48"]),
        ("lonely-softmax", &["softmax"]),
        ("refuse-to-open", &["there are no weights"]),
        ("endless-loop", &["wall time of 1s", "raise the limit `wall-time` to 2s"]),
        ("memory-bomb", &["may have 32 MiB", "raise the limit `guest-memory` to "]),
        ("recursion", &["recurs"]),
        ("trap", &["stopped itself", "Report this to the plugin's author"]),
        ("nan", &["NaN or infinite"]),
        ("too-few", &["shape [1, 3], expected [1, 1]"]),
        ("handle-bomb", &["holds 200 handles", "raise the limit `handles` to 400"]),
    ];
    for (misbehaviour, parts) in cases {
        let text = open(misbehaviour, readback(), CancelToken::new()).unwrap_err().to_string();
        for part in parts.iter().chain(&["hostile"]) {
            assert!(text.contains(part), "{misbehaviour}: `{part}` is not in: {text}");
        }
    }
    let text = open("refuse", readback(), CancelToken::new()).unwrap_err().to_string();
    assert!(text.contains("images of this kind cannot be classified"), "{text}");
    let text = open("none", Grants::none(), CancelToken::new()).unwrap_err().to_string();
    assert!(text.contains("`readback`") && text.contains("grant `readback` to `hostile`"), "{text}");
    honest().logits(&spots(&[[6, 30]]), ReluRule::Plain).unwrap();
}

#[test]
fn a_classifier_that_fails_in_the_middle_ends_the_run_and_no_other() {
    let classifier = open("trap-later", readback(), CancelToken::new()).unwrap();
    for _ in 0..2 {
        // The instance is gone after its trap, and says so again.
        let failed = explain(&HOST, request("rise", &classifier, spots(&[[6, 30]]), &["samples=200"])).unwrap_err();
        let text = failed.to_string();
        assert!(matches!(failed, RunError::Classifier { .. }), "{text}");
        assert!(text.contains("hostile/model.wasm") && text.contains("stopped itself"), "{text}");
    }
    run("rise", &honest(), spots(&[[6, 30]]), &["samples=20"]);
}

/// A classifier's input counts towards the plugin's memory as long as the plugin keeps it.
#[test]
fn what_a_classifier_hoards_is_counted() {
    let device = Device::cpu();
    let mut limits = Limits::default();
    limits.set("device-memory=1MiB").unwrap();
    let settings = Settings::parse(HOSTILE.info(), None, &["misbehaviour=hoard"]).unwrap();
    let request =
        ClassifierRequest { settings, limits, grants: readback(), ..ClassifierRequest::new(&HOSTILE, &device) };
    let classifier = open_classifier(&HOST, &request).unwrap();
    // An image has 9 kB.
    let refused = (0..200).find_map(|_| classifier.logits(&spots(&[[6, 30]]), ReluRule::Plain).err());
    let text = refused.expect("a limit that is met").to_string();
    assert!(text.contains("may hold 1 MiB") && text.contains("raise the limit `device-memory`"), "{text}");
}

/// A classifier is limited in time also after the host is dropped.
#[test]
fn a_classifier_outlives_the_host_that_opened_it() {
    let host = Host::new(HostOptions { cache: CompileCache::Off }).unwrap();
    let plugin = Plugin::load(&host, "hostile/model.wasm", &guest("hostile", "model")).unwrap();
    let device = Device::cpu();
    let mut limits = Limits::default();
    limits.set("wall-time=1s").unwrap();
    let settings = Settings::parse(plugin.info(), None, &["misbehaviour=loop-later"]).unwrap();
    let request =
        ClassifierRequest { settings, limits, grants: readback(), ..ClassifierRequest::new(&plugin, &device) };
    let classifier = open_classifier(&host, &request).unwrap();
    drop((plugin, host));
    let started = Instant::now();
    let text = classifier.logits(&spots(&[[6, 30]]), ReluRule::Plain).unwrap_err().to_string();
    assert!(text.contains("wall time of 1s") && started.elapsed() < Duration::from_secs(20), "{text}");
}

#[test]
fn a_classifier_can_be_interrupted() {
    let cancel = CancelToken::new();
    let classifier = open("none", readback(), cancel.clone()).unwrap();
    let started = Instant::now();
    let stopping = {
        let cancel = cancel.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            cancel.cancel();
        })
    };
    let request = ExplainRequest { cancel, ..request("rise", &classifier, spots(&[[6, 30]]), &["samples=100000"]) };
    assert_eq!(explain(&HOST, request).unwrap_err(), RunError::Cancelled);
    assert!(started.elapsed() < Duration::from_secs(10));
    stopping.join().unwrap();
}
