//! `progress` and `log`: what a guest says while it works.

use super::{fault::Fault, handles::TensorHandle};
use crate::{
    bindings::method::lacuna::explain::{
        log::{self, Level},
        progress::{self, Term},
    },
    error::Role,
    run::{meter::Group, objective::MOST_NAMES, record::MessageLevel, state::PluginState},
    text,
};
use lacuna_engine::Tensor;

/// Terms of one report; an objective has a handful.
const MOST_TERMS: usize = 16;

impl progress::Host for PluginState {
    /// The history belongs to the method's objective; a perturbation that reports is only checked for cancellation.
    fn report(&mut self, step: u32, total: u32, terms: Vec<Term>) -> Result<(), Fault> {
        if self.id.role() == Role::Perturbation {
            return self.begin().map(drop);
        }
        if terms.len() > MOST_TERMS {
            let found = terms.len().to_string();
            return Err(Fault::argument("progress.report", "terms", "at most 16 terms", found));
        }
        let terms = terms.iter().map(|term| Ok((term.name.as_str(), self.tensor(&term.value)?)));
        let terms = terms.collect::<Result<Vec<_>, Fault>>()?;
        let kept: Vec<(String, Tensor)> = self.compute("progress.report", Group::Readback, || {
            terms.iter().map(|(name, term)| Ok((text::clean(name, 64), outside_the_graph(term)?))).collect()
        })?;
        let shared = self.shared().clone();
        if !shared.objective.borrow_mut().has_room_for(kept.iter().map(|(name, _)| name.as_str())) {
            let expected = format!("at most {MOST_NAMES} different names in one run");
            return Err(Fault::argument("progress.report", "terms", &expected, "further names".to_owned()));
        }
        let due = shared.objective.borrow_mut().report(step, total, kept);
        if let Some(waiting) = due {
            let read = self.read_terms(waiting)?;
            shared.take_terms(read);
        }
        Ok(())
    }
}

/// One number that no longer keeps the graph of its step alive.
fn outside_the_graph(term: &TensorHandle) -> lacuna_engine::Result<Tensor> {
    if term.tensor.elements() != 1 {
        return Err(lacuna_engine::Error::Shape {
            operation: "progress.report".to_owned(),
            expected: "terms of one element".to_owned(),
            found: term.tensor.shape(),
        });
    }
    term.tensor.detach()?.reshape(&[1])
}

impl log::Host for PluginState {
    fn message(&mut self, level: Level, text: String) -> wasmtime::Result<()> {
        self.begin_query()?;
        let level = match level {
            Level::Debug => MessageLevel::Debug,
            Level::Info => MessageLevel::Info,
            Level::Warning => MessageLevel::Warning,
        };
        self.shared().journal.borrow_mut().add(&self.id, level, &text);
        Ok(())
    }
}
