//! A session: files in, explanations out, for every door of Lacuna.
//!
//! [`Plugins`] are found and compiled -> a [`Session`] joins them with a device and with what they may use -> a [`Model`] is read
//! and hashed, a [`GeneratorModel`] beside it; loaded they are [`Models`] -> a [`Choice`] of plugins and values becomes what
//! runs, [`Chosen`] -> a [`Subject`] or a [`VolumeSubject`] is a file as the classifier takes it ->
//! an [`Explainer`] asks the runtime, several subjects together -> an [`Answer`] on the classifier's grid, an [`Explained`] on the
//! image's own -> [`write()`] or [`write_volume`] puts the files of a result into an [`OutputFolder`], all of them or none, with the
//! record that proves them.
//!
//! A door hands in a [`Watch`], which shows progress and warnings, and a `CancelToken`; an [`Error`] has places and remedies as
//! data, which the door puts in its own words.
//!
//! Deliberately absent: arguments, terminals, exit codes.

mod choice;
mod error;
mod explain;
mod folder;
pub mod hash;
mod model;
mod plugins;
mod provenance;
mod session;
mod subject;
mod watch;

pub use choice::{Choice, Chosen, DEFAULT_METHOD, DEFAULT_PERTURBATION, Selection};
pub use error::{Error, Result};
pub use explain::{
    Answer, Batch, ChangedBy, Explained, Explainer, Given, Picked, Seen, Summary, Target, write, write_volume,
};
pub use folder::{OutputFolder, RECORD};
pub use model::{FileRecord, GeneratorModel, Model, ModelRecord, Trust};
pub use plugins::{Plugins, data_folder, read_component};
pub use provenance::Provenance;
pub use session::{Models, Session};
pub use subject::{ImageRecord, OtherHalf, Subject, VolumeSubject};
pub use watch::{Unwatched, Waiting, Watch};
