//! Made images with a known lesion.
//!
//! The path of the data, and where each step lives:
//!
//! - [`SplitMix`]: one seed and one index decide everything that follows.
//! - `anatomy`: a brain-like slice (scalp, skull, folded cortex, white matter, ventricles) that is
//!   different in every phantom.
//! - `lesion`: in every second phantom, one soft bright blob within the tissue.
//! - `scanner`: shading, speckle, blur and noise; the result is a [`Phantom`] with its mask.
//!
//! This crate opens no files and knows no image format: it hands out pixels. Networks that learn from them are trained by
//! `lacuna-training`.

mod anatomy;
mod geometry;
mod lesion;
mod phantom;
mod random;
mod scanner;

pub use lacuna_numeric::SplitMix;
pub use phantom::{Phantom, SIDE, healthy_twin, phantom, phantoms};
