//! Arithmetic that several host crates share, on plain numbers.
//!
//! - [`SplitMix`]: random numbers that a seed fixes on every machine.
//! - [`between`]: the two pixels that a place along an axis lies between.
//! - [`gaussian`]: the weights of a Gaussian blur along one axis.
//!
//! Maps and trained weights depend on every bit of these, so a change here changes expected results of the whole
//! project. The crates that blur and resize differ in precision, in the order of sums and in what stands beyond an edge;
//! that part stays with each of them.
//!
//! Deliberately absent: images, tensors, files and dependencies. Plugins are guests and have copies of their own.

#![warn(missing_docs)]

mod gaussian;
mod neighbours;
mod splitmix;

pub use gaussian::gaussian;
pub use neighbours::between;
pub use splitmix::SplitMix;
