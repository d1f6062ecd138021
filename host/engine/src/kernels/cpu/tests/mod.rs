//! The kernels against their definitions in double precision, on random sizes and on every set of instructions that the
//! processor has. What stands beside the numbers that a kernel is given is NaN.

pub(crate) mod conv;
pub(crate) mod elementwise;
pub(crate) mod geometry;
pub(crate) mod pool;
mod product;
