//! Operators of a frozen network that Burn lacks or that the CPU does faster by hand.
//!
//! Each file uses those above it only:
//!
//! - `geometry`, `nonlinearity`: sizes of windows, functions of one number.
//! - `cpu`: kernels on plain slices, which know no tensor; `depth`: volumes as pictures, on any of Burn's backends.
//! - `frozen_conv`: a convolution whose weights are laid out once for its device.
//! - `operators`: the trait [`FrozenOps`], whose defaults are made of Burn's own operators.
//! - `flex`, `gpu`: the trait on the CPU, which runs the kernels of `cpu`, and on a GPU, which runs Burn's.
//! - `autodiff`: the backward passes, ours on every device. They compute the gradient of the input only, and they follow
//!   the rule for ReLU gradients that the caller chose.

mod autodiff;
pub(crate) mod cpu;
mod depth;
mod flex;
mod frozen_conv;
mod geometry;
mod gpu;
mod nonlinearity;
mod operators;
#[cfg(test)]
mod tests;

pub(crate) use frozen_conv::FrozenConv;
pub(crate) use geometry::{ConvGeometry, Depth, MaxPool};
pub(crate) use nonlinearity::Nonlinearity;
pub use nonlinearity::ReluRule;
pub(crate) use operators::{FrozenOps, Then};
