//! Libraries and guests know no door: what they say names parameters, options and remedies as data, and never as a piece of
//! a command line, which would be wrong in a notebook or a service.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folders of `host` that are no library of every door: the command line, and what builds.
const OTHERS: [&str; 3] = ["builtin", "cli", "wasm-target"];

#[test]
fn no_library_and_no_guest_says_a_piece_of_a_command_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    let hosts = fs::read_dir(root.join("host")).unwrap().map(|entry| entry.unwrap().path());
    let libraries = hosts.filter(|folder| !OTHERS.iter().any(|other| folder.ends_with(other)));
    libraries.for_each(|folder| sources(&folder.join("src"), &mut files));
    sources(&root.join("plugins"), &mut files);
    assert!(files.len() > 200, "{} files: the folders have moved", files.len());
    let mut said = Vec::new();
    for file in files {
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if !line.trim_start().starts_with("//") && speaks(line) {
                said.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(said.is_empty(), "say it as data (`lacuna_diagnostic::Remedy`) or in plain words:\n{}", said.join("\n"));
}

/// Every source under a folder.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, files),
            false if path.extension().is_some_and(|ending| ending == "rs") => files.push(path),
            false => {}
        }
    }
}

/// Whether a line holds an option such as `--device`, or a command such as `lacuna explain`.
fn speaks(line: &str) -> bool {
    let bytes = line.as_bytes();
    let option = |at: usize| {
        let starts = at == 0 || matches!(bytes[at - 1], b' ' | b'"' | b'`' | b'\'' | b'(' | b'[');
        starts && bytes[at..].starts_with(b"--") && bytes.get(at + 2).is_some_and(u8::is_ascii_lowercase)
    };
    (0..bytes.len()).any(option) || line.contains("`lacuna ")
}

#[test]
fn options_and_commands_are_seen() {
    for line in ["\"try --param score=logit\"", "`--device cpu`", "(--out)", "as `lacuna explain` writes"] {
        assert!(speaks(line), "{line}");
    }
    for line in ["a--b", "-1", "--", "`lacuna:explain`", "i--"] {
        assert!(!speaks(line), "{line}");
    }
}
