//! Where something was found.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where something that cannot be used was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// An option of the run, by its name: `learning-rate`.
    Option(String),
    /// A file, or a part of one, in words.
    File(String),
}

impl Place {
    /// An option of the run.
    pub fn option(name: impl Into<String>) -> Place {
        Place::Option(name.into())
    }
}

impl Place {
    /// In words that belong to no door.
    pub fn in_words(&self) -> String {
        match self {
            Place::Option(name) => format!("the option `{name}`"),
            Place::File(place) => place.clone(),
        }
    }
}

/// A path, or what else a place is called.
impl<T: fmt::Display> From<T> for Place {
    fn from(place: T) -> Place {
        Place::File(place.to_string())
    }
}
