//! Room on the stack for guests, whatever the caller's thread has.

use crate::host::GUEST_STACK_BYTES;

/// A method and the perturbation that it calls stand on one stack, with the engine above them.
const ROOM: usize = 2 * GUEST_STACK_BYTES + (4 << 20);

/// Runs `work` with room for two guests: on the caller's stack where that is left, else on another one. Pages that are not touched
/// cost nothing.
pub(crate) fn with_room<R>(work: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(ROOM, ROOM, work)
}
