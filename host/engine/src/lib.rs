//! Tensors, classifiers and gradients on one device: the arithmetic of Lacuna.
//!
//! The path of the data, and where each step lives:
//!
//! - [`Device`]: the CPU backend or one GPU, opened once, shared by everything.
//! - [`Tensor`]: rank-erased arrays with the operators that the plugin contract offers.
//! - [`Classifier`]: a manifest plus an ONNX graph or a native architecture, frozen, as a
//!   differentiable function from images in [0, 1] to logits.
//! - [`Gradients`] and [`Adam`]: the backward pass and the optimiser of mask methods.
//!
//! This crate knows no WIT and no plugin; the only files it reads are those that a model's manifest
//! names ([`ModelFiles`]).

mod adam;
mod autodiff;
mod classifier;
mod cpu;
mod device;
mod error;
mod graph;
mod kernels;
mod model_file;
mod tensor;

pub use adam::Adam;
pub use autodiff::Gradients;
pub use classifier::{
    Activation, Architecture, ClassIndex, Classifier, ClassifierInfo, Manifest, ReluRule, Score, Weights,
};
pub use device::{Adapter, AdapterKind, Device, DeviceChoice, WgpuSetup, adapters, automatic, wgpu};
pub use error::{Error, Result};
pub use model_file::ModelFiles;
pub use tensor::{Interpolation, MAX_ELEMENTS, MAX_RANK, Tensor};
