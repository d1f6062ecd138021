//! What a component may import and must export to be a plugin of this contract.

use super::load::LoadError;
use crate::{
    error::Role,
    wasi::{self, Import},
};
use wasmtime::{Engine, component::Component};

/// The version of `lacuna:explain` that this host speaks. Plugins for the same major and minor version run.
pub const CONTRACT_VERSION: &str = version_of(crate::bindings::WORLDS);

const PACKAGE: &str = "lacuna:explain/";
const COMMON: [&str; 9] =
    ["parameters", "remedies", "errors", "tensors", "autodiff", "optimisers", "generators", "progress", "log"];
/// A classifier answers images, and that is all.
const FOR_CLASSIFIERS: [&str; 5] = ["parameters", "remedies", "errors", "tensors", "log"];
/// A perturbation works on images and masks alone.
const NOT_FOR_PERTURBATIONS: [&str; 3] = ["classifiers", "perturbations", "findings"];

/// Decides the role of a component by its exports, and refuses what the role may not import.
///
/// # Errors
/// An import that no plugin gets, another version of the contract, or none of the exports that make a plugin.
pub(crate) fn role(origin: &str, engine: &Engine, component: &Component) -> Result<Role, LoadError> {
    let kind = component.component_type();
    let imports: Vec<String> = kind.imports(engine).map(|(name, _)| name.to_owned()).collect();
    let exports: Vec<String> = kind.exports(engine).map(|(name, _)| name.to_owned()).collect();

    for name in imports.iter().chain(&exports) {
        check_version(origin, name)?;
    }
    let exported = |interface: &str| exports.iter().any(|name| interface_of(name) == Some(interface));
    let roles = [
        ("methods", Role::Method),
        ("perturbations", Role::Perturbation),
        ("metrics", Role::Metric),
        ("models", Role::Classifier),
    ];
    let role = roles.into_iter().find(|(interface, _)| exported("description") && exported(interface));
    let role = role.map(|(_, role)| role);
    // A forbidden import is the more useful message: a program for WASI has no export of ours either.
    for import in &imports {
        check_import(origin, import, role.unwrap_or(Role::Method))?;
    }
    role.ok_or_else(|| LoadError::NoExport { origin: origin.to_owned(), found: exports })
}

/// The contract of interpreters, and what they import and export of it.
const CELLS: [&str; 2] = ["lacuna:cells/notebook@0.1.0", "lacuna:cells/cells@0.1.0"];

/// Whether a component is an interpreter of a notebook's cells.
///
/// # Errors
/// An import that no interpreter gets, another version of a contract, or no export of cells.
pub(crate) fn check_interpreter(origin: &str, engine: &Engine, component: &Component) -> Result<(), LoadError> {
    let kind = component.component_type();
    let exports: Vec<String> = kind.exports(engine).map(|(name, _)| name.to_owned()).collect();
    for (import, _) in kind.imports(engine) {
        check_version(origin, import)?;
        if import != CELLS[0] {
            check_import(origin, import, Role::Method)?;
        }
    }
    match exports.iter().any(|name| name == CELLS[1]) {
        true => Ok(()),
        false => Err(LoadError::NoCells { origin: origin.to_owned(), found: exports }),
    }
}

/// Whether a component imports an interface of the contract.
pub(crate) fn imports(engine: &Engine, component: &Component, interface: &str) -> bool {
    component.component_type().imports(engine).any(|(name, _)| interface_of(name) == Some(interface))
}

