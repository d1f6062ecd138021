//! What the stores of one run have in common.

use super::{
    cancel::CancelToken,
    meter::Meter,
    objective::{Callback, Objective, Read},
    record::Journal,
    watch::Watch,
};
use crate::error::RunError;
use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

/// One run's clock, sums and notes, for both plugins.
pub(crate) struct Shared {
    pub(crate) watch: Watch,
    pub(crate) meter: Meter,
    pub(crate) journal: RefCell<Journal>,
    pub(crate) objective: RefCell<Objective>,
    partner_fault: RefCell<Option<RunError>>,
}

impl Shared {
    pub(crate) fn new(wall_time: Duration, cancel: CancelToken, callback: Callback) -> Rc<Shared> {
        Rc::new(Shared {
            watch: Watch::start(wall_time, cancel),
            meter: Meter::default(),
            journal: RefCell::default(),
            objective: RefCell::new(Objective::new(callback)),
            partner_fault: RefCell::new(None),
        })
    }

    /// For a call that belongs to no run.
    pub(crate) fn alone(wall_time: Duration) -> Rc<Shared> {
        Shared::new(wall_time, CancelToken::new(), Box::new(|_| ()))
    }

    /// What the perturbation plugin did wrong. The first cause counts: what follows is its consequence. The method may
    /// swallow the error that it gets; the run still ends with this one.
    pub(crate) fn blame_partner(&self, fault: RunError) {
        self.partner_fault.borrow_mut().get_or_insert(fault);
    }

    pub(crate) fn partner_fault(&self) -> Option<RunError> {
        self.partner_fault.borrow().clone()
    }

    /// Keeps terms that were read and tells the embedder.
    pub(crate) fn take_terms(&self, read: Vec<Read>) {
        let start = Instant::now();
        self.objective.borrow_mut().keep(read, self.watch.elapsed());
        self.meter.add_embedder(start.elapsed());
    }
}
