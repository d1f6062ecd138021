//! What the stores of one run have in common.

use super::{
    cancel::CancelToken,
    meter::Meter,
    objective::{Callback, Objective, Read},
    record::{Journal, Listener},
    watch::Watch,
};
use crate::{error::RunError, policy::ledger::Quota};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{self as engine, Device, Tape, Tensor};
use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

/// One run's clock, sums and notes, for both plugins.
pub(crate) struct Shared {
    pub(crate) watch: Watch,
    pub(crate) meter: Meter,
    pub(crate) journal: RefCell<Journal>,
    pub(crate) objective: RefCell<Objective>,
    partner_fault: RefCell<Option<RunError>>,
    /// The latest refusal of the perturbation, in the words that the method got, and what it advises.
    advice: RefCell<(String, Vec<Remedy>)>,
    /// The gradient graph, once there is one.
    tape: RefCell<Option<Tape>>,
    /// Every account whose bytes the graph may hold.
    quotas: RefCell<Vec<Arc<Quota>>>,
}

impl Shared {
    pub(crate) fn new(wall_time: Duration, cancel: CancelToken, callback: Callback) -> Rc<Shared> {
        Rc::new(Shared {
            watch: Watch::start(wall_time, cancel),
            meter: Meter::default(),
            journal: RefCell::default(),
            objective: RefCell::new(Objective::new(callback)),
            partner_fault: RefCell::new(None),
            advice: RefCell::default(),
            tape: RefCell::new(None),
            quotas: RefCell::default(),
        })
    }

    /// Tells `listener` of each message from here on.
    pub(crate) fn hear(&self, listener: Listener) {
        *self.journal.borrow_mut() = Journal::heard_by(listener);
    }

    /// For a call that belongs to no run.
    pub(crate) fn alone(wall_time: Duration, cancel: CancelToken) -> Rc<Shared> {
        Shared::new(wall_time, cancel, Box::new(|_| ()))
    }

    /// What the perturbation plugin did wrong. The first cause counts: what follows is its consequence. The method may
    /// swallow the error that it gets; the run still ends with this one.
    pub(crate) fn blame_partner(&self, fault: RunError) {
        self.partner_fault.borrow_mut().get_or_insert(fault);
    }

    pub(crate) fn partner_fault(&self) -> Option<RunError> {
        self.partner_fault.borrow().clone()
    }

    /// The perturbation refused in these words, which alone cannot carry its remedies through the method.
    pub(crate) fn remember_advice(&self, words: &str, remedies: Vec<Remedy>) {
        *self.advice.borrow_mut() = (words.to_owned(), remedies);
    }

    /// The remedies of a refusal that the method handed on as it was.
    pub(crate) fn advice_on(&self, words: &str) -> Vec<Remedy> {
        let advice = self.advice.borrow();
        if advice.0 == words { advice.1.clone() } else { Vec::new() }
    }

    /// Whether the time is over, or the user wants no result any more, for computations that look between their steps.
    pub(crate) fn unwanted(self: &Rc<Shared>) -> Rc<dyn Fn() -> bool> {
        let shared = self.clone();
        Rc::new(move || shared.watch.check(Instant::now()).is_err() || shared.watch.unwanted())
    }

    /// An account that the graph of this run may hold bytes of.
    pub(crate) fn enlist(&self, quota: &Arc<Quota>) {
        self.quotas.borrow_mut().push(quota.clone());
    }

    /// Goes on with the gradient graph of what ran before in the same stores.
    pub(crate) fn follow(&self, before: &Shared) {
        *self.tape.borrow_mut() = before.tape.borrow_mut().take();
    }

    /// Makes a leaf, or a result behind a backward pass, a part of the run's graph.
    pub(crate) fn tie(&self, tensor: &Tensor, device: &Device) -> engine::Result<()> {
        let mut tape = self.tape.borrow_mut();
        let tape = match &mut *tape {
            Some(tape) => tape,
            none => none.insert(Tape::new(device)?),
        };
        tape.tie(tensor);
        Ok(())
    }

    /// Frees what of the graph no handle needs, and gives its bytes back.
    pub(crate) fn sweep(&self) -> engine::Result<()> {
        if let Some(tape) = &mut *self.tape.borrow_mut() {
            tape.sweep()?;
        }
        self.swept();
        Ok(())
    }

    /// A backward pass went through the graph, which frees what no handle needs.
    pub(crate) fn swept(&self) {
        self.quotas.borrow().iter().for_each(|quota| quota.swept());
    }

    /// Keeps terms that were read and tells the embedder.
    pub(crate) fn take_terms(&self, read: Vec<Read>) {
        let start = Instant::now();
        self.objective.borrow_mut().keep(read, self.watch.elapsed());
        self.meter.add_embedder(start.elapsed());
    }
}
