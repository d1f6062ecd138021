//! Ends the build in its first minute where the built-in plugins cannot be built.

#[path = "src/lib.rs"]
mod wasm_target;

use std::{env, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let scratch = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    match wasm_target::look(&rustc, &scratch) {
        // A target that is taken away later is looked for again.
        Ok(libraries) => println!("cargo::rerun-if-changed={}", libraries.display()),
        // Cargo ends the build for these lines, and shows them alone.
        Err(missing) => missing.to_string().lines().for_each(|line| println!("cargo::error={line}")),
    }
}
