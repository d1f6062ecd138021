//! Kernels for the embedded CPU backend, on plain slices.

pub(crate) mod conv;
mod product;
pub(crate) mod rectify;

#[cfg(test)]
mod conv_tests;
