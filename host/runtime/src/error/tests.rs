//! What every error says, held by snapshots: a text that got stale would be seen there.
//!
//! Each list has every variant; the `match` beside it stops compiling where one is missing. `INSTA_UPDATE=always` writes the
//! snapshots anew.

use super::*;
use crate::{HostError, LibraryError, LimitError, LoadError, SettingsError, plugin::contract::ForbiddenImport};
use std::fmt::Display;

fn lines<T: Display>(all: &[T], name: impl Fn(&T) -> &'static str) -> String {
    all.iter().map(|error| format!("{}: {error}\n", name(error))).collect()
}

fn plugin() -> PluginId {
    PluginId::new(Role::Method, "rise", "plugins/rise.wasm")
}

#[test]
fn every_error_of_a_run() {
    let plugin = plugin();
    let text = |text: &str| text.to_owned();
    let remedies = vec![
        Remedy::Set {
            plugin: Some(lacuna_diagnostic::Owner { role: text("method"), name: text("rise") }),
            name: text("samples"),
            to: lacuna_diagnostic::Change::Larger,
        },
        Remedy::another("perturbation"),
    ];
    let mut all = vec![
        RunError::Trap { plugin: plugin.clone(), what: text("stopped: unreachable"), backtrace: vec![] },
        RunError::Trap {
            plugin: plugin.clone(),
            what: text("stopped: unreachable"),
            backtrace: vec![text("a"), text("b")],
        },
        RunError::OutOfTime { plugin: plugin.clone(), allowed: Duration::from_secs(30) },
        RunError::OutOfMemory { plugin: plugin.clone(), allowed: 1 << 28, requested: 3 << 30 },
        RunError::DeviceQuota { plugin: plugin.clone(), allowed: 1 << 28, requested: 1 << 29 },
        RunError::Handles { plugin: plugin.clone(), allowed: 100 },
        RunError::Readback { plugin: plugin.clone(), allowed: 0, requested: 400 },
        RunError::Readback { plugin: plugin.clone(), allowed: 100, requested: 400 },
        RunError::NonFinite { plugin: plugin.clone(), what: text("a map") },
        RunError::Shape { plugin: plugin.clone(), what: text("a map"), expected: vec![1, 1, 8, 8], found: vec![1, 3] },
        RunError::Refused { plugin: plugin.clone(), reason: text("there are no images"), remedies: vec![] },
        RunError::Refused { plugin: plugin.clone(), reason: text("no mask decides the class"), remedies },
        RunError::NotGranted { plugin: plugin.clone(), need: Need::Readback },
        RunError::Request { what: text("0 targets for 1 image"), remedy: text("give one for each") },
        RunError::Cancelled,
        RunError::Classifier { what: text("the program ended"), remedies: vec![Remedy::advice("start it again")] },
        RunError::Device { operation: text("tensor.add"), reason: text("out of memory") },
        RunError::Internal { operation: text("tensor.add"), reason: text("a panic") },
    ];
    all.extend(
        [Need::Gradients, Need::Activations, Need::Generator, Need::Readback]
            .map(|need| RunError::Unavailable { plugin: plugin.clone(), need }),
    );
    let said = lines(&all, |error| match error {
        RunError::Trap { .. } => "trap",
        RunError::OutOfTime { .. } => "out of time",
        RunError::OutOfMemory { .. } => "out of memory",
        RunError::DeviceQuota { .. } => "device quota",
        RunError::Handles { .. } => "handles",
        RunError::Readback { .. } => "readback",
        RunError::NonFinite { .. } => "non-finite",
        RunError::Shape { .. } => "shape",
        RunError::Refused { .. } => "refused",
        RunError::NotGranted { .. } => "not granted",
        RunError::Unavailable { .. } => "unavailable",
        RunError::Request { .. } => "request",
        RunError::Cancelled => "cancelled",
        RunError::Classifier { .. } => "classifier",
        RunError::Device { .. } => "device",
        RunError::Internal { .. } => "internal",
    });
    insta::assert_snapshot!(said);
}

