//! Where the time of a run goes.

use std::{cell::Cell, time::Duration};

/// What the engine works for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The classifier, forward.
    Classifier,
    /// Tensor operations of the perturbation plugin.
    Perturbation,
    /// Tensor operations of the method: its objective, its mask, its optimiser.
    Objective,
    /// Gradients of everything.
    Backward,
    /// Numbers that leave the device: for the guest, for progress, and to check that results are finite.
    Readback,
}

const GROUPS: usize = 5;

/// Sums for one run. Cheap: two additions for each host call.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    spent: [Cell<Duration>; GROUPS],
    prepare: Cell<Duration>,
    embedder: Cell<Duration>,
    host_calls: Cell<u64>,
    readback_bytes: Cell<u64>,
    classified: Cell<u64>,
}

impl Meter {
    pub(crate) fn count_call(&self) {
        self.host_calls.set(self.host_calls.get() + 1);
    }

    pub(crate) fn count_readback(&self, bytes: u64) {
        self.readback_bytes.set(self.readback_bytes.get() + bytes);
    }

    /// Images that went through the classifier, or through a part of it.
    pub(crate) fn count_classified(&self, images: u64) {
        self.classified.set(self.classified.get() + images);
    }

    pub(crate) fn add(&self, group: Group, time: Duration) {
        let spent = &self.spent[group as usize];
        spent.set(spent.get() + time);
    }

    /// Making the stores and instances.
    pub(crate) fn add_prepare(&self, time: Duration) {
        self.prepare.set(self.prepare.get() + time);
    }

    /// The embedder's own code, in the progress callback.
    pub(crate) fn add_embedder(&self, time: Duration) {
        self.embedder.set(self.embedder.get() + time);
    }

    pub(crate) fn spent(&self, group: Group) -> Duration {
        self.spent[group as usize].get()
    }

    pub(crate) fn prepare(&self) -> Duration {
        self.prepare.get()
    }

    pub(crate) fn embedder(&self) -> Duration {
        self.embedder.get()
    }

    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls.get()
    }

    pub(crate) fn classified(&self) -> u64 {
        self.classified.get()
    }

    pub(crate) fn readback_bytes(&self) -> u64 {
        self.readback_bytes.get()
    }
}
