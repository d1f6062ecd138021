//! What was found about a result.

use crate::Remedy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that the user should know of a result, for example that a mask never moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Index of the image in the request, from 0; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<usize>,
    /// The kind of finding, for programs: `saturated-probability`.
    pub code: String,
    /// What was found, without image and remedy.
    pub text: String,
    /// What to change, the most promising first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
}

impl Finding {
    /// A finding about every image of the request.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Finding {
        Finding { image: None, code: code.into(), text: text.into(), remedies: Vec::new() }
    }

    /// Adds a remedy, less promising than those before.
    #[must_use]
    pub fn with(mut self, remedy: Remedy) -> Finding {
        self.remedies.push(remedy);
        self
    }

    /// Text and remedies in the words that `words` gives a remedy.
    pub fn in_words(&self, words: impl Fn(&Remedy) -> String) -> String {
        match Remedy::joined(&self.remedies, words) {
            None => self.text.clone(),
            Some(remedies) => format!("{}; {remedies}", self.text),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Remedy::to_string))
    }
}
