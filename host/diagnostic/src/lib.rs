//! What a user should know of a result, and what to change, as data.
//!
//! A library or a plugin gives a [`Finding`] or an error with [`Remedy`]s -> the door that the user came through (a command
//! line, a notebook, a service) writes each in its own words: `--param score=log-odds`, `score = "log-odds"`, or JSON. What
//! `Display` writes here belongs to no door.
//!
//! Deliberately absent: options of a command line, colours, languages.

mod finding;
mod place;
mod remedy;

pub use finding::Finding;
pub use place::Place;
pub use remedy::{Change, Owner, Remedy};
