//! The built-in methods, run through the runtime:
//!
//! - [`captum`]: maps equal those of PyTorch and Captum (needs the evaluation data);
//! - [`laws`]: what every method obeys (batches, seeds, grids, cancelling);
//! - [`one_method`], [`masks`], [`latent_shift`]: what one method or one family obeys;
//! - [`i_gos_and_adam`]: I-GOS reaches in 40 passes what Adam reaches in 300 steps;
//! - [`volumes`]: classifiers of three-dimensional images.
//!
//! [`classifiers`] holds small classifiers whose evidence is known.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod captum;
mod classifiers;
mod i_gos_and_adam;
mod latent_shift;
mod laws;
mod masks;
mod one_method;
mod volumes;

use lacuna_engine::{ClassIndex, Classifier, Tensor};
use lacuna_runtime::{
    ExplainRequest, Finding, Grants, Host, HostOptions, Need, Outcome, PluginLibrary, Role, RunError, Settings, explain,
};
use std::sync::LazyLock;

/// The plugins, compiled once for all tests.
pub static PLUGINS: LazyLock<(Host, PluginLibrary)> = LazyLock::new(|| {
    let host = Host::new(HostOptions::default()).unwrap();
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&host, lacuna_builtin::BUILT_IN).unwrap();
    (host, plugins)
});

/// A run of one method with black as the perturbation.
pub fn request<'a>(
    method: &str,
    classifier: &'a Classifier,
    images: &Tensor,
    targets: &[usize],
    settings: &[&str],
) -> ExplainRequest<'a> {
    let plugins = &PLUGINS.1;
    let method = plugins.get(Role::Method, method).unwrap();
    let perturbation = plugins.get(Role::Perturbation, "constant").unwrap();
    let targets = targets.iter().map(|target| ClassIndex(*target)).collect();
    ExplainRequest {
        perturbation: Some(perturbation),
        method_settings: Settings::parse(method.info(), None, settings).unwrap(),
        perturbation_settings: Settings::parse(perturbation.info(), Some("black"), &[""; 0]).unwrap(),
        grants: Grants::none().with(method.name(), Need::Readback),
        seed: 7,
        ..ExplainRequest::new(method, classifier, images.clone(), targets)
    }
}

/// Runs a request on the host of all tests.
pub fn run(request: ExplainRequest<'_>) -> Result<Outcome, RunError> {
    explain(&PLUGINS.0, request)
}

/// Runs [`request`], which must succeed.
pub fn map(method: &str, classifier: &Classifier, images: &Tensor, targets: &[usize], settings: &[&str]) -> Outcome {
    run(request(method, classifier, images, targets, settings)).unwrap()
}

/// The extra of this name, which must exist.
pub fn extra(outcome: &Outcome, name: &str) -> Tensor {
    outcome.extras.iter().find(|extra| extra.name == name).expect(name).value.clone()
}

/// All findings as text, one line each, with the index of the image.
pub fn said(outcome: &Outcome) -> String {
    let line = |finding: &Finding| match finding.image {
        Some(image) => format!("image {image}: {finding}\n"),
        None => format!("{finding}\n"),
    };
    outcome.findings.iter().map(line).collect()
}

/// The bits of every value, for comparisons that allow no rounding.
pub fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.read().unwrap().into_iter().map(f32::to_bits).collect()
}

/// Relative L2 error; 0 where both are 0.
pub fn error(found: &Tensor, expected: &[f32]) -> f64 {
    let found = found.read().unwrap();
    assert_eq!(found.len(), expected.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    if difference == 0.0 { 0.0 } else { (difference / expected.iter().map(|x| square(*x)).sum::<f64>()).sqrt() }
}
