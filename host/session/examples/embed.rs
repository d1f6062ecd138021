//! Lacuna inside an imaging platform: the viewer's own device, an image in memory, a map out.
//!
//! `cargo run --release --example embed -- host/conformance/assets/reference/model.toml`

use lacuna_engine::{Device, WgpuSetup, wgpu};
use lacuna_runtime::{CancelToken, Progress};
use lacuna_session::{Choice, Explainer, Given, Model, Models, Plugins, Selection, Session, Trust, Watch};
use std::{error::Error, fmt, path::Path, sync::Arc, time::Instant};

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

/// Where the viewer shows how much is done, as a share.
pub struct Viewer(Arc<dyn Fn(f32) + Send + Sync>);

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Viewer")
    }
}

impl Watch for Viewer {
    fn steps(&self, _label: &str) -> Box<dyn FnMut(&Progress) + Send> {
        let shown = self.0.clone();
        Box::new(move |progress| shown(progress.step as f32 / progress.total as f32))
    }
}

/// Explains the second class of an image in memory; returns the map, row by row, larger is more evidence.
pub fn run(
    manifest: &Path,
    device: &Device,
    cancel: CancelToken,
    shown: impl Fn(f32) + Send + Sync + 'static,
) -> Result<Vec<f32>, Box<dyn Error>> {
    let (viewer, started) = (Viewer(Arc::new(shown)), Instant::now());
    let plugins = Plugins::load(&viewer, &[])?;
    let session = Session { cancel, ..Session::new(&viewer, &plugins, device.clone()) };
    let model = Model::read(manifest, &Trust::default(), &session)?;
    let models = Models::load(&session, &model, None)?;
    let (rows, columns) = (models.classifier.info().height, models.classifier.info().width);
    let pixels: Vec<f32> = (0..rows * columns).map(|i| blob(i / columns, i % columns, rows)).collect();

    let choice = Choice {
        method: Selection::named("meaningful-perturbation").with(["steps=20"]),
        perturbation: Selection::named("blur"),
    };
    let chosen = choice.choose(&plugins, &[])?;
    let explainer = Explainer { session: &session, models: &models, chosen: &chosen, seed: 0, started };
    let image = Given { name: "the image in the viewer", values: &pixels };
    let answers = explainer.run("explaining", &[image], Some(model.class("1")?))?;
    Ok(answers.into_iter().flat_map(|answer| answer.map).collect())
}

/// A dim field with one bright blob.
fn blob(row: usize, column: usize, rows: usize) -> f32 {
    let away = (row as f32 - rows as f32 / 2.0).powi(2) + (column as f32 - rows as f32 / 3.0).powi(2);
    0.3 + 0.5 * (-away / 50.0).exp()
}
