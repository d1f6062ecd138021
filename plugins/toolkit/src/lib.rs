//! The parts that explanation methods and metrics share; they follow the papers and change with them, while the contract does
//! not.
//!
//! The data of a run, for a plugin that `lacuna-plugin` exports:
//!
//! - a method that optimises a mask: [`masks`] holds the game, the score term, the regularisers, the grid, the first mask and
//!   the findings; the method writes its loop,
//! - a method that attributes the score to pixels: [`saliency`] cuts the work into passes of the classifier, averages masks and
//!   reduces channels,
//! - a class activation map: [`cam`] takes a layer and its gradient, the method gives its equation,
//! - a metric: [`evidence`] ranks the pixels of a map, and deletes or inserts them in that order.
//!
//! What is deliberately absent: bindings, export macros, and every type of the contract. They are `lacuna-plugin`'s, which does
//! not know this crate, so that a release of this one leaves plugins that do without it alone.

pub mod cam;
pub mod evidence;
pub mod masks;
pub mod saliency;
