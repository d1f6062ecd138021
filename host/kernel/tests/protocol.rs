//! Jupyter's own clients talk to the kernel of `examples/echo.rs`: `tests/protocol/*.py`, with the suite `jupyter_kernel_test`.
//!
//! `LACUNA_JUPYTER` names a Python with jupyter_kernel_test, jupyter_client, nbclient and pytest; without it there is nothing to
//! test, which is an error where `LACUNA_REQUIRE_JUPYTER` is set. `LACUNA_KERNEL_COMMAND`, a JSON list of arguments in which
//! `{connection_file}` stands for the path, names another kernel to test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::{env, path::Path, process::Command};

const COMMAND: &str = "LACUNA_KERNEL_COMMAND";

#[test]
fn jupyters_clients_are_served() {
    let Some(python) = env::var_os("LACUNA_JUPYTER") else {
        assert!(env::var_os("LACUNA_REQUIRE_JUPYTER").is_none(), "LACUNA_JUPYTER names no Python");
        return println!("skipped: LACUNA_JUPYTER names no Python with Jupyter's clients");
    };
    let toy = || {
        // Cargo builds examples with tests, beside the folder of the tests.
        let tests = env::current_exe().unwrap();
        let built = tests.ancestors().nth(2).unwrap().join("examples").join(format!("echo{}", env::consts::EXE_SUFFIX));
        assert!(built.is_file(), "{} is not built", built.display());
        serde_json::json!([built, "{connection_file}"]).to_string()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocol");
    let status = Command::new(python)
        .args(["-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", "."])
        .env(COMMAND, env::var(COMMAND).unwrap_or_else(|_| toy()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder)
        .status();
    assert!(status.unwrap().success());
}
