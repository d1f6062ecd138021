//! What was compared, on what, with which values: for evaluators.

use super::{
    cell::Cell,
    table::{Difference, Line},
};
use lacuna_runtime::{Grants, Limits, Plugin, PluginRecord, Settings};
use lacuna_session::{Chosen, ModelRecord, Provenance};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Name and version of the form of [`Comparison`]. A field that is added keeps the version, any other change raises it.
pub const FORMAT: &str = "lacuna-comparison/1";

/// The content of `record.json` of a comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Comparison<'a> {
    /// `lacuna-comparison/1`.
    pub format: &'static str,
    /// Version of the program.
    pub lacuna: &'static str,
    pub provenance: Provenance,
    pub device: &'a str,
    pub plan: &'a Plan<'a>,
    pub limits: &'a Limits,
    pub grants: &'a Grants,
    /// Every method, perturbation and metric with its values, by role and name: `method rise`.
    pub plugins: &'a BTreeMap<String, PluginRecord>,
    pub table: &'a [Line],
    pub differences: &'a [Difference],
    /// What was noticed in the images.
    pub notes: Vec<String>,
    /// SHA-256 of the other files, by their names; each cell's files carry the hash of their map.
    pub outputs: BTreeMap<&'static str, Option<String>>,
}

/// What a run compares: the content of `plan.json`, so that another comparison does not go on in the same folder.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Plan<'a> {
    pub device: &'a str,
    pub classifier: &'a ModelRecord,
    pub generator: Option<&'a ModelRecord>,
    /// SHA-256 of the metrics.
    pub metrics: Vec<&'a str>,
    pub metric_perturbation: MetricPerturbation<'a>,
    /// Parameters as they were given, PLUGIN.NAME=VALUE.
    pub parameters: &'a [String],
    /// Presets as they were given, PLUGIN=NAME.
    pub presets: &'a [String],
    pub seed: u64,
    /// Left out where it says nothing, so that comparisons of before go on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub apply_orientation: bool,
    /// More of them are welcome in the same folder.
    pub cells: &'a [Cell],
    /// Names of the images; more of them are welcome in the same folder.
    pub images: Vec<&'a str>,
}

/// What metrics that delete replace by.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MetricPerturbation<'a> {
    pub name: &'a str,
    pub sha256: &'a str,
}

/// Every plugin of a comparison with its values, and what was granted to it.
#[derive(Debug)]
pub struct Used {
    pub plugins: BTreeMap<String, PluginRecord>,
    pub grants: Grants,
}

impl Used {
    /// The metrics, which run at their defaults.
    pub fn by(metrics: &[&Plugin]) -> Used {
        let record = |metric: &&Plugin| {
            (format!("metric {}", metric.name()), PluginRecord::of(metric, &Settings::defaults(metric.info())))
        };
        Used { plugins: metrics.iter().map(record).collect(), grants: Grants::none() }
    }

    /// Adds the method and the perturbation of a cell.
    pub fn add(&mut self, chosen: &Chosen<'_>) {
        let method = (chosen.method, &chosen.method_settings);
        let perturbation = chosen.perturbation.zip(Some(&chosen.perturbation_settings));
        for (plugin, values) in std::iter::once(method).chain(perturbation) {
            self.plugins.insert(format!("{} {}", plugin.role(), plugin.name()), PluginRecord::of(plugin, values));
            for need in plugin.info().needs.iter().filter(|need| chosen.grants.contains(plugin.name(), **need)) {
                self.grants = std::mem::replace(&mut self.grants, Grants::none()).with(plugin.name(), *need);
            }
        }
    }
}

impl Plan<'_> {
    /// Whether a plan of before, as JSON, is one of the same comparison.
    pub fn continues(&self, before: &str) -> bool {
        let shared = |plan: serde_json::Value| match plan {
            serde_json::Value::Object(mut plan) => {
                plan.remove("cells");
                plan.remove("images");
                Some(plan)
            }
            _ => None,
        };
        let before = serde_json::from_str(before).ok().and_then(shared);
        before.is_some() && before == serde_json::to_value(self).ok().and_then(shared)
    }
}

#[cfg(test)]
mod tests {
    use super::Comparison;

    #[test]
    fn the_schema_is_that_of_the_file() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/comparison.json");
        lacuna_tests::documents::holds_schema::<Comparison<'_>>(&file);
    }
}
