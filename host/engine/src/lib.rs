//! Tensors, classifiers and gradients on one device: the arithmetic of Lacuna.
//!
//! The path of the data, and where each step lives:
//!
//! - [`Device`]: the CPU backend or one GPU, opened once, shared by everything.
//! - [`Tensor`]: rank-erased arrays with the operators that the plugin contract offers.
//! - [`Classifier`]: a manifest plus an ONNX graph or a native architecture, frozen, as a
//!   differentiable function from images in [0, 1] to logits.
//! - [`Generator`]: a manifest plus a VAE or ONNX graphs, frozen, as a differentiable function from images to the healthy
//!   images that a model of healthy tissue makes of them.
//! - [`Trainable`]: the native architectures with their weights as leaves.
//! - [`Gradients`] and [`Adam`]: the backward pass and the optimiser of mask methods.
//!
//! This crate knows no WIT and no plugin; the only files it reads are those that a model's manifest
//! names ([`ModelFiles`]).

mod adam;
mod architecture;
mod autodiff;
mod classifier;
mod device;
mod error;
mod fed;
mod generator;
mod graph;
mod input;
mod interrupt;
mod kernels;
mod model_file;
mod tape;
mod tensor;

pub use adam::{Adam, AdamState};
pub use architecture::{Architecture, VaeConfig, Weights};
pub use autodiff::Gradients;
pub use classifier::{
    Activation, ActivationFunction, BlackBox, ClassIndex, Classifier, ClassifierInfo, Manifest, Pass, Score, StopProbe,
};
pub use device::{Adapter, AdapterKind, Device, DeviceChoice, WgpuSetup, adapters, automatic, wgpu};
pub use error::{Error, Result};
pub use generator::{Generator, GeneratorInfo, GeneratorManifest};
pub use graph::axes::Cells;
pub use graph::network::PassCost;
pub use graph::{Mode, Statistics, Trainable};
pub use input::Layout;
pub use interrupt::interruptible;
pub use kernels::ReluRule;
pub use model_file::ModelFiles;
pub use tape::{LARGEST_GRAPH, Tape, tracked_results};
pub use tensor::{Interpolation, MAX_ELEMENTS, MAX_RANK, Tensor};
