//! What must hold of any plugin: checks that authors, tests and doors run, on images and models that travel inside.
//!
//! `subject` makes the models and images -> `method`, `perturbation` and `metric` run one plugin on them -> a [`Stamp`]
//! says what held, with the hash of the plugin that it is for. Other classifiers and settings may still show what these do
//! not: a stamp is about these checks.

mod compare;
mod error;
mod method;
mod metric;
mod perturbation;
pub mod reference;
mod subject;

pub use error::{Error, Result};
pub use subject::Subject;

use lacuna_runtime::{CONTRACT_VERSION, CancelToken, Grants, Host, Limits, Need, Plugin, PluginRecord, Role, Settings};
use serde::Serialize;

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    pub name: &'static str,
    /// None for a number that is reported and not judged, and for what does not apply.
    pub holds: Option<bool>,
    /// What was found.
    pub found: String,
}

/// All checks of one plugin.
#[derive(Clone, Debug, Serialize)]
pub struct Stamp {
    pub role: Role,
    pub plugin: PluginRecord,
    pub contract: &'static str,
    pub lacuna: &'static str,
    pub device: String,
    pub checks: Vec<Check>,
    /// Whether everything that is judged holds.
    pub conforms: bool,
}

/// What a plugin is checked with.
#[derive(Debug)]
pub struct Bench<'a> {
    pub host: &'a Host,
    pub subject: &'a Subject,
    pub plugin: &'a Plugin,
    pub settings: Settings,
    /// What methods and metrics that delete replace by.
    pub perturbation: &'a Plugin,
    pub limits: Limits,
    pub grants: Grants,
    pub cancel: CancelToken,
}

impl Check {
    fn new(name: &'static str, holds: bool, found: impl Into<String>) -> Check {
        Check { name, holds: Some(holds), found: found.into() }
    }

    fn reported(name: &'static str, found: impl Into<String>) -> Check {
        Check { name, holds: None, found: found.into() }
    }
}

impl Bench<'_> {
    /// Runs every check of the plugin's role. A run that fails is a check that does not hold, not an error.
    ///
    /// # Errors
    /// A classifier, which is not checked here, a device that fails, and a user who stops it.
    pub fn stamp(&self) -> Result<Stamp> {
        let checks = match self.plugin.role() {
            Role::Method => method::checks(self)?,
            Role::Perturbation => perturbation::checks(self)?,
            Role::Metric => metric::checks(self)?,
            Role::Classifier | Role::Interpreter => return Err(Error::Classifier(self.plugin.id().clone())),
        };
        // A check that the user stopped says nothing of the plugin.
        if self.cancel.is_cancelled() {
            return Err(Error::Stopped);
        }
        Ok(Stamp {
            role: self.plugin.role(),
            plugin: PluginRecord::of(self.plugin, &self.settings),
            contract: CONTRACT_VERSION,
            lacuna: env!("CARGO_PKG_VERSION"),
            device: self.subject.images.device().name().to_owned(),
            conforms: checks.iter().all(|check| check.holds != Some(false)),
            checks,
        })
    }

    fn needs_generator(&self) -> bool {
        self.plugin.info().needs.contains(&Need::Generator)
    }
}
