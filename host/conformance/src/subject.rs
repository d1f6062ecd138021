//! What plugins are checked on: the reference classifier, made images, and models made from them.

use crate::{error::Result, reference};
use lacuna_engine::{Architecture, Classifier, Device, Generator, ModelFiles, Tensor, VaeConfig};
use lacuna_phantom::{SIDE, phantoms};

/// Classifiers, a generator and images with lesions.
#[derive(Debug)]
pub struct Subject {
    /// Finds lesions.
    pub trained: Classifier,
    /// The network of the reference classifier with random weights.
    pub random: Classifier,
    /// The network with a last layer of zeros: every image gets one answer.
    pub constant: Classifier,
    /// A generator of random weights: enough to see whether a plugin goes together with one.
    pub generator: Generator,
    /// Two images (2, 1, H, W), each with a lesion.
    pub images: Tensor,
    /// The masks of the lesions, (2, 1, H, W).
    pub masks: Tensor,
}

/// The class of all images.
pub const LESION: usize = 1;
/// By how much an image is moved, rows and columns: a whole number of the network's strides (8 pixels in all), because between
/// them the maps of a network with strides change for reasons of its own.
pub const SHIFT: [i32; 2] = [8, -8];

impl Subject {
    /// All of it on a device.
    ///
    /// # Errors
    /// A device that fails.
    pub fn new(device: &Device) -> Result<Subject> {
        let manifest = reference::manifest()?;
        let load = |files: ModelFiles| Classifier::from_manifest(reference::NAME, &manifest, &files, device);
        let lesions: Vec<_> = phantoms(3, 4).filter(|phantom| phantom.lesion).collect();
        let shape = [lesions.len(), 1, SIDE, SIDE];
        let all = |pick: fn(&lacuna_phantom::Phantom) -> &[f32]| lesions.iter().flat_map(pick).copied().collect();
        Ok(Subject {
            trained: load(reference::files())?,
            random: Classifier::untrained(Architecture::SmallCnn, manifest.output.classes.len(), 7, device)?,
            constant: load(reference::files_without_an_answer()?)?,
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
