//! What the user allows beyond tensors and handles. The default allows nothing.

use crate::plugin::description::Need;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The needs that the user grants to the plugins of one run.
///
/// Only [`Need::Readback`] has to be granted: it lets image data out of the device into a guest's memory. Gradients,
/// activations and generators are properties of the model, which either has them or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(BTreeSet<Need>);

impl Grants {
    /// Nothing, which is the default.
    pub fn none() -> Grants {
        Grants::default()
    }

    /// These and one more.
    pub fn with(mut self, need: Need) -> Grants {
        self.0.insert(need);
        self
    }

    /// Whether `need` was granted.
    pub fn contains(&self, need: Need) -> bool {
        self.0.contains(&need)
    }
}
