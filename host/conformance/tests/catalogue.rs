//! `plugins/CATALOGUE.md` says of each built-in plugin what it says of itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_builtin::BUILT_IN;
use lacuna_runtime::{Host, HostOptions, Parameter, Plugin, PluginLibrary, Role};
use std::path::Path;

const HEAD: &str = "\
# Built-in plugins

What each plugin says of itself; `lacuna plugins inspect NAME` shows the same with the hash. A test writes this page:
`LACUNA_WRITE_DOCUMENTS=1 cargo test --release --test catalogue`.
";

#[test]
fn the_catalogue_is_that_of_the_plugins() {
    let host = Host::new(HostOptions::default()).unwrap();
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&host, BUILT_IN).unwrap();
    let mut page = HEAD.to_owned();
    for (title, role) in [
        ("Methods", Role::Method),
        ("Perturbations", Role::Perturbation),
        ("Metrics", Role::Metric),
        ("Classifiers", Role::Classifier),
    ] {
        let of_role: Vec<&Plugin> = plugins.iter().filter(|plugin| plugin.role() == role).collect();
        if !of_role.is_empty() {
            page.push_str(&format!("\n## {title}\n"));
        }
        of_role.into_iter().for_each(|plugin| describe(&mut page, plugin));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/CATALOGUE.md");
    lacuna_tests::documents::holds(&file, &page);
}

fn describe(page: &mut String, plugin: &Plugin) {
    let info = plugin.info();
    page.push_str(&format!("\n### {}\n\n{}.", info.name, info.summary.trim_end_matches('.')));
    let mut uses: Vec<String> = info.needs.iter().map(ToString::to_string).collect();
    if plugin.uses_perturbation() {
        uses.push("a perturbation".to_owned());
    }
    if !uses.is_empty() {
        page.push_str(&format!(" Uses {}.", uses.join(", ")));
    }
    page.push('\n');
    if !info.parameters.is_empty() {
        page.push_str("\n| parameter | default | allowed | what | default from |\n|---|---|---|---|---|\n");
    }
    for Parameter { name, summary, kind, unit, source } in &info.parameters {
        let default = match kind.default_value().to_string() {
            empty if empty.is_empty() => "empty".to_owned(),
            default => default,
        };
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        let cells =
            [format!("`{name}`"), format!("{default}{unit}"), kind.to_string(), summary.clone(), source.clone()];
        page.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    for preset in &info.presets {
        let settings = match preset.settings.is_empty() {
            true => "the defaults".to_owned(),
            false => format!("`{}`", preset.settings.join(" ")),
        };
        page.push_str(&format!("\nPreset `{}`: {} ({settings}).\n", preset.name, preset.summary.trim_end_matches('.')));
    }
}
