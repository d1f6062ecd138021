//! What kind of file it is, and a component out of it.

use super::load::LoadError;
use crate::text;
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    panic::catch_unwind,
};
use wasmtime::Engine;
use wit_component::ComponentEncoder;
use wit_parser::PackageId;

/// `\0asm`, then the version and layer of a component.
const COMPONENT: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
/// `\0asm`, then version 1 of a core module.
const CORE_MODULE: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/// The component in `bytes`: as it is, or made from a core module that carries its component type, which is what
/// `cargo build --target wasm32-unknown-unknown` writes for a crate that uses `wit-bindgen`.
///
/// # Errors
/// A file that is neither, or is damaged.
pub(crate) fn component<'a>(engine: &Engine, origin: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, LoadError> {
    let origin = || origin.to_owned();
    if bytes.starts_with(&COMPONENT) {
        return Ok(Cow::Borrowed(bytes));
    }
    if !bytes.starts_with(&CORE_MODULE) {
        let found = bytes.iter().take(8).copied().collect();
        return Err(LoadError::NotWasm { origin: origin(), found });
    }
    wasmtime::Module::validate(engine, bytes).map_err(|error| LoadError::invalid(&origin(), &error))?;
    let refused = |reason: String| LoadError::NotAPlugin { origin: origin(), reason: text::clean(&reason, 400) };
    let encode = || {
        has_ordered_packages(bytes)?;
        ComponentEncoder::default().validate(true).module(bytes)?.encode()
    };
    // The encoder trusts the lengths in the section with the component's type: a damaged one makes it panic.
    match catch_unwind(encode) {
        Ok(Ok(component)) => Ok(Cow::Owned(component)),
        Ok(Err(error)) => Err(refused(format!("{error:#}"))),
        Err(_) => Err(refused("its component type is damaged".to_owned())),
    }
}

/// Makes sure that no package of the component's type depends on itself by way of others: the encoder follows them by
/// recursion without an end.
fn has_ordered_packages(module: &[u8]) -> anyhow::Result<()> {
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let wasmparser::Payload::CustomSection(section) = payload? else { continue };
        if !section.name().starts_with("component-type") {
            continue;
        }
        let (resolve, _) = wit_parser::decoding::decode_world(section.data())?;
        let mut waiting: HashMap<PackageId, HashSet<PackageId>> =
            resolve.packages.iter().map(|(id, _)| (id, resolve.package_direct_deps(id).collect())).collect();
        // Takes away packages that need none of the others, until none is left.
        loop {
            let ready: Vec<PackageId> =
                waiting.iter().filter(|(_, needs)| needs.is_empty()).map(|(id, _)| *id).collect();
            if ready.is_empty() {
                break;
            }
            for id in ready {
                waiting.remove(&id);
                for needs in waiting.values_mut() {
                    needs.remove(&id);
                }
            }
        }
        if let Some(id) = waiting.into_keys().min() {
            anyhow::bail!(
                "the package `{}` of its component type depends on itself by way of others",
                resolve.packages[id].name
            );
        }
    }
    Ok(())
}
