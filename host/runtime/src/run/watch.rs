//! The time that a run may take, and whether the user still wants it.

use super::cancel::CancelToken;
use crate::guest_api::fault::Stop;
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// How long a guest may take to come back after it was told to stop.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looked at in every host call, and every 10 ms while a guest computes.
#[derive(Debug)]
pub(crate) struct Watch {
    started: Instant,
    allowed: Cell<Duration>,
    cancel: CancelToken,
    cancelled_since: Cell<Option<Instant>>,
    forgiven: Cell<bool>,
    /// When the guest is told to stop by itself, if it is.
    hurry: Cell<Option<Duration>>,
}

impl Watch {
    pub(crate) fn start(allowed: Duration, cancel: CancelToken) -> Watch {
        Watch {
            started: Instant::now(),
            allowed: Cell::new(allowed),
            cancel,
            cancelled_since: Cell::new(None),
            forgiven: Cell::new(false),
            hurry: Cell::new(None),
        }
    }

    /// Whether the guest's program has to end now.
    pub(crate) fn check(&self, now: Instant) -> Result<(), Stop> {
        if now.duration_since(self.started) > self.allowed.get() {
            return Err(Stop::OutOfTime);
        }
        if let Some(after) = self.hurry.get().filter(|after| now.duration_since(self.started) > *after) {
            self.hurry.set(Some(after.saturating_mul(2)));
            self.cancel.cancel();
        }
        if !self.cancel.is_cancelled() {
            return Ok(());
        }
        let since = self.cancelled_since.get().unwrap_or(now);
        self.cancelled_since.set(Some(since));
        if now.duration_since(since) > PATIENCE { Err(Stop::Cancelled) } else { Ok(()) }
    }

    /// Tells the guest to stop after this time, as its user would.
    pub(crate) fn hurry(&self, after: Duration) {
        self.hurry.set(Some(after));
    }

    /// Whether a guest was, or is about to be, told to stop.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled_since.get().is_some()
    }

    /// Whether the user wants no result any more, told or not.
    pub(crate) fn unwanted(&self) -> bool {
        self.cancel.is_cancelled()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn allowed(&self) -> Duration {
        self.allowed.get()
    }

    /// Time that does not count: what a guest asked for has a clock of its own.
    pub(crate) fn extend(&self, time: Duration) {
        self.allowed.set(self.allowed.get().saturating_add(time));
    }

    /// The guest was told to stop, and may go on: a notebook's user stops what a cell does, and the cell may answer. Told a second
    /// time, it has to come back.
    pub(crate) fn forgive(&self) {
        if !self.forgiven.replace(true) {
            self.cancel.take_back();
            self.cancelled_since.set(None);
        }
    }

    pub(crate) fn cancel(&self) -> &CancelToken {
        &self.cancel
    }
}