#[test]
fn every_error_of_a_plugin_file() {
    let origin = || "plugins/rise.wasm".to_owned();
    let reason = || "the reason".to_owned();
    let mut all = vec![
        LoadError::NotWasm { origin: origin(), found: b"hell".to_vec() },
        LoadError::NotWasm { origin: origin(), found: vec![] },
        LoadError::NotAPlugin { origin: origin(), reason: reason() },
        LoadError::Invalid { origin: origin(), reason: reason() },
        LoadError::OtherContract { origin: origin(), found: "0.9.0".to_owned() },
        LoadError::NoExport { origin: origin(), found: vec![] },
        LoadError::NoExport { origin: origin(), found: vec!["a".to_owned(), "b".to_owned()] },
        LoadError::NoCells { origin: origin(), found: vec!["a".to_owned()] },
        LoadError::WrongTypes { origin: origin(), reason: reason() },
        LoadError::Slow { origin: origin(), patience: Duration::from_secs(240) },
        LoadError::Describe { origin: origin(), cause: Box::new(RunError::Handles { plugin: plugin(), allowed: 100 }) },
        LoadError::Description { origin: origin(), problem: "the name is empty".to_owned() },
    ];
    let whys = [
        ForbiddenImport::System,
        ForbiddenImport::ForMethods,
        ForbiddenImport::NotForClassifiers,
        ForbiddenImport::Unknown,
        ForbiddenImport::Foreign,
    ];
    all.extend(whys.map(|why| LoadError::ForbiddenImport {
        origin: origin(),
        import: "evil:corp/a@1.0.0".to_owned(),
        why,
    }));
    let said = lines(&all, |error| match error {
        LoadError::NotWasm { .. } => "not wasm",
        LoadError::NotAPlugin { .. } => "not a plugin",
        LoadError::Invalid { .. } => "invalid",
        LoadError::ForbiddenImport { why, .. } => match why {
            ForbiddenImport::System => "forbidden import, system",
            ForbiddenImport::ForMethods => "forbidden import, for methods",
            ForbiddenImport::NotForClassifiers => "forbidden import, not for classifiers",
            ForbiddenImport::Unknown => "forbidden import, unknown",
            ForbiddenImport::Foreign => "forbidden import, foreign",
        },
        LoadError::OtherContract { .. } => "other contract",
        LoadError::NoExport { .. } => "no export",
        LoadError::NoCells { .. } => "no cells",
        LoadError::WrongTypes { .. } => "wrong types",
        LoadError::Slow { .. } => "slow",
        LoadError::Describe { .. } => "describe",
        LoadError::Description { .. } => "description",
    });
    insta::assert_snapshot!(said);
}

#[test]
fn every_error_of_what_is_asked_for() {
    let text = |text: &str| text.to_owned();
    let library = [
        LibraryError::Unknown {
            role: Role::Method,
            name: text("rize"),
            hint: text(" (did you mean `rise`?)"),
            known: text("`rise`"),
        },
        LibraryError::Taken {
            role: Role::Method,
            name: text("rise"),
            first: text("built-in rise"),
            second: text("rise.wasm"),
            remedy: "Rename one",
        },
        LibraryError::Load(LoadError::Invalid { origin: text("a.wasm"), reason: text("the reason") }),
    ];
    let settings = [
        SettingsError::NoValue { plugin: text("rise"), found: text("samples") },
        SettingsError::Parameter {
            plugin: text("rise"),
            found: text("sample"),
            hint: String::new(),
            known: text("it has none"),
        },
        SettingsError::Preset {
            plugin: text("rise"),
            found: text("quick"),
            hint: String::new(),
            known: text("it has none"),
        },
        SettingsError::Value {
            plugin: text("rise"),
            parameter: text("samples"),
            found: text("-1"),
            expected: text("1 to 9"),
        },
    ];
    let limits = [
        LimitError::NoValue(text("handles")),
        LimitError::Name(text("handle")),
        LimitError::Value { limit: Limit::WallTime, found: text("soon") },
    ];
    let host = [HostError::Thread(std::io::Error::other("none left"))];
    let said = [
        lines(&library, |error| match error {
            LibraryError::Unknown { .. } => "unknown plugin",
            LibraryError::Taken { .. } => "two plugins",
            LibraryError::Load(_) => "load",
        }),
        lines(&settings, |error| match error {
            SettingsError::NoValue { .. } => "setting without a value",
            SettingsError::Parameter { .. } => "unknown parameter",
            SettingsError::Preset { .. } => "unknown preset",
            SettingsError::Value { .. } => "wrong value",
        }),
        lines(&limits, |error| match error {
            LimitError::NoValue(_) => "limit without a value",
            LimitError::Name(_) => "unknown limit",
            LimitError::Value { .. } => "wrong limit",
        }),
        lines(&host, |error| match error {
            // Wasmtime's own words.
            HostError::Sandbox(_) => "sandbox",
            HostError::Thread(_) => "thread",
        }),
    ];
    let said = said.concat();
    insta::assert_snapshot!(said);
}
