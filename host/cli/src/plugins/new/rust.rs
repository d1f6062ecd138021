//! A plugin in Rust: a crate that depends on `lacuna-plugin`.

use super::{Begun, filled, role::Role};
use crate::failure::{Failure, Result};
use std::path::Path;

const MANIFEST: &str = include_str!("../../../../../plugins/sdk/template/Cargo.toml.template");
const README: &str = include_str!("../../../../../plugins/sdk/template/README.md");
const PERTURBATION: &str = include_str!("../../../../../plugins/sdk/template/perturbation.rs");
const METHOD: &str = include_str!("../../../../../plugins/sdk/template/method.rs");
const METRIC: &str = include_str!("../../../../../plugins/sdk/template/metric.rs");

const SDK_BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/sdk");

/// The crate of a plugin. `named` is the folder of `lacuna-plugin` that its user named.
///
/// # Errors
/// That folder has no crate.
pub fn begin(name: &str, role: Role, named: Option<&Path>) -> Result<Begun> {
    let sdk = sdk(named)?;
    let grant = role.grant(name).map_or_else(String::new, |grant| format!(" --grant {grant}"));
    let used = role.used(name);
    let (source, about) = match role {
        Role::Perturbation => (
            PERTURBATION,
            "`describe` names the parameters, `create` prepares the reference R,\n\
             `apply` answers Phi(x; m) for a mask m.",
        ),
        Role::Method => (METHOD, "`describe` names parameters and needs, `explain` makes the map."),
        Role::Metric => (METRIC, "`describe` names parameters and needs, `measure` gives a number for each map."),
    };
    let words = [
        ("name", name),
        ("role", role.word()),
        ("summary", role.summary()),
        ("about", about),
        ("grant", &grant),
        ("used", &used),
        ("sdk", &sdk),
    ];
    let files = [("Cargo.toml", MANIFEST), ("README.md", README), ("src/lib.rs", source)];
    Ok(Begun {
        files: files.map(|(path, template)| (path.to_owned(), filled(template, &words))).into(),
        build: vec!["cargo build --release --target wasm32-unknown-unknown".to_owned()],
        component: "target/wasm32-unknown-unknown/release".to_owned(),
    })
}

/// The dependency as it stands in a `Cargo.toml`.
fn sdk(named: Option<&Path>) -> Result<String> {
    let beside = Path::new(SDK_BESIDE);
    let folder = match named {
        Some(folder) if !folder.join("Cargo.toml").is_file() => {
            return Err(Failure::input(
                format!("--sdk: {}", folder.display()),
                "there is no Cargo.toml",
                "give the folder `plugins/sdk` of Lacuna's source",
            ));
        }
        Some(folder) => Some(folder),
        None => Some(beside).filter(|folder| folder.join("Cargo.toml").is_file()),
    };
    let Some(folder) = folder else {
        return Ok(format!("{:?}", env!("CARGO_PKG_VERSION")));
    };
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    // TOML's basic strings escape as Rust's do, as far as paths are concerned.
    Ok(format!("{{ path = {:?} }}", folder.display().to_string()))
}
