//! Random numbers that a seed fixes for good.

use std::ops::{Deref, DerefMut};

/// SplitMix64 ([`lacuna_numeric::SplitMix`]), with a stream for each phantom and purpose.
#[derive(Clone, Debug)]
pub struct SplitMix(lacuna_numeric::SplitMix);

/// The purpose of a stream: one part of a phantom changes without moving the others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Anatomy,
    Scanner,
    Lesion,
}

impl SplitMix {
    /// Starts the stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(lacuna_numeric::SplitMix::new(seed))
    }

    /// Starts the stream of one phantom and one purpose.
    pub(crate) fn stream(seed: u64, index: u64, purpose: Purpose) -> Self {
        Self(lacuna_numeric::SplitMix::stream(seed, &[index, purpose as u64]))
    }
}

impl Deref for SplitMix {
    type Target = lacuna_numeric::SplitMix;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for SplitMix {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
