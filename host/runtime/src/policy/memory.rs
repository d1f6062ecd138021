//! A plugin's own memory: how far it may grow.

use wasmtime::ResourceLimiter;

/// Bytes that one entry of a guest's table of functions takes on the host.
const TABLE_ENTRY_BYTES: u64 = 16;

/// Counts every linear memory and every table of one store against one allowance.
pub(crate) struct MemoryLimiter {
    allowed: u64,
    held: u64,
    refused: Option<u64>,
}

impl MemoryLimiter {
    pub(crate) fn new(allowed: u64) -> MemoryLimiter {
        MemoryLimiter { allowed, held: 0, refused: None }
    }

    pub(crate) fn allowed(&self) -> u64 {
        self.allowed
    }

    /// The total that the guest last asked for and did not get, if it ever did.
    pub(crate) fn refused(&self) -> Option<u64> {
        self.refused
    }

    /// What was refused in an earlier run explains nothing in the next.
    pub(crate) fn forget_refusal(&mut self) {
        self.refused = None;
    }

    fn grow(&mut self, current: u64, desired: u64) -> bool {
        let total = self.held.saturating_add(desired.saturating_sub(current));
        let fits = total <= self.allowed;
        match fits {
            true => self.held = total,
            false => self.refused = Some(total),
        }
        fits
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(current as u64, desired as u64))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = |entries: usize| (entries as u64).saturating_mul(TABLE_ENTRY_BYTES);
        Ok(self.grow(bytes(current), bytes(desired)))
    }

    // A component of several core modules has a handful of each; thousands are an attempt to fill the address space.
    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}
