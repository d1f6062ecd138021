#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use super::*;
use std::{
    env,
    sync::atomic::{AtomicUsize, Ordering},
};

/// A folder of its own.
fn scratch() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("lacuna-wasm-target-{}-{count}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_compiler_of_this_build_makes_modules() {
    let scratch = scratch();
    let folder = look(OsStr::new("rustc"), &scratch).unwrap();
    assert!(has(&folder, "libcore-"), "{}", folder.display());
    assert!(fs::read(scratch.join("one_line.wasm")).unwrap().starts_with(b"\0asm"));
    fs::remove_dir_all(scratch).unwrap();
}

#[test]
fn a_compiler_that_does_not_start_is_named() {
    let scratch = scratch();
    let said = look(OsStr::new("/nowhere/rustc"), &scratch).unwrap_err().to_string();
    assert!(said.contains("/nowhere/rustc --print") && said.contains("Remedy"), "{said}");
    fs::remove_dir_all(scratch).unwrap();
}

#[cfg(unix)]
mod with_a_compiler_of_our_own {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A compiler that says that its libraries are in `libraries`, and answers everything else by `rest`.
    fn compiler(scratch: &Path, libraries: &Path, rest: &str) -> PathBuf {
        let path = scratch.join("rustc");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *target-libdir*{TARGET}) echo '{}';; *) {rest};; esac\n",
            libraries.display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_missing_library_is_told_with_the_place_and_the_packages() {
        let scratch = scratch();
        let libraries = scratch.join("lib");
        let rustc = compiler(&scratch, &libraries, "exit 1");
        let said = || look(rustc.as_os_str(), &scratch).unwrap_err().to_string();
        for part in [
            &*libraries.display().to_string(),
            &*rustc.display().to_string(),
            "libcore-*.rlib",
            "rustup target add wasm32-unknown-unknown",
            "libstd-rust-dev-wasm32",
            "rust-std-static-wasm32-unknown-unknown",
            "rust-wasm",
        ] {
            assert!(said().contains(part), "`{part}` is not in: {}", said());
        }
        // A folder alone, or one of the two libraries, is not enough.
        fs::create_dir(&libraries).unwrap();
        fs::write(libraries.join("libcore-1.rlib"), "").unwrap();
        assert!(said().contains("is missing"), "{}", said());
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn libraries_without_a_linker_are_told_in_the_compilers_words() {
        let scratch = scratch();
        let rustc = compiler(&scratch, &scratch, "echo 'linker `rust-lld` not found' >&2; exit 1");
        for name in ["libcore-1.rlib", "libstd-1.rlib"] {
            fs::write(scratch.join(name), "").unwrap();
        }
        let said = look(rustc.as_os_str(), &scratch).unwrap_err().to_string();
        assert!(said.contains("linker `rust-lld` not found") && said.contains("package lld"), "{said}");
        fs::remove_dir_all(scratch).unwrap();
    }
}
