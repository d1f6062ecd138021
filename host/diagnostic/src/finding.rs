//! Findings about a result.

use crate::Remedy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A fact that the user should know about a result, for example that a mask never moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Index of the image in the request, from 0; none where the finding is about all images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<usize>,
    /// The kind of finding, for programs: `saturated-probability`.
    pub code: String,
    /// The fact, without the image and the remedies.
    pub text: String,
    /// Changes that may help, the most promising first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
}

impl Finding {
    /// A finding about every image of the request.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Finding {
        Finding { image: None, code: code.into(), text: text.into(), remedies: Vec::new() }
    }

    /// Adds a remedy after those that the finding has.
    #[must_use]
    pub fn with(mut self, remedy: Remedy) -> Finding {
        self.remedies.push(remedy);
        self
    }

    /// The text and the remedies as one sentence; `words` writes each remedy.
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
