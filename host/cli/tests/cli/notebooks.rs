//! The gallery of notebooks, run through Jupyter's own client: `plugins/cells-python/tests/notebooks.py`.
//!
//! `LACUNA_JUPYTER` names a Python with nbclient and nbconvert; without it there is nothing to test, which is an error where
//! `LACUNA_REQUIRE_JUPYTER` is set. Sliders are moved where there is a Chromium, which `LACUNA_CHROMIUM` may name.

use crate::common::{Bench, PROGRAM};
use lacuna_tests::languages;
use std::{env, path::Path};

#[test]
fn the_gallery_runs_and_its_sliders_move() {
    let Some(python) = env::var_os("LACUNA_JUPYTER") else {
        assert!(env::var_os("LACUNA_REQUIRE_JUPYTER").is_none(), "LACUNA_JUPYTER names no Python");
        return println!("skipped: LACUNA_JUPYTER names no Python with Jupyter's clients");
    };
    let Some(interpreter) = languages::interpreter() else { return };
    let bench = Bench::new();
    bench.write("cells_python.wasm", interpreter);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/cells-python/tests/notebooks.py");
    let status = bench
        .command(python)
        .arg(script)
        .args(["--lacuna", PROGRAM, "--component", "cells_python.wasm"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status();
    assert!(status.unwrap().success());
}
