//! Lacuna inside an imaging platform: the viewer's own device, an image in memory, a map out.
//!
//! `cargo run --release --example embed -- host/conformance/assets/reference/model.toml`

use lacuna_engine::{ClassIndex, Classifier, Device, Tensor, WgpuSetup, wgpu};
use lacuna_runtime::{
    CancelToken, ExplainRequest, Grants, Host, HostOptions, Need, PluginLibrary, Role, Settings, explain,
};
use std::{error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = std::env::args().nth(1).ok_or("give the path of a classifier's manifest")?;
    let device = match viewer_device() {
        Some(setup) => Device::from_wgpu(setup)?,
        None => Device::cpu(),
    };
    let cancel = CancelToken::new(); // a clone of it would hang behind the viewer's stop button
    let map = run(Path::new(&manifest), &device, cancel, |done| println!("{:.0} %", 100.0 * done))?;
    println!("a map of {} pixels, largest evidence {:.2}", map.len(), map.iter().fold(0.0_f32, |a, b| a.max(*b)));
    Ok(())
}

/// The device and queue that the viewer already draws with; here the first adapter that is found.
pub fn viewer_device() -> Option<WgpuSetup> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY)).into_iter().next()?;
    let wanted = wgpu::DeviceDescriptor { required_limits: adapter.limits(), ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.request_device(&wanted)).ok()?;
    let backend = adapter.get_info().backend;
    Some(WgpuSetup { instance, adapter, device, queue, backend })
}

/// Explains class 1 of an image in memory; returns the map, row by row, larger is more evidence.
pub fn run(
    manifest: &Path,
    device: &Device,
    cancel: CancelToken,
    mut shown: impl FnMut(f32) + Send + 'static,
) -> Result<Vec<f32>, Box<dyn Error>> {
    let classifier = Classifier::open(manifest, device)?;
    let (rows, columns) = (classifier.info().height, classifier.info().width);
    let pixels = (0..rows * columns).map(|i| blob(i / columns, i % columns, rows)).collect();
    let image = Tensor::from_data(device, &[1, 1, rows, columns], pixels)?;

    let host = Host::new(HostOptions::default())?;
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&host, lacuna_builtin::BUILT_IN)?;
    let method = plugins.get(Role::Method, "meaningful-perturbation")?;
    let outcome = explain(
        &host,
        ExplainRequest {
            perturbation: Some(plugins.get(Role::Perturbation, "blur")?),
            method_settings: Settings::parse(method.info(), None, &["steps=20"])?,
            grants: Grants::none().with(method.name(), Need::Readback),
            progress: Box::new(move |progress| shown(progress.step as f32 / progress.total as f32)),
            cancel,
            ..ExplainRequest::new(method, &classifier, image, vec![ClassIndex(1)])
        },
    )?;
    Ok(outcome.map.read()?)
}

/// A dim field with one bright blob.
fn blob(row: usize, column: usize, rows: usize) -> f32 {
    let away = (row as f32 - rows as f32 / 2.0).powi(2) + (column as f32 - rows as f32 / 3.0).powi(2);
    0.3 + 0.5 * (-away / 50.0).exp()
}
