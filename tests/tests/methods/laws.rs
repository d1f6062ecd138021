//! Laws that every built-in method obeys, on classifiers whose weights are set in [`crate::classifiers`].

use crate::classifiers::{SIZE, blob, blob_finder, classifier, peak, untrained};
use crate::{PLUGINS, bits, error, map, request, run, said};
use lacuna_engine::{Device, Tensor};
use lacuna_runtime::{CancelToken, Progress, Role, RunError};

/// Every method of this file, with settings that make it quick.
const METHODS: [(&str, &[&str]); 15] = [
    ("gradient", &[]),
    ("input-x-gradient", &[]),
    ("smoothgrad", &["samples=7", "batch=4"]),
    ("integrated-gradients", &["steps=7", "batch=4"]),
    ("guided-backpropagation", &[]),
    ("grad-cam", &["rectify=false"]),
    ("grad-cam-plus-plus", &["rectify=false"]),
    ("hires-cam", &["rectify=false"]),
    ("layer-cam", &[]),
    ("occlusion", &["window=20", "stride=15", "batch=4"]),
    ("rise", &["samples=40", "batch=6"]),
    ("i-gos", &["steps=3", "refinements=4", "samples=5", "batch=6", "score=probability", "score-weight=30"]),
    ("i-gos-plus-plus", &["steps=3", "samples=2", "batch=6", "score-weight=30"]),
    ("extremal-perturbation", &["steps=30", "learning-rate=0.1"]),
    ("fido", &["steps=20", "samples=2", "learning-rate=0.3"]),
];

/// Methods with tests of their own: in `latent_shift.rs`, and in `tests/oct.rs`.
const ELSEWHERE: [&str; 2] = ["latent-shift", "meaningful-perturbation"];

#[test]
fn every_built_in_method_is_tested() {
    let listed = METHODS.iter().map(|(name, _)| *name).chain(ELSEWHERE);
    let mut listed: Vec<&str> = listed.collect();
    listed.sort_unstable();
    let methods = PLUGINS.1.iter().filter(|plugin| plugin.role() == Role::Method);
    let mut built_in: Vec<&str> = methods.map(|plugin| plugin.name()).collect();
    built_in.sort_unstable();
    assert_eq!(built_in, listed, "a method that is built in is listed in METHODS or in ELSEWHERE");
}

