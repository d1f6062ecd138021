//! Checks that a compiler can build the built-in plugins: that it has the standard library of [`TARGET`] and a linker.
//!
//! The build script of this crate runs the check, so that a build that cannot succeed fails in its first minute: Cargo starts
//! the packages first that most others wait for, and the packages in `ahead` wait for this one and do nothing else.

use std::{
    error::Error,
    ffi::{OsStr, OsString},
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The target triple of plugins.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The missing part. `Display` says where it was looked for and how to install it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    rustc: OsString,
    what: What,
}

/// The kinds of missing parts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// The compiler does not start, or does not report the folder of its libraries; holds its error output.
    Answer(String),
    /// The standard library is not in this folder.
    Library(PathBuf),
    /// The libraries are there, and a program of one line does not build; holds the compiler's error output.
    Program(String),
}

/// Looks for the standard library where `rustc` looks for it, and builds a module of one line in the folder `scratch`.
/// Returns the folder of the libraries.
///
/// # Errors
/// [`Missing`], where the compiler does not start, a library is absent, or the module does not build.
pub fn look(rustc: &OsStr, scratch: &Path) -> Result<PathBuf, Missing> {
    let missing = |what| Missing { rustc: rustc.to_owned(), what };
    let asked = run(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    let folder = asked.map_err(|said| missing(What::Answer(said)))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&folder.stdout).trim());
    if !["libcore-", "libstd-"].iter().all(|name| has(&folder, name)) {
        return Err(missing(What::Library(folder)));
    }
    let source = scratch.join("one_line.rs");
    let written = fs::write(&source, "#[unsafe(no_mangle)]\npub extern \"C\" fn one() -> usize { vec![1].len() }\n");
    written.map_err(|error| missing(What::Program(format!("{}: {error}", source.display()))))?;
    let built = run(Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "--target", TARGET, "-o"])
        .args([scratch.join("one_line.wasm"), source]));
    built.map_err(|said| missing(What::Program(said)))?;
    Ok(folder)
}

/// Runs a command; the error is its error output.
fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(output),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// Whether the folder has a library whose file name begins with `name`.
fn has(folder: &Path, name: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        file.starts_with(name) && file.ends_with(".rlib")
    })
}

const NO_PLUGINS: &str = "the built-in plugins cannot be built";

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rustc = self.rustc.to_string_lossy();
        match &self.what {
            What::Answer(said) => {
                writeln!(f, "{NO_PLUGINS}: `{rustc} --print target-libdir --target {TARGET}` failed:")?;
                writeln!(f, "{said}")?;
                write!(f, "Remedy: install Rust from https://rustup.rs, or correct the environment variable RUSTC.")
            }
            What::Library(folder) => {
                writeln!(f, "{NO_PLUGINS}: Rust's standard library for {TARGET} is missing.")?;
                writeln!(f, "`{rustc}` looks for libcore-*.rlib and libstd-*.rlib in {}", folder.display())?;
                writeln!(f, "Remedy: install it, then run the same command again:")?;
                writeln!(f, "    with rustup      rustup target add {TARGET}")?;
                writeln!(f, "    Debian, Ubuntu   apt install libstd-rust-dev-wasm32 lld")?;
                writeln!(f, "    Fedora           dnf install rust-std-static-{TARGET} lld")?;
                writeln!(f, "    Arch             pacman -S rust-wasm lld")?;
                write!(f, "    elsewhere        take Rust from https://rustup.rs")
            }
            What::Program(said) => {
                writeln!(f, "{NO_PLUGINS}: `{rustc}` has the standard library for {TARGET} and makes no module:")?;
                writeln!(f, "{said}")?;
                writeln!(f, "Remedy: if a linker is missing, install it (package lld); if the library is of another")?;
                write!(f, "version than the compiler, install both of the same, for example from https://rustup.rs.")
            }
        }
    }
}

impl Error for Missing {}

#[cfg(test)]
mod tests;
