//! Made images with a known lesion, and the training of the small network that tells them apart.
//!
//! The path of the data, and where each step lives:
//!
//! - [`SplitMix`]: one seed and one index decide everything that follows.
//! - `anatomy`: a brain-like slice (scalp, skull, folded cortex, white matter, ventricles) that is
//!   different in every phantom.
//! - `lesion`: in every second phantom, one soft bright blob within the tissue.
//! - `scanner`: shading, speckle, blur and noise; the result is a [`Phantom`] with its mask.
//! - [`train`]: a small convolutional network learns healthy against lesion from phantoms that it
//!   sees once, and is judged on phantoms that it has never seen.
//! - [`Trained`]: a safetensors file and the manifest that `lacuna explain` takes beside it.
//!
//! This crate opens no files and knows no image format: it hands out pixels and bytes.

mod anatomy;
mod error;
mod geometry;
mod lesion;
mod model_file;
mod network;
mod phantom;
mod quality;
mod random;
mod scanner;
mod train;

pub use error::{Error, Result};
pub use model_file::{MANIFEST_FILE, WEIGHTS_FILE};
pub use phantom::{Phantom, SIDE, healthy_twin, phantom, phantoms};
pub use quality::Quality;
pub use random::SplitMix;
pub use train::{Step, TrainOptions, Trained, train};
