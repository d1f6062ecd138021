//! The streams of random numbers of a phantom.

use lacuna_numeric::SplitMix;

/// The purpose of a stream: one part of a phantom changes without moving the others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Anatomy,
    Scanner,
    Lesion,
}

/// Starts the stream of one phantom and one purpose.
pub(crate) fn stream(seed: u64, index: u64, purpose: Purpose) -> SplitMix {
    SplitMix::stream(seed, &[index, purpose as u64])
}