fn check_import(origin: &str, import: &str, role: Role) -> Result<(), LoadError> {
    let forbidden = |why: ForbiddenImport| {
        let (origin, import) = (origin.to_owned(), import.to_owned());
        Err(LoadError::ForbiddenImport { origin, import, why })
    };
    match (interface_of(import), role) {
        (Some(interface), Role::Classifier) if FOR_CLASSIFIERS.contains(&interface) => Ok(()),
        (Some(interface), Role::Classifier)
            if COMMON.contains(&interface) || NOT_FOR_PERTURBATIONS.contains(&interface) =>
        {
            forbidden(ForbiddenImport::NotForClassifiers)
        }
        (Some(interface), _) if COMMON.contains(&interface) => Ok(()),
        (Some(interface), Role::Method | Role::Metric) if NOT_FOR_PERTURBATIONS.contains(&interface) => Ok(()),
        (Some(interface), Role::Perturbation) if NOT_FOR_PERTURBATIONS.contains(&interface) => {
            forbidden(ForbiddenImport::ForMethods)
        }
        (Some(_), _) => forbidden(ForbiddenImport::Unknown),
        (None, _) => match wasi::import(import) {
            Import::Linked(_) => Ok(()),
            Import::Refused => forbidden(ForbiddenImport::System),
            Import::Other => forbidden(ForbiddenImport::Foreign),
        },
    }
}

/// Why an import is refused, which decides the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForbiddenImport {
    /// Of WASI, what is not even denied: HTTP, other versions.
    System,
    /// An interface of the contract that only methods get.
    ForMethods,
    /// An interface of the contract that a classifier has no use for.
    NotForClassifiers,
    /// An interface of our package that this host does not have.
    Unknown,
    /// Anything else.
    Foreign,
}

impl ForbiddenImport {
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            ForbiddenImport::System => {
                "of WASI a plugin may import the packages cli, clocks, filesystem, io, random and sockets of version 0.2, and is \
                 denied all of it. In Rust, build it for wasm32-unknown-unknown; in JavaScript, leave HTTP out (the options \
                 `disable http` and `disable fetch-event` of componentize-js)"
            }
            ForbiddenImport::ForMethods => {
                "only methods and metrics get this interface; a perturbation works on images and masks alone"
            }
            ForbiddenImport::NotForClassifiers => {
                "a classifier gets tensors, its parameters and the log, and nothing else: it answers images with logits"
            }
            ForbiddenImport::Unknown => {
                "this host has no such interface; use a newer host, or build the plugin for this one's contract"
            }
            ForbiddenImport::Foreign => "a plugin may import the interfaces of `lacuna:explain` and nothing else",
        }
    }
}

/// `tensors` of `lacuna:explain/tensors@1.2.3`.
fn interface_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(PACKAGE)?;
    Some(rest.split_once('@').map_or(rest, |(interface, _)| interface))
}

fn check_version(origin: &str, name: &str) -> Result<(), LoadError> {
    if !name.starts_with(PACKAGE) {
        return Ok(());
    }
    let found = name.split_once('@').map_or("none", |(_, version)| version);
    if major_and_minor(found) == major_and_minor(CONTRACT_VERSION) {
        return Ok(());
    }
    Err(LoadError::OtherContract { origin: origin.to_owned(), found: found.to_owned() })
}

/// Versions below 1.0 promise compatibility within a minor version only.
fn major_and_minor(version: &str) -> Option<(&str, &str)> {
    let (major, rest) = version.split_once('.')?;
    Some((major, rest.split_once('.')?.0))
}

/// The version that the text of a package names after `@`. Evaluated by the compiler, which stops where there is none.
const fn version_of(text: &str) -> &str {
    let (bytes, package) = (text.as_bytes(), b"\npackage lacuna:explain@");
    let mut start = 0;
    while !starts_with(bytes, start, package) {
        start += 1;
    }
    let from = start + package.len();
    let mut end = from;
    while bytes[end] != b';' {
        end += 1;
    }
    text.split_at(end).0.split_at(from).1
}

const fn starts_with(bytes: &[u8], start: usize, wanted: &[u8]) -> bool {
    let mut i = 0;
    while i < wanted.len() && bytes[start + i] == wanted[i] {
        i += 1;
    }
    i == wanted.len()
}

#[cfg(test)]
mod tests {
    use super::{CONTRACT_VERSION, version_of};

    #[test]
    fn the_version_stands_in_the_contract() {
        assert_eq!(version_of("/// x@1\npackage lacuna:explain@10.2.3;\n"), "10.2.3");
        assert_eq!(CONTRACT_VERSION.split('.').count(), 3);
    }
}
