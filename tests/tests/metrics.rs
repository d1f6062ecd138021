//! Metrics as plugins: the built-in ones on maps whose numbers are known, and every way one may misbehave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Architecture, ClassIndex, Classifier, Device, Tensor};
use lacuna_runtime::{
    Grants, Host, HostOptions, Limits, MeasureRequest, Need, Plugin, PluginLibrary, Role, RunError, Settings, measure,
};
use lacuna_tests::guest;
use std::time::Duration;

const SIZE: usize = 96;

/// Two images, their maps and masks: the first map lies on its mask, the second on the other half.
struct Maps {
    host: Host,
    classifier: Classifier,
    images: Tensor,
    maps: Tensor,
    masks: Tensor,
}

fn maps() -> Maps {
    let device = Device::cpu();
    let half = |top: bool| (0..SIZE * SIZE).map(move |i| f32::from(u8::from((i < SIZE * SIZE / 2) == top)));
    let shape = [2, 1, SIZE, SIZE];
    let tensor = |values: Vec<f32>| Tensor::from_data(&device, &shape, values).unwrap();
    Maps {
        host: Host::new(HostOptions::default()).unwrap(),
        classifier: Classifier::untrained(Architecture::SmallCnn, 2, 7, &device).unwrap(),
        images: Tensor::uniform(&device, &shape, 0.0, 1.0, 7).unwrap(),
        maps: tensor(half(true).chain(half(false)).collect()),
        masks: tensor(half(true).chain(half(true)).collect()),
    }
}

impl Maps {
    fn request<'a>(&'a self, metric: &'a Plugin, settings: &[&str]) -> MeasureRequest<'a> {
        MeasureRequest {
            masks: Some(self.masks.clone()),
            metric_settings: Settings::parse(metric.info(), None, settings).unwrap(),
            grants: Grants::none().with(metric.name(), Need::Readback),
            limits: Limits { wall_time: Duration::from_secs(20), ..Limits::default() },
            ..MeasureRequest::new(
                metric,
                &self.classifier,
                self.images.clone(),
                self.maps.clone(),
                vec![ClassIndex(0), ClassIndex(1)],
            )
        }
    }
}

#[test]
fn built_in_metrics_count_what_they_say() {
    let maps = maps();
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&maps.host, lacuna_builtin::BUILT_IN).unwrap();
    let blur = plugins.get(Role::Perturbation, "blur").unwrap();
    // On the mask and beside it.
    for (name, expected) in [("pixel-auc", [1.0, 0.0]), ("pointing-game", [1.0, 0.0]), ("dice", [1.0, 0.0])] {
        let metric = plugins.get(Role::Metric, name).unwrap();
        assert!(!metric.uses_perturbation(), "{name}");
        let found = measure(&maps.host, maps.request(metric, &[])).unwrap();
        assert_eq!(found, expected.map(Some), "{name}");
        let without = MeasureRequest { masks: None, ..maps.request(metric, &[]) };
        assert_eq!(measure(&maps.host, without).unwrap(), [None, None], "{name} without a mask");
    }
    // The two curves of one image run through the same images in opposite order of deletion when the map is turned over.
    let curve = |name: &str, maps: &Maps| {
        let metric = plugins.get(Role::Metric, name).unwrap();
        let request = MeasureRequest { perturbation: Some(blur), ..maps.request(metric, &["steps=4"]) };
        measure(&maps.host, request).unwrap()
    };
    let turned = Maps { maps: maps.maps.affine(-1.0, 1.0).unwrap(), host: maps.host.clone(), ..self::maps() };
    let (deletion, insertion) = (curve("deletion", &maps), curve("insertion", &turned));
    for (a, b) in deletion.iter().zip(&insertion) {
        let (a, b) = (a.unwrap(), b.unwrap());
        // Ties are broken by the order of the grid, so that the two agree only up to the order within equal pixels.
        assert!((0.0..=1.0).contains(&a) && (a - b).abs() < 0.2, "{a} and {b}");
    }
}

#[test]
fn a_metric_that_misbehaves_is_named_and_the_next_run_works() {
    let maps = maps();
    let metric = Plugin::load(&maps.host, "hostile/metric.wasm", &guest("hostile", "metric")).unwrap();
    let run = |misbehaviour: &str| {
        let setting = format!("misbehaviour={misbehaviour}");
        let mut request = maps.request(&metric, &[setting.as_str()]);
        request.limits.guest_memory = 32 << 20;
        if misbehaviour == "endless-loop" {
            request.limits.wall_time = Duration::from_millis(500);
        }
        measure(&maps.host, request)
    };
    for (misbehaviour, part) in [
        ("endless-loop", "wall time"),
        ("memory-bomb", "memory"),
        ("too-few", "a list of numbers"),
        ("nan", "a number"),
        ("trap", "hostile"),
        ("refuse", "maps of this kind cannot be measured"),
        ("no-perturbation", "no perturbation was chosen"),
        ("no-generator", "no generator was chosen"),
    ] {
        let text = run(misbehaviour).unwrap_err().to_string();
        assert!(
            text.contains("The metric `hostile` (hostile/metric.wasm)") && text.contains(part),
            "{misbehaviour}: {text}"
        );
        assert_eq!(run("none").unwrap(), [Some(0.5), Some(0.5)], "after {text}");
    }
    let ungranted = MeasureRequest { grants: Grants::none(), ..maps.request(&metric, &[]) };
    assert!(matches!(measure(&maps.host, ungranted), Err(RunError::NotGranted { .. })));
    let maps_of_another_size = MeasureRequest {
        maps: Tensor::full(&Device::cpu(), &[2, 1, 5, 5], 0.0).unwrap(),
        ..maps.request(&metric, &[])
    };
    let text = measure(&maps.host, maps_of_another_size).unwrap_err().to_string();
    assert!(text.contains("maps have shape [2, 1, 5, 5]") && text.contains("[2, 1, 96, 96]"), "{text}");
}
