//! Files of this repository that a test writes, and to which it holds them otherwise.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use schemars::{JsonSchema, generate::SchemaSettings};
use std::{env, fs, path::Path};

/// Writes `text` into a file where `LACUNA_WRITE_DOCUMENTS` is set, then compares the two.
///
/// # Panics
/// When the file has another text.
pub fn holds(file: &Path, text: &str) {
    if env::var_os("LACUNA_WRITE_DOCUMENTS").is_some() {
        fs::write(file, text).unwrap();
    }
    let found = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(found, text, "{}: run this test with LACUNA_WRITE_DOCUMENTS=1", file.display());
}

/// The same with the JSON schema of what a type writes.
///
/// # Panics
/// Where [`holds`] does.
pub fn holds_schema<T: JsonSchema>(file: &Path) {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    holds(file, &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
}
