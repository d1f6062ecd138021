//! How the program asks the system for memory.

/// Keeps freed memory for the next tensor instead of giving it back to the system.
///
/// glibc maps each large block anew, and the system fills it with zeros page by page when it is first written to: a tenth
/// of a step of DenseNet121 with a batch of 8. The most that the program ever held is what it then keeps.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_what_is_freed() {
    // One arena, because those of other threads, where methods run, map all that is large.
    let options = [(libc::M_MMAP_THRESHOLD, i32::MAX), (libc::M_TRIM_THRESHOLD, i32::MAX), (libc::M_ARENA_MAX, 1)];
    for (option, value) in options {
        // SAFETY: `mallopt` may be called at any time; it takes two numbers, and other threads do not run yet. Where it
        // refuses, memory is handled as before.
        unsafe { libc::mallopt(option, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_what_is_freed() {}
