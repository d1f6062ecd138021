//! Runs explanation methods and perturbations that somebody else wrote, as sandboxed WebAssembly components.
//!
//! The path of a plugin and of a run, in the order of the modules:
//!
//! ```text
//! bytes -> plugin::encode (core module -> component)
//!       -> plugin::contract (what it imports and exports)  -> refused, with the remedy
//!       -> plugin::cache (compiled once, kept by the host)
//!       -> plugin::description (what it says of itself)    -> plugin::settings (typed values of the user)
//!       -> plugin::library (found by name)
//!
//! request -> run::explain -> a store for the method, a store for the perturbation (plugin state, policy::limits)
//!         -> guest_api (each call: handle -> engine -> handle, on the account of policy::ledger)
//!         (a classifier that is a plugin: run::resident, a store that outlives the run)
//!         -> run::outcome (the map, checked)               -> run::record (what ran, with which values, how long)
//! ```
//!
//! Invariants:
//!
//! - This crate does no arithmetic on tensors and touches no pixel; sizes are all it computes.
//! - A guest holds handles. Numbers leave the device for it only by `tensor.read`, granted and counted.
//! - A guest gets nothing but the interfaces of the contract: no files, network, environment, clock or randomness. Where its
//!   language asks for them, the answer is no (`wasi`).
//! - Every run has new stores: whatever a guest did to its instance, the next run starts from the compiled component.
//! - What a guest gets wrong is returned to it as an error of the contract; a trap is a limit or a fault of the host.
//! - The only files that this crate opens are those of its own cache of compiled components ([`CompileCache`]).
//!   Plugins arrive as bytes.

mod bindings;
pub mod cells;
mod error;
mod guest_api;
mod host;
mod plugin;
mod policy;
mod run;
mod text;
mod wasi;

pub use error::{PluginId, Role, RunError};
pub use host::{Host, HostError, HostOptions};
pub use lacuna_diagnostic::{Change, Finding, Owner, Remedy};
pub use plugin::cache::CompileCache;
pub use plugin::contract::CONTRACT_VERSION;
pub use plugin::description::{Need, Parameter, ParameterKind, PluginInfo, Preset};
pub use plugin::library::{LibraryError, PluginLibrary};
pub use plugin::load::{LoadError, Plugin};
pub use plugin::settings::{Settings, SettingsError, Value};
pub use policy::grants::{Grant, Grants};
pub use policy::limits::{Limit, LimitError, Limits};
pub use run::cancel::CancelToken;
pub use run::explain::{ExplainRequest, explain};
pub use run::extras::{Extra, ExtraRole};
pub use run::measure::{MeasureRequest, measure};
pub use run::objective::{ObjectiveHistory, Progress};
pub use run::outcome::Outcome;
pub use run::perturb::{PerturbRequest, perturb};
pub use run::record::{Listener, Message, MessageLevel, PluginRecord, RunRecord, Timings};
pub use run::resident::{ClassifierRequest, open_classifier};
