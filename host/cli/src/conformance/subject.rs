//! What plugins are checked on: the demo's classifier and images, and models made from them.

use crate::{demo, failure::Result};
use lacuna_engine::{Architecture, Classifier, Device, Generator, Manifest, ModelFiles, Tensor, VaeConfig};
use lacuna_phantom::{SIDE, phantoms};
use serde_json::Value;

/// Classifiers, a generator and images with lesions.
#[derive(Debug)]
pub struct Subject {
    /// Finds lesions.
    pub trained: Classifier,
    /// The same network with random weights.
    pub random: Classifier,
    /// The same network with a last layer of zeros: every image gets one answer.
    pub constant: Classifier,
    /// Of random weights: enough to see whether a plugin goes together with one.
    pub generator: Generator,
    /// Two images (2, 1, H, W), each with a lesion.
    pub images: Tensor,
    /// Where the lesions are, (2, 1, H, W).
    pub masks: Tensor,
}

/// The class of all images.
pub const LESION: usize = 1;
/// By how much an image is moved, rows and columns: a whole number of the network's strides (8 pixels in all), because between
/// them the maps of a network with strides change for reasons of its own.
pub const SHIFT: [i32; 2] = [8, -8];

impl Subject {
    pub fn new(device: &Device) -> Result<Subject> {
        let (text, weights) = (demo::MANIFEST, demo::WEIGHTS);
        let manifest = Manifest::parse("the demo's model.toml", text)?;
        let load = |files: ModelFiles| Classifier::from_manifest("the demo's model.toml", &manifest, &files, device);
        let zeroed: Vec<(&'static str, &'static [u8])> =
            weights.iter().map(|(name, bytes)| (*name, &*without_answer(bytes).leak())).collect();
        let lesions: Vec<_> = phantoms(3, 4).filter(|phantom| phantom.lesion).collect();
        let shape = [lesions.len(), 1, SIDE, SIDE];
        let all = |pick: fn(&lacuna_phantom::Phantom) -> &[f32]| lesions.iter().flat_map(pick).copied().collect();
        Ok(Subject {
            trained: load(ModelFiles::Embedded(weights))?,
            random: Classifier::untrained(Architecture::SmallCnn, manifest.output.classes.len(), 7, device)?,
            constant: load(ModelFiles::Embedded(zeroed.leak()))?,
            generator: Generator::untrained(
                &VaeConfig { widths: vec![4, 8, 8], latent: 6, ..VaeConfig::of_size(SIDE, 1) },
                7,
                device,
            )?,
            images: Tensor::from_data(device, &shape, all(|phantom| &phantom.image))?,
            masks: Tensor::from_data(device, &shape, all(|phantom| &phantom.mask))?,
        })
    }
}

/// A safetensors file whose arrays `classifier.*` are zeros: eight bytes of length, a JSON header, the numbers.
fn without_answer(file: &[u8]) -> Vec<u8> {
    let mut zeroed = file.to_vec();
    let Some((length, rest)) = file.split_first_chunk::<8>() else { return zeroed };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let header: Value = rest.get(..length).and_then(|header| serde_json::from_slice(header).ok()).unwrap_or_default();
    for (name, array) in header.as_object().into_iter().flatten() {
        let place = |end: usize| array["data_offsets"][end].as_u64().and_then(|at| usize::try_from(at).ok());
        if let (true, Some(from), Some(to)) = (name.starts_with("classifier."), place(0), place(1))
            && let Some(numbers) = zeroed.get_mut(8 + length + from..8 + length + to)
        {
            numbers.fill(0);
        }
    }
    zeroed
}
