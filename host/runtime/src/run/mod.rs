//! One run: a method (or a metric) and a perturbation, each in its own store, from the request to the checked result and
//! its record.

pub(crate) mod cancel;
pub(crate) mod explain;
pub(crate) mod extras;
pub(crate) mod failure;
pub(crate) mod findings;
pub(crate) mod give_back;
pub(crate) mod measure;
pub(crate) mod meter;
pub(crate) mod objective;
pub(crate) mod outcome;
pub(crate) mod partner;
pub(crate) mod perturb;
pub(crate) mod prepare;
pub(crate) mod record;
pub(crate) mod resident;
pub(crate) mod shared;
pub(crate) mod stack;
pub(crate) mod state;
pub(crate) mod watch;
