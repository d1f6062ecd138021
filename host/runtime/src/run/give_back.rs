//! Memory that a run has freed goes back to the system.

/// Gives freed memory back to the system when it is dropped: after the stores of a run, so it is made before them.
///
/// glibc keeps freed buffers of up to 32 MiB for later. Buffers of many sizes, which guests choose, leave gaps in them: after
/// seven million random calls a process held 320 MiB more than it began with. Other systems' allocators give memory back on
/// their own.
pub(crate) struct GivesBack;

impl Drop for GivesBack {
    fn drop(&mut self) {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        #[expect(unsafe_code, reason = "glibc is asked for it by a function of C")]
        // SAFETY: `malloc_trim` takes no pointer and may be called by any thread at any time.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
