//! What can go wrong in a run: who did what, and what to change.

use crate::{
    plugin::description::Need,
    policy::limits::Limit,
    text::{self, bytes},
};
use lacuna_diagnostic::Remedy;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc, time::Duration};

/// What a plugin is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Method,
    Perturbation,
    Metric,
    Classifier,
    /// Runs the cells of a notebook.
    Interpreter,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Method => "method",
            Role::Perturbation => "perturbation",
            Role::Metric => "metric",
            Role::Classifier => "classifier",
            Role::Interpreter => "interpreter",
        })
    }
}

/// Which plugin: role, name and where it came from. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PluginId(Arc<Identity>);

#[derive(PartialEq, Eq)]
struct Identity {
    role: Role,
    name: String,
    origin: String,
}

impl PluginId {
    pub(crate) fn new(role: Role, name: &str, origin: &str) -> PluginId {
        PluginId(Arc::new(Identity { role, name: name.to_owned(), origin: origin.to_owned() }))
    }

    /// A plugin that has not said its name yet.
    pub(crate) fn unnamed(role: Role, origin: &str) -> PluginId {
        PluginId::new(role, "", origin)
    }

    pub fn role(&self) -> Role {
        self.0.role
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it came from: a path, or a word such as `built-in`.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Identity { role, name, origin } = &*self.0;
        match name.is_empty() {
            true => write!(f, "the {role} in `{origin}`"),
            false => write!(f, "the {role} `{name}` ({origin})"),
        }
    }
}

impl fmt::Debug for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a run gave no map. Its text says what happened and, after a full stop, what to change.
///
/// Whatever it is, the host lives and the next run starts afresh.
#[derive(Clone, Debug, PartialEq)]
pub enum RunError {
    /// The guest's program stopped in the middle.
    Trap { plugin: PluginId, what: String, backtrace: Vec<String> },
    /// The guest was running when the time for the run was over.
    OutOfTime { plugin: PluginId, allowed: Duration },
    /// The guest asked for more memory of its own than it may have.
    OutOfMemory { plugin: PluginId, allowed: u64, requested: u64 },
    /// The guest's handles would have kept more device bytes alive than they may.
    DeviceQuota { plugin: PluginId, allowed: u64, requested: u64 },
    /// The guest held more handles than it may.
    Handles { plugin: PluginId, allowed: u64 },
    /// The guest read more numbers back than it may; `allowed` is zero without the grant.
    Readback { plugin: PluginId, allowed: u64, requested: u64 },
    /// The guest gave a tensor with numbers that are NaN or infinite.
    NonFinite { plugin: PluginId, what: String },
    /// The guest gave a tensor of the wrong shape.
    Shape { plugin: PluginId, what: String, expected: Vec<usize>, found: Vec<usize> },
    /// The guest gave up and said why, or gave what cannot be a result.
    Refused { plugin: PluginId, reason: String, remedies: Vec<Remedy> },
    /// The plugin needs what the user has not granted.
    NotGranted { plugin: PluginId, need: Need },
    /// The plugin needs what the classifier, or this host, does not have.
    Unavailable { plugin: PluginId, need: Need },
    /// The request itself is wrong: what, and what to give instead.
    Request { what: String, remedy: String },
    /// The user stopped the run.
    Cancelled,
    /// A classifier outside of this program, or in a component of its own, failed.
    Classifier { what: String, remedies: Vec<Remedy> },
    /// The device failed: no memory, lost, or a model that cannot be computed.
    Device { operation: String, reason: String },
    /// A mistake in Lacuna.
    Internal { operation: String, reason: String },
}

impl RunError {
    /// A refusal without a remedy of the plugin's own.
    pub(crate) fn refused(plugin: &PluginId, reason: impl Into<String>) -> RunError {
        RunError::Refused { plugin: plugin.clone(), reason: reason.into(), remedies: Vec::new() }
    }

    /// The plugin that is to blame, if one is.
    pub fn plugin(&self) -> Option<&PluginId> {
        match self {
            RunError::Trap { plugin, .. }
            | RunError::OutOfTime { plugin, .. }
            | RunError::OutOfMemory { plugin, .. }
            | RunError::DeviceQuota { plugin, .. }
            | RunError::Handles { plugin, .. }
            | RunError::Readback { plugin, .. }
            | RunError::NonFinite { plugin, .. }
            | RunError::Shape { plugin, .. }
            | RunError::Refused { plugin, .. }
            | RunError::NotGranted { plugin, .. }
            | RunError::Unavailable { plugin, .. } => Some(plugin),
            RunError::Request { .. }
            | RunError::Cancelled
            | RunError::Classifier { .. }
            | RunError::Device { .. }
            | RunError::Internal { .. } => None,
        }
    }

