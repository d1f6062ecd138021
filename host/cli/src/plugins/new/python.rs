//! A plugin in Python: its source, the vocabulary that cells of notebooks have too, and the contract, which componentize-py
//! makes a component of.
//!
//! `save_plugin` in a notebook fills the same templates but that of the source (`lacuna/notebook/saving.py`).

use super::{Begun, filled, role::Role};
use crate::kernel::TOOL;
use lacuna_builtin::CELLS_PYTHON;

const APP: &str = include_str!("../../../../../plugins/cells-python/src/template/app.py.txt");
const README: &str = include_str!("../../../../../plugins/cells-python/src/template/README.md.txt");
const TEST: &str = include_str!("../../../../../plugins/cells-python/src/template/test.py.txt");
const PERTURBATION: &str = include_str!("../../../../../plugins/cells-python/src/template/perturbation.py.txt");
const METHOD: &str = include_str!("../../../../../plugins/cells-python/src/template/method.py.txt");
const METRIC: &str = include_str!("../../../../../plugins/cells-python/src/template/metric.py.txt");

/// Name of the source's module: one that is no keyword and no module of Python's own, whatever the plugin is called.
const MODULE: &str = "plugin";

/// The folder of a plugin.
pub fn begin(name: &str, role: Role) -> Begun {
    let kind = role.word();
    let file = name.replace('-', "_");
    let grant = role.grant(name);
    let as_words = grant.as_ref().map_or_else(String::new, |grant| format!(" --grant {grant}"));
    let as_list = grant.as_ref().map_or_else(String::new, |grant| format!(r#", "--grant", "{grant}""#));
    let used = role.used(name);
    let (source, classes, function) = match role {
        Role::Perturbation => (PERTURBATION, "Perturbations", "fill"),
        Role::Method => (METHOD, "Methods", "explain"),
        Role::Metric => (METRIC, "Metrics", "measure"),
    };
    let words = [
        ("name", name),
        ("module", MODULE),
        ("file", &file),
        ("function", function),
        ("kind", kind),
        ("classes", classes),
        ("summary", role.summary()),
        ("about", "It is an example, which is yours to change."),
        ("tool", TOOL),
        ("grant", &as_words),
        ("granted", &as_list),
        ("used", &used),
        ("contract", ""),
    ];
    let templates =
        [("plugin.py", source), ("app.py", APP), ("test_plugin.py", TEST), ("README.md", README)].into_iter();
    let mut files: Vec<_> = templates.map(|(path, template)| (path.to_owned(), filled(template, &words))).collect();
    files.extend(CELLS_PYTHON.iter().filter_map(|(path, text)| Some((place(path)?, (*text).to_owned()))));
    Begun {
        files,
        build: vec![
            format!("python3 -m venv .venv && .venv/bin/pip install {TOOL}"),
            format!(".venv/bin/componentize-py -d wit -w {kind}-plugin componentize app -o {file}.wasm"),
        ],
        component: format!("{file}.wasm"),
    }
}

/// Where a source of the interpreter of cells lies in a plugin: the contract, and the vocabulary without the notebook's part.
fn place(path: &str) -> Option<String> {
    if let Some(file) = path.strip_prefix("wit/v0.2/") {
        return Some(format!("wit/{file}"));
    }
    let file = path.strip_prefix("plugins/cells-python/src/lacuna/")?;
    (!file.starts_with("notebook/")).then(|| format!("lacuna/{file}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::{Role, begin};

    #[test]
    fn the_folder_is_whole_and_every_word_is_filled() {
        for role in [Role::Perturbation, Role::Method, Role::Metric] {
            let begun = begin("my-own", role);
            let text = |path: &str| &begun.files.iter().find(|(at, _)| at == path).unwrap().1;
            assert!(text("plugin.py").contains(&format!("@{}(name=\"my-own\"", role.word())));
            assert!(text("plugin.py").contains(role.summary()));
            for path in ["app.py", "test_plugin.py", "README.md", "wit/worlds.wit", "lacuna/__init__.py"] {
                assert!(!text(path).is_empty(), "{path}");
            }
            for (path, text) in &begun.files {
                assert!(!path.contains("notebook/"), "{path}");
                assert!(!text.contains("{{"), "{path}: {text}");
            }
            for command in &begun.build {
                assert!(text("README.md").contains(command), "{command}");
            }
        }
    }
}
