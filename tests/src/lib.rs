//! What the tests share: evaluation data, guest programs that are built when a test first asks for them, checks on a GPU, and the
//! bounds of single precision.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

pub mod child;
pub mod documents;
pub mod double;
pub mod languages;
pub mod precision;

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// The folder of evaluation data that `LACUNA_DATA` names, or none with a printed reason.
///
/// Where `LACUNA_REQUIRE_DATA` is set, as in CI, its absence is a failure.
///
/// # Panics
/// When the data is required and absent.
pub fn data_folder() -> Option<PathBuf> {
    let folder = env::var_os("LACUNA_DATA").map(PathBuf::from);
    let found = folder.clone().filter(|folder| folder.join("models/expected.json").is_file());
    if found.is_none() {
        let required = env::var_os("LACUNA_REQUIRE_DATA").is_some();
        assert!(!required, "the evaluation data is required, but LACUNA_DATA names no folder of it: {folder:?}");
        println!("skipped: no evaluation data; LACUNA_DATA names {folder:?}");
    }
    found
}

/// The `.wasm` file of one example of a crate in `tests/guests`, as
/// `cargo build --release --target wasm32-unknown-unknown` writes it.
///
/// # Panics
/// When the guest does not build: that is a failed test.
pub fn guest(krate: &str, example: &str) -> Vec<u8> {
    static BUILT: Mutex<Option<HashMap<String, PathBuf>>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let built = built.get_or_insert_default();
    let folder = built.entry(krate.to_owned()).or_insert_with(|| build(krate));
    let file = folder.join(format!("{example}.wasm"));
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Builds every example of a guest crate; returns the folder of the results.
fn build(krate: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests").join(krate);
    let target = target_folder().join("guests");
    // The flags are for the host's processor, not for a guest.
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--examples", "--target", "wasm32-unknown-unknown"])
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(&source)
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the guest crate {} does not build", source.display());
    target.join("wasm32-unknown-unknown/release/examples")
}

/// The folder that Cargo builds the workspace into: a test's program lies two folders below it.
fn target_folder() -> PathBuf {
    let program = env::current_exe().expect("a running program has a path");
    program.ancestors().nth(3).expect("tests run in target/PROFILE/deps").to_owned()
}