    /// What happened, as a sentence without its full stop.
    pub fn what(&self) -> String {
        match self {
            RunError::Trap { plugin, what, backtrace } if backtrace.is_empty() => format!("{plugin} {what}"),
            RunError::Trap { plugin, what, backtrace } => format!("{plugin} {what}, in {}", backtrace.join(" < ")),
            RunError::OutOfTime { plugin, allowed } => {
                format!("{plugin} was running when the wall time of {allowed:?} was over")
            }
            RunError::OutOfMemory { plugin, allowed, requested } => {
                format!("{plugin} asked for {} of its own memory and may have {}", bytes(*requested), bytes(*allowed))
            }
            RunError::DeviceQuota { plugin, allowed, requested } => {
                format!("{plugin} asked for {} of device memory and may hold {}", bytes(*requested), bytes(*allowed))
            }
            RunError::Handles { plugin, allowed } => {
                format!("{plugin} holds {allowed} handles and wanted more")
            }
            RunError::Readback { plugin, allowed: 0, .. } => {
                format!("{plugin} wanted to read numbers back, which was not granted")
            }
            RunError::Readback { plugin, allowed, requested } => {
                format!("{plugin} wanted to read {} back and may read {}", bytes(*requested), bytes(*allowed))
            }
            RunError::NonFinite { plugin, what } => {
                format!("{plugin} gave {what} with numbers that are NaN or infinite")
            }
            RunError::Shape { plugin, what, expected, found } => {
                format!("{plugin} gave {what} of shape {found:?} where {expected:?} is expected")
            }
            RunError::Refused { plugin, reason, .. } => format!("{plugin} gave up: {reason}"),
            RunError::NotGranted { plugin, need } => {
                format!("{plugin} needs `{need}`, which was not granted")
            }
            RunError::Unavailable { plugin, need: Need::Generator } => {
                format!("{plugin} needs a generator, and none was chosen")
            }
            RunError::Unavailable { plugin, need } => {
                format!("{plugin} needs `{need}`, which this classifier cannot give")
            }
            RunError::Request { what, .. } | RunError::Classifier { what, .. } => what.clone(),
            RunError::Cancelled => "the run was cancelled".to_owned(),
            RunError::Device { operation, reason } => {
                format!("the device failed in {operation}: {reason}")
            }
            RunError::Internal { operation, reason } => {
                format!("this is a bug in Lacuna, in {operation}: {reason}")
            }
        }
    }

    /// What the user, or the plugin's author, can change; any of them may help.
    pub fn remedies(&self) -> Vec<Remedy> {
        let raise = |limit: Limit, to: String| Remedy::Raise { limit: limit.name().to_owned(), to };
        let doubled = |count: u64| raise_to(count.saturating_mul(2));
        let advice = |text: &str| vec![Remedy::advice(text)];
        match self {
            RunError::Trap { .. } => {
                advice("report this to the plugin's author with this message: it is a mistake in the plugin")
            }
            RunError::OutOfTime { allowed, .. } => {
                vec![raise(Limit::WallTime, format!("{}s", allowed.as_secs_f64().ceil().max(1.0) * 2.0))]
            }
            RunError::OutOfMemory { requested, .. } => vec![raise(Limit::GuestMemory, doubled(*requested))],
            RunError::DeviceQuota { requested, .. } => vec![
                raise(Limit::DeviceMemory, doubled(*requested)),
                Remedy::advice("give fewer or smaller images at a time"),
            ],
            RunError::Handles { allowed, .. } => vec![raise(Limit::Handles, allowed.saturating_mul(2).to_string())],
            RunError::Readback { plugin, allowed: 0, .. } => vec![grant(plugin, Need::Readback)],
            RunError::Readback { requested, .. } => vec![raise(Limit::Readback, doubled(*requested))],
            RunError::NonFinite { .. } => advice(
                "try a smaller learning rate or weaker weights; with the plugin's defaults this is a mistake of its author",
            ),
            RunError::Shape { .. } => advice("report this to the plugin's author: it is a mistake in the plugin"),
            RunError::Refused { remedies, .. } if !remedies.is_empty() => remedies.clone(),
            RunError::Refused { .. } => advice("change what it objects to, or use another plugin"),
            RunError::NotGranted { plugin, need } => vec![grant(plugin, *need)],
            RunError::Unavailable { need: Need::Generator, .. } => {
                vec![Remedy::one("generator"), Remedy::advice("use a plugin that needs none")]
            }
            RunError::Unavailable { need: Need::Gradients, .. } => {
                advice("use a classifier that can be differentiated, or a method that needs no gradients")
            }
            RunError::Unavailable { .. } => advice("use another classifier, or a method that does not need it"),
            RunError::Request { remedy, .. } => advice(remedy),
            RunError::Classifier { remedies, .. } => remedies.clone(),
            RunError::Cancelled => advice("start it again to get a map"),
            RunError::Device { .. } => vec![
                Remedy::option("device", "cpu"),
                Remedy::advice("give fewer images at a time"),
                Remedy::advice("use a smaller model"),
            ],
            RunError::Internal { .. } => advice("report this with this message and what was run"),
        }
    }

    /// What happened and what to change, as sentences, with the remedies in the words that `words` gives them.
    pub fn in_words(&self, words: impl Fn(&Remedy) -> String) -> String {
        let remedies = Remedy::joined(&self.remedies(), words).unwrap_or_default();
        format!("{}. {}.", sentence(&self.what()), sentence(&remedies))
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Remedy::to_string))
    }
}

fn grant(plugin: &PluginId, need: Need) -> Remedy {
    Remedy::Grant { plugin: plugin.name().to_owned(), need: need.to_string() }
}

/// With a capital first letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

impl std::error::Error for RunError {}

/// A size to suggest: whole MiB or GiB, as limits are read.
fn raise_to(count: u64) -> String {
    match count.div_ceil(1 << 20) {
        mebibytes if mebibytes < 4096 => format!("{mebibytes}MiB"),
        mebibytes => format!("{}GiB", mebibytes.div_ceil(1024)),
    }
}

/// One line for the log and for another plugin: who and what, without the remedy.
pub(crate) fn in_short(error: &RunError) -> String {
    text::clean(&error.what(), 400)
}

#[cfg(test)]
mod tests;
