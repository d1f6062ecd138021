//! Tells the program which sources it is built from.

#![allow(clippy::expect_used, reason = "a build script ends by a panic")]

use std::{env, fs, path::Path, process::Command};

fn main() {
    let root = Path::new("../..");
    for (name, value) in [("LACUNA_TARGET", "TARGET"), ("LACUNA_PROFILE", "PROFILE")] {
        println!("cargo::rustc-env={name}={}", env::var(value).unwrap_or_default());
    }
    let lock = root.join("Cargo.lock");
    let out = env::var("OUT_DIR").expect("Cargo names a folder");
    fs::write(Path::new(&out).join("Cargo.lock"), fs::read(&lock).unwrap_or_default())
        .expect("the folder can be written");
    println!("cargo::rustc-env=LACUNA_COMMIT={}", commit().unwrap_or_default());
    for part in ["Cargo.lock", "Cargo.toml", "host", "plugins", "wit"] {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
    }
    // A commit changes what the branch names, not a source.
    let head = root.join(".git/HEAD");
    if let Ok(text) = fs::read_to_string(&head) {
        println!("cargo::rerun-if-changed={}", head.display());
        let branch = text.strip_prefix("ref: ").map(|branch| root.join(".git").join(branch.trim()));
        if let Some(branch) = branch.filter(|branch| branch.is_file()) {
            println!("cargo::rerun-if-changed={}", branch.display());
        }
    }
}

/// The commit of the checkout, and whether sources differ from it.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let answer = Command::new("git").args(arguments).output().ok().filter(|answer| answer.status.success())?;
        Some(String::from_utf8(answer.stdout).ok()?.trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", "../.."])?;
    Some(if changed.is_empty() { commit } else { format!("{commit}-changed") })
}