#[test]
fn a_batch_is_what_its_images_are_one_by_one() {
    let (classifier, images, targets) = untrained();
    for (method, settings) in METHODS {
        let together = map(method, &classifier, &images, &targets, settings);
        assert!(bits(&together.map.slice(0, 0, 1).unwrap()).windows(2).any(|two| two[0] != two[1]), "{method}");
        for (n, target) in targets.into_iter().enumerate() {
            let alone = map(method, &classifier, &images.slice(0, n, n + 1).unwrap(), &[target], settings);
            let part = |tensor: &Tensor| tensor.slice(0, n, n + 1).unwrap();
            let off = error(&part(&together.map), &alone.map.read().unwrap());
            assert!(off < 1e-4, "{method}, image {n}: the maps differ by {off}");
            for (here, there) in together.extras.iter().zip(&alone.extras) {
                let off = error(&part(&here.value), &there.value.read().unwrap());
                assert!(off < 1e-4, "{method}, image {n}: the extras `{}` differ by {off}", here.name);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_the_size_of_a_pass_changes_nothing() {
    let (classifier, images, targets) = untrained();
    for (method, settings) in METHODS {
        let first = map(method, &classifier, &images, &targets, settings);
        let again = map(method, &classifier, &images, &targets, settings);
        assert_eq!(bits(&first.map), bits(&again.map), "{method}");
        let mut other = request(method, &classifier, &images, &targets, settings);
        other.seed += 1;
        let moved = bits(&run(other).unwrap().map) != bits(&first.map);
        assert_eq!(moved, ["smoothgrad", "rise", "fido"].contains(&method), "{method} and another seed");
        if settings.iter().any(|setting| setting.starts_with("batch")) {
            let settings: Vec<&str> =
                settings.iter().map(|s| if s.starts_with("batch") { "batch=1" } else { s }).collect();
            let small = map(method, &classifier, &images, &targets, &settings);
            let off = error(&small.map, &first.map.read().unwrap());
            assert!(off < 1e-4, "{method} with batch=1: the maps differ by {off}");
        }
    }
}

#[test]
fn any_grid_and_several_labels_are_explained() {
    let classifier = classifier(0.3, &[40.0, -20.0, 10.0], "sigmoid");
    let images = Tensor::uniform(&Device::cpu(), &[2, 1, SIZE, SIZE], 0.0, 1.0, 3).unwrap();
    for score in ["logit", "probability", "log-odds"] {
        let score = format!("score={score}");
        for (method, settings) in METHODS {
            let settings = [settings, &[score.as_str()]].concat();
            let outcome = map(method, &classifier, &images, &[1, 2], &settings);
            assert_eq!(outcome.map.shape(), [2, 1, SIZE, SIZE], "{method}");
        }
    }
}

#[test]
fn maps_peak_at_the_evidence_and_move_with_it() {
    let classifier = blob_finder();
    for (method, settings) in METHODS {
        let quick = match method {
            "rise" => &["samples=600"][..],
            "i-gos" | "i-gos-plus-plus" | "extremal-perturbation" | "fido" => &[],
            _ => settings,
        };
        for corner in [[8, 8], [24, 28]] {
            let outcome = map(method, &classifier, &blob(corner), &[1], quick);
            let found = peak(&outcome.map);
            let off = (0..2).map(|axis| (found[axis] as f32 - (corner[axis] as f32 + 3.5)).abs()).fold(0.0, f32::max);
            println!("{method}: the blob at {corner:?} is found at {found:?}");
            let room = if ["occlusion", "rise"].contains(&method) { 10.0 } else { 6.0 };
            assert!(off <= room, "{method}: the blob at {corner:?} is found at {found:?}");
        }
    }
}

#[test]
fn a_constant_classifier_gives_an_empty_map_that_is_said() {
    let constant = classifier(0.5, &[0.0, 0.0], "softmax");
    let images = Tensor::concatenate(&[blob([8, 8]), blob([24, 28])], 0).unwrap();
    for (method, settings) in METHODS {
        let outcome = map(method, &constant, &images, &[1, 0], settings);
        assert!(outcome.map.read().unwrap().iter().all(|x| *x == 0.0), "{method}");
        let said = said(&outcome);
        assert!(said.contains("image 1: the map is zero everywhere"), "{method}: {said}");
        assert!(said.contains("every image this answer"), "{method}: {said}");
    }
}

#[test]
fn long_work_is_reported_and_stops_when_asked() {
    let (classifier, images, targets) = untrained();
    for method in ["smoothgrad", "integrated-gradients", "occlusion", "rise", "i-gos", "i-gos-plus-plus"] {
        let cancel = CancelToken::new();
        let stop = cancel.clone();
        let mut asked = request(method, &classifier, &images, &targets, &["batch=3"]);
        asked.cancel = cancel;
        asked.progress = Box::new(move |progress: &Progress| {
            assert!(progress.step < progress.total);
            stop.cancel();
        });
        assert!(matches!(run(asked).unwrap_err(), RunError::Cancelled), "{method}");
    }
}

#[test]
fn every_parameter_says_its_range_and_source() {
    for (method, _) in METHODS {
        let info = crate::PLUGINS.1.get(Role::Method, method).unwrap().info().clone();
        assert!(!info.summary.is_empty());
        for parameter in &info.parameters {
            assert!(!parameter.summary.is_empty() && !parameter.source.is_empty(), "{method}: {}", parameter.name);
        }
    }
}
