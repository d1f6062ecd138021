//! What a guest can call: one file for each group of interfaces of the contract.
//!
//! A function takes handles from the table, calls the engine and puts the result into the table. What the guest got wrong
//! is returned to it; a [`fault::Stop`] ends its program.

mod autodiff;
mod classifiers;
mod cost;
pub(crate) mod fault;
mod generators;
pub(crate) mod handles;
mod notebook;
mod passes;
mod perturbations;
mod reporting;
mod tensors;
