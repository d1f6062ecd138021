//! Whether maps depend on what the model has learnt: the model-parameter randomisation test (Adebayo et al. 2018, Sec. 3).
//!
//! A map that stays the same when the weights are drawn anew shows the image, not the model. The rank correlation of the
//! two maps is printed for every method, built in today or tomorrow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Architecture, ClassIndex, Classifier, Device, Tensor};
use lacuna_runtime::{ExplainRequest, Grants, Host, HostOptions, Need, PluginLibrary, Role, Settings, explain};
use std::path::Path;

/// The demo's lesion and its classifier.
fn trained() -> (Classifier, Tensor) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/cli/assets/demo");
    let image = lacuna_imaging::Image::read(folder.join("lesion-1.png")).unwrap();
    let device = Device::cpu();
    let images = Tensor::from_data(&device, &[1, 1, image.height(), image.width()], image.into_data()).unwrap();
    (Classifier::open(&folder.join("model.toml"), &device).unwrap(), images)
}

/// Ranks with ties at their mean.
fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        equal.iter().for_each(|&place| ranks[place] = before as f64 + (equal.len() as f64 - 1.0) / 2.0);
        before += equal.len();
    }
    ranks
}

/// Spearman's; 0 where one of the maps is the same everywhere.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let centred = |values: &[f32]| {
        let ranks = ranks(values);
        let mean = ranks.iter().sum::<f64>() / ranks.len() as f64;
        ranks.into_iter().map(|rank| rank - mean).collect::<Vec<f64>>()
    };
    let (a, b) = (centred(a), centred(b));
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let size = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if size == 0.0 { 0.0 } else { dot(&a, &b) / size }
}

#[test]
fn maps_change_with_the_weights() {
    let (trained, images) = trained();
    let random = Classifier::untrained(Architecture::SmallCnn, 2, 7, &Device::cpu()).unwrap();
    let host = Host::new(HostOptions::default()).unwrap();
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&host, lacuna_builtin::BUILT_IN).unwrap();
    let blur = plugins.get(Role::Perturbation, "blur").unwrap();
    let mut judged = 0;
    for method in plugins.iter().filter(|plugin| plugin.role() == Role::Method) {
        let info = method.info();
        if info.needs.contains(&Need::Generator) {
            println!("{}: needs a generator; not judged here", info.name);
            continue;
        }
        let map = |classifier: &Classifier| {
            // Fewer steps and samples than by default, where there are such.
            let quick = ["steps", "samples"].into_iter().find(|name| info.parameters.iter().any(|p| p.name == *name));
            let settings: Vec<String> = quick.map(|name| format!("{name}=30")).into_iter().collect();
            let request = ExplainRequest {
                perturbation: method.uses_perturbation().then_some(blur),
                method_settings: Settings::parse(info, None, &settings).unwrap(),
                grants: Grants::none().with(Need::Readback),
                seed: 7,
                ..ExplainRequest::new(method, classifier, images.clone(), vec![ClassIndex(1)])
            };
            explain(&host, request).unwrap().map.read().unwrap()
        };
        let (learnt, drawn) = (map(&trained), map(&random));
        let alike = correlation(&learnt, &drawn);
        println!("{}: rank correlation with a random model {alike:+.2}", info.name);
        assert!(learnt != drawn, "{}: the map does not depend on the weights", info.name);
        assert!(alike < 0.9, "{}: the map of a random model is nearly the same ({alike})", info.name);
        judged += 1;
    }
    assert!(judged >= 12, "only {judged} methods were judged");
}

#[test]
fn rank_correlation_counts_ties() {
    // By hand: ranks (0, 1.5, 1.5, 3) against (3, 1.5, 1.5, 0).
    assert!((correlation(&[1.0, 2.0, 2.0, 5.0], &[9.0, 3.0, 3.0, 1.0]) + 1.0).abs() < 1e-12);
    assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
}
