//! The terms of the objective while it is optimised: kept on the device, read in batches.

use lacuna_engine::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often numbers are read: a device that has to answer every step would wait for every step.
const INTERVAL: Duration = Duration::from_millis(200);
/// Reports after which numbers are read anyway, so that a fast method does not fill the device with them.
const MOST_WAITING: usize = 512;
/// Reports that are kept. More than any optimisation has steps; a guest that reports for ever must not fill the host.
const MOST_KEPT: usize = 200_000;

/// What the embedder is told while a run goes on, at the first step, the last, and at most five times a second.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub step: u32,
    /// Steps in all.
    pub total: u32,
    /// Time since the run began.
    pub elapsed: Duration,
    /// Names and values of the objective's terms at this step.
    pub terms: Vec<(String, f32)>,
}

/// Names of terms in one run; an objective has a handful.
pub(crate) const MOST_NAMES: usize = 32;

/// The objective's terms, step by step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectiveHistory {
    /// Names of the terms, in the order of each row.
    pub names: Vec<String>,
    /// The step of each row.
    pub steps: Vec<u32>,
    /// One row for each report; nothing where a term was not reported or not finite.
    pub values: Vec<Vec<Option<f32>>>,
}

/// A report whose numbers are still on the device.
pub(crate) struct Waiting {
    step: u32,
    total: u32,
    terms: Vec<(String, Tensor)>,
}

/// A report whose numbers have been read.
pub(crate) struct Read {
    step: u32,
    total: u32,
    terms: Vec<(String, f32)>,
}

/// The history so far, and what waits to be read.
pub(crate) struct Objective {
    history: ObjectiveHistory,
    waiting: Vec<Waiting>,
    last_read: Option<Instant>,
    /// Whether the last step was reported.
    ended: bool,
    /// Of all terms so far.
    names: BTreeSet<String>,
    callback: Callback,
}

/// The embedder's progress bar.
pub(crate) type Callback = Box<dyn FnMut(&Progress) + Send>;

impl Objective {
    pub(crate) fn new(callback: Callback) -> Objective {
        let (history, waiting, names) = (ObjectiveHistory::default(), Vec::new(), BTreeSet::new());
        Objective { history, waiting, last_read: None, ended: false, names, callback }
    }

    /// Whether terms of these names can be kept beside those that came before.
    pub(crate) fn has_room_for<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> bool {
        names.for_each(|name| {
            if self.names.len() <= MOST_NAMES && !self.names.contains(name) {
                self.names.insert(name.to_owned());
            }
        });
        self.names.len() <= MOST_NAMES
    }

    /// Takes a report, and gives back those that are due to be read.
    pub(crate) fn report(&mut self, step: u32, total: u32, terms: Vec<(String, Tensor)>) -> Option<Vec<Waiting>> {
        self.waiting.push(Waiting { step, total, terms });
        let recent = self.last_read.is_some_and(|read| read.elapsed() < INTERVAL);
        // The last step is told at once, the first time.
        let last = step >= total && !self.ended;
        self.ended |= last;
        let due = !recent || last || self.waiting.len() >= MOST_WAITING;
        due.then(|| self.take_waiting())
    }

    /// Everything that has not been read.
    pub(crate) fn take_waiting(&mut self) -> Vec<Waiting> {
        self.last_read = Some(Instant::now());
        std::mem::take(&mut self.waiting)
    }

    /// Keeps what was read and tells the embedder the newest of it.
    pub(crate) fn keep(&mut self, read: Vec<Read>, elapsed: Duration) {
        let newest = read.last().map(|r| Progress { step: r.step, total: r.total, elapsed, terms: r.terms.clone() });
        for report in read {
            self.history.add(report);
        }
        if let Some(progress) = newest {
            (self.callback)(&progress);
        }
    }

    pub(crate) fn history(&self) -> &ObjectiveHistory {
        &self.history
    }
}

impl Waiting {
    /// Reads the numbers of many reports in one go.
    pub(crate) fn read(waiting: Vec<Waiting>) -> lacuna_engine::Result<Vec<Read>> {
        let tensors: Vec<Tensor> = waiting.iter().flat_map(|w| w.terms.iter().map(|(_, term)| term.clone())).collect();
        let values = if tensors.is_empty() { Vec::new() } else { Tensor::concatenate(&tensors, 0)?.read()? };
        let mut values = values.into_iter();
        let reports = waiting.into_iter().map(|w| Read {
            step: w.step,
            total: w.total,
            terms: w.terms.into_iter().map(|(name, _)| name).zip(values.by_ref()).collect(),
        });
        Ok(reports.collect())
    }
}

impl ObjectiveHistory {
    fn add(&mut self, report: Read) {
        if self.steps.len() >= MOST_KEPT {
            return;
        }
        let mut row = vec![None; self.names.len()];
        for (name, value) in report.terms {
            let column = self.column(name);
            row.resize(self.names.len(), None);
            row[column] = Some(value).filter(|value| value.is_finite());
        }
        self.steps.push(report.step);
        self.values.push(row);
    }

    fn column(&mut self, name: String) -> usize {
        let known = self.names.iter().position(|known| *known == name);
        known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }
}
