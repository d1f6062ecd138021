//! Kernels for the embedded CPU backend, on plain slices.

pub(crate) mod conv;
pub(crate) mod instructions;
pub(crate) mod nonlinearity;
pub(crate) mod pool;
mod product;
pub(crate) mod rectify;
pub(crate) mod volume;

#[cfg(test)]
pub(crate) mod tests;
