//! Checks on a GPU, in a process of their own: the software adapter that CI uses (SwiftShader) crashes while a process ends,
//! after everything is done. The child says when it has passed, and its exit code does not count.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::process::Command;

/// What the child prints at its end.
pub const PASSED: &str = "every check on the GPU passed";

/// Runs the ignored test `checks` of this program in a child, on the adapter that `LACUNA_TEST_ADAPTER` names: `gpu` for a
/// real one, or a part of a name. Without the variable it says that it skips.
///
/// # Panics
/// When the child does not print [`PASSED`], or no adapter is named where `LACUNA_REQUIRE_GPU` is set.
pub fn passes(checks: &str) {
    let Ok(adapter) = std::env::var("LACUNA_TEST_ADAPTER") else {
        assert!(
            std::env::var_os("LACUNA_REQUIRE_GPU").is_none(),
            "a GPU adapter is required, but LACUNA_TEST_ADAPTER names none"
        );
        println!("skipped: LACUNA_TEST_ADAPTER names no adapter (`gpu` for a real one, or a part of a name)");
        return;
    };
    let mut child = Command::new(std::env::current_exe().unwrap());
    if let Some(folder) = std::env::var_os("LACUNA_TEST_LIBRARIES") {
        child.env("LD_LIBRARY_PATH", folder);
    }
    let output = child
        .args([checks, "--ignored", "--exact", "--nocapture", "--test-threads=1"])
        .env("LACUNA_TEST_ADAPTER", adapter)
        .env("CUBECL_AUTOTUNE_LEVEL", "minimal")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(text.contains(PASSED), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
}
