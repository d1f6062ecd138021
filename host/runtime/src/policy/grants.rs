//! What the user allows beyond tensors and handles. The default allows nothing.

use crate::plugin::description::Need;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

/// What the user grants to the plugins of one run, each by its name: what one may do, another may not.
///
/// Only [`Need::Readback`] has to be granted: it lets image data out of the device into a guest's memory. Gradients,
/// activations and generators are properties of the model, which either has them or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Grants(BTreeMap<String, BTreeSet<Need>>);

impl Grants {
    /// Nothing, which is the default.
    pub fn none() -> Grants {
        Grants::default()
    }

    /// These and one more, for the plugins of this name.
    pub fn with(mut self, plugin: &str, need: Need) -> Grants {
        self.0.entry(plugin.to_owned()).or_default().insert(need);
        self
    }

    /// Whether `need` was granted to plugins of this name.
    pub fn contains(&self, plugin: &str, need: Need) -> bool {
        self.0.get(plugin).is_some_and(|needs| needs.contains(&need))
    }
}

/// One grant as a user writes it: the plugin's name, a colon, and the need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The name of the plugin.
    pub plugin: String,
    /// What it may do.
    pub need: Need,
}

impl FromStr for Grant {
    type Err = String;

    fn from_str(text: &str) -> Result<Grant, String> {
        match text.split_once(':') {
            Some((plugin, need)) if !plugin.is_empty() => Ok(Grant { plugin: plugin.to_owned(), need: need.parse()? }),
            _ => {
                Err(format!("`{text}` names no plugin: write the plugin's name before it, as in `my-method:readback`"))
            }
        }
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Grants {
        grants.into_iter().fold(Grants::none(), |grants, Grant { plugin, need }| grants.with(&plugin, need))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_plugin_may_do_another_may_not() {
        let grants: Grants = ["mine:readback".parse::<Grant>().unwrap()].into_iter().collect();
        assert!(grants.contains("mine", Need::Readback));
        assert!(!grants.contains("other", Need::Readback) && !grants.contains("mine", Need::Generator));
    }

    #[test]
    fn a_grant_to_nobody_is_refused() {
        for wrong in ["readback", ":readback", "mine:", "mine:files", ""] {
            assert!(wrong.parse::<Grant>().is_err(), "{wrong}");
        }
    }
}
