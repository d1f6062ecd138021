//! The place of a fault.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The place of a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// An option of the run, by its name: `learning-rate`.
    Option(String),
    /// A file, or a part of one, in words.
    File(String),
}

impl Place {
    /// An option of the run, by its name.
    pub fn option(name: impl Into<String>) -> Place {
        Place::Option(name.into())
    }

    /// The place in words that suit every door.
    pub fn in_words(&self) -> String {
        match self {
            Place::Option(name) => format!("the option `{name}`"),
            Place::File(place) => place.clone(),
        }
    }
}

/// A file, from its path or from words for a part of it.
impl<T: fmt::Display> From<T> for Place {
    fn from(place: T) -> Place {
        Place::File(place.to_string())
    }
}
