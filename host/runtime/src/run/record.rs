//! What ran, so that it can be proved afterwards and run again.

use super::{
    meter::{Group, Meter},
    objective::ObjectiveHistory,
};
use crate::{
    error::PluginId,
    plugin::{load::Plugin, settings::Settings},
    policy::{grants::Grants, limits::Limits},
    text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Messages that are kept; a guest that never stops talking must not fill the host.
const MOST_MESSAGES: usize = 1000;

/// Everything about one run but the images and the map themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Version of the contract between host and plugins.
    pub contract: String,
    /// Version of this crate.
    pub runtime: String,
    pub method: PluginRecord,
    pub perturbation: Option<PluginRecord>,
    /// Name of the classifier.
    pub classifier: String,
    /// Name of the generator, if one was given.
    pub generator: Option<String>,
    /// Shape of the images, (N, C, H, W) or (N, C, D, H, W).
    pub images: Vec<usize>,
    /// One class index per image.
    pub targets: Vec<usize>,
    pub seed: u64,
    /// Name of the device.
    pub device: String,
    pub limits: Limits,
    pub grants: Grants,
    pub objective: ObjectiveHistory,
    /// Calls from the guests to the host.
    pub host_calls: u64,
    /// Images that went forward through the classifier or a part of it, over all calls.
    pub classified_images: u64,
    /// Bytes that guests read back.
    pub readback_bytes: u64,
    pub timings: Timings,
}

/// Which plugin, exactly, with which values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PluginRecord {
    pub name: String,
    pub version: String,
    /// A path, or a word such as `built-in`.
    pub origin: String,
    /// Of the bytes that were loaded, in hexadecimal.
    pub sha256: String,
    /// Every parameter, defaults included.
    pub settings: Settings,
    /// Names of those that a person or a preset gave a value; the others have their defaults.
    #[serde(default)]
    pub given: Vec<String>,
}

impl PluginRecord {
    /// What a record says of a plugin with these settings.
    pub fn of(plugin: &Plugin, settings: &Settings) -> PluginRecord {
        PluginRecord {
            name: plugin.name().to_owned(),
            version: plugin.info().version.clone(),
            origin: plugin.origin().to_owned(),
            sha256: plugin.sha256().to_owned(),
            settings: settings.clone(),
            given: settings.given().map(str::to_owned).collect(),
        }
    }
}

/// Where the time went, in seconds.
///
/// On a device that works asynchronously, work is counted where its result is waited for, mostly in `readback`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timings {
    /// From the start of the run to its end.
    pub total: f64,
    /// Making the plugins' instances.
    pub prepare: f64,
    /// The classifier, forward.
    pub classifier: f64,
    /// Tensor operations of the perturbation.
    pub perturbation: f64,
    /// Tensor operations of the method: its objective, its mask, its optimiser.
    pub objective: f64,
    /// Gradients of everything.
    pub backward: f64,
    /// Numbers that left the device: for guests, for progress, and to check results.
    pub readback: f64,
    /// The embedder's progress callback.
    pub embedder: f64,
    /// The rest: the guests' own code, and all crossing of the boundary.
    pub boundary: f64,
}

impl Timings {
    pub(crate) fn new(meter: &Meter, total: Duration) -> Timings {
        let seconds = |group| meter.spent(group).as_secs_f64();
        let groups = [Group::Classifier, Group::Perturbation, Group::Objective, Group::Backward, Group::Readback];
        let engine: Duration = groups.into_iter().map(|group| meter.spent(group)).sum();
        // Whole nanoseconds: short decimals, which any reader of the JSON gets back exactly.
        let boundary = total.saturating_sub(meter.prepare() + engine + meter.embedder());
        Timings {
            total: total.as_secs_f64(),
            prepare: meter.prepare().as_secs_f64(),
            classifier: seconds(Group::Classifier),
            perturbation: seconds(Group::Perturbation),
            objective: seconds(Group::Objective),
            backward: seconds(Group::Backward),
            readback: seconds(Group::Readback),
            embedder: meter.embedder().as_secs_f64(),
            boundary: boundary.as_secs_f64(),
        }
    }
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MessageLevel {
    Debug,
    Info,
    Warning,
}

/// What a plugin said to the person who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Name of the plugin.
    pub plugin: String,
    pub level: MessageLevel,
    pub text: String,
}

/// Is told of a message at once.
pub type Listener = Box<dyn FnMut(&Message) + Send>;

/// The messages of one run.
#[derive(Default)]
pub(crate) struct Journal {
    messages: Vec<Message>,
    dropped: u64,
    listener: Option<Listener>,
}

impl Journal {
    /// A journal that tells `listener` of each message, those included that are not kept.
    pub(crate) fn heard_by(listener: Listener) -> Journal {
        Journal { listener: Some(listener), ..Journal::default() }
    }

    pub(crate) fn add(&mut self, plugin: &PluginId, level: MessageLevel, said: &str) {
        let message = Message { plugin: plugin.name().to_owned(), level, text: text::clean(said, 2000) };
        if let Some(tell) = &mut self.listener {
            tell(&message);
        }
        if self.messages.len() >= MOST_MESSAGES {
            self.dropped += 1;
            return;
        }
        let Message { plugin, text, .. } = &message;
        match level {
            MessageLevel::Debug => tracing::debug!(plugin, "{text}"),
            MessageLevel::Info => tracing::info!(plugin, "{text}"),
            MessageLevel::Warning => tracing::warn!(plugin, "{text}"),
        }
        self.messages.push(message);
    }

    /// Adds a message that is not there yet.
    pub(crate) fn add_once(&mut self, plugin: &PluginId, level: MessageLevel, said: &str) {
        let cleaned = text::clean(said, 2000);
        if !self.messages.iter().any(|message| message.plugin == plugin.name() && message.text == cleaned) {
            self.add(plugin, level, said);
        }
    }

    /// The latest message.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.messages.last().map(|message| message.text.clone())
    }

    pub(crate) fn into_messages(mut self) -> Vec<Message> {
        if self.dropped > 0 {
            let text = format!("{} further messages were dropped", self.dropped);
            self.messages.push(Message { plugin: String::new(), level: MessageLevel::Warning, text });
        }
        self.messages
    }
}
