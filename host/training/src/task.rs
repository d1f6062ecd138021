//! What is learnt: a loss as a function of a batch and of the networks' weights.

use crate::Result;
use lacuna_engine::{Mode, Statistics, Tensor, Trainable};

/// A batch on the device.
#[derive(Debug)]
pub(crate) struct Batch {
    /// (N, C, S, S) in [0, 1].
    pub(crate) images: Tensor,
    /// Rows of the table, for the truth.
    pub(crate) rows: Vec<usize>,
}

/// The loss of a batch.
pub(crate) struct Loss {
    /// One element; the mean over the batch.
    pub(crate) total: Tensor,
    /// Its parts, one element each.
    pub(crate) terms: Vec<(&'static str, Tensor)>,
    /// What the networks measured, one for each network.
    pub(crate) statistics: Vec<Statistics>,
}

/// Something that networks are trained for.
pub(crate) trait Task {
    /// The loss of a batch with `leaves` as the weights of each network.
    fn loss(&self, networks: &[Trainable], leaves: &[Vec<Tensor>], batch: &Batch, mode: Mode) -> Result<Loss>;
}
