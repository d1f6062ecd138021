//! Findings about a result, and their remedies, as data.
//!
//! A library or a plugin gives a [`Finding`] or an error with [`Remedy`]s -> the door (a command line, a notebook, a service)
//! writes each in its own words: `--param score=log-odds`, `score = "log-odds"`, or JSON. `Display` writes words that suit
//! every door.
//!
//! Deliberately absent: options of a command line, colours, languages.

#![warn(missing_docs)]

mod finding;
mod place;
mod remedy;

pub use finding::Finding;
pub use place::Place;
pub use remedy::{Change, Owner, Remedy};
