//! Which program, exactly, ran where, and what it was asked: so that a record can be told from that of another build.

use crate::hash;
use chrono::{DateTime, SecondsFormat, Utc};
use lacuna_engine::Device;
use schemars::JsonSchema;
use serde::Serialize;
use std::{env, sync::LazyLock, time::SystemTime};

/// The versions of every library, as they were when this program was built.
const LOCK: &str = include_str!(concat!(env!("OUT_DIR"), "/Cargo.lock"));

/// What a record says of the program that wrote it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Provenance {
    /// Coordinated universal time, RFC 3339.
    written: String,
    command_line: Vec<String>,
    program: &'static Program,
    machine: Machine,
}

/// The program itself.
#[derive(Debug, Serialize, JsonSchema)]
struct Program {
    version: &'static str,
    /// The commit of the sources that it was built from, with `-changed` where they were not the commit's; none outside a checkout.
    commit: Option<&'static str>,
    target: &'static str,
    profile: &'static str,
    /// None where the program cannot read its own file.
    executable_sha256: Option<String>,
    /// None where it was built without the list of its libraries.
    cargo_lock_sha256: Option<String>,
    burn: Option<&'static str>,
    wasmtime: Option<&'static str>,
}

/// The machine on which the program ran.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Machine {
    /// The device that computed, where one did; the CPU's name says how many threads and which instructions.
    device: Option<String>,
    /// The driver of a graphics adapter.
    driver: Option<String>,
    /// Whether the device chooses among its kernels by their speed: two runs may then differ in the last digits.
    kernels_chosen_by_speed: bool,
    system: &'static str,
}

static PROGRAM: LazyLock<Program> = LazyLock::new(|| Program {
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("LACUNA_COMMIT").filter(|commit| !commit.is_empty()),
    target: env!("LACUNA_TARGET"),
    profile: env!("LACUNA_PROFILE"),
    executable_sha256: env::current_exe().ok().and_then(|program| hash::of_file(&program).ok()),
    cargo_lock_sha256: (!LOCK.is_empty()).then(|| hash::of_bytes(LOCK.as_bytes())),
    burn: version_of("burn"),
    wasmtime: version_of("wasmtime"),
});

impl Provenance {
    /// The provenance of a record that is written now.
    pub fn now(device: Option<&Device>) -> Provenance {
        Provenance {
            written: DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Secs, true),
            command_line: env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
            program: &PROGRAM,
            machine: Machine {
                device: device.map(|device| device.name().to_owned()),
                driver: device.and_then(Device::driver).map(str::to_owned),
                kernels_chosen_by_speed: device.is_some_and(|device| !device.is_cpu()),
                system: env::consts::OS,
            },
        }
    }
}

/// The version of a library in the list that the program was built from.
fn version_of(library: &str) -> Option<&'static str> {
    let named = format!("name = \"{library}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != named);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_knows_what_it_is() {
        let program = &*PROGRAM;
        assert!(program.burn.is_some_and(|version| version.starts_with("0.")), "{program:?}");
        assert!(program.wasmtime.is_some(), "{program:?}");
        assert_eq!(program.executable_sha256.as_ref().map(String::len), Some(64));
        assert!(program.target.contains('-'));
    }
}
