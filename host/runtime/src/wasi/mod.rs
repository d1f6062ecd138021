//! WASI for plugins whose language cannot do without it: everything can be asked for, and nothing is granted.
//!
//! Interpreters and their tool chains (componentize-py, componentize-js, any `wasm32-wasip2` target) import files, sockets,
//! clocks and the environment whether or not a plugin uses them. The imports are linked, so that such a plugin can run:
//!
//! - there are no files, no network, no environment, no arguments and no standard input;
//! - the clock stands still, and whatever is waited for is there at once, so that no call takes time;
//! - random numbers are the same in every run;
//! - what is written on standard output and standard error becomes messages of the plugin, line by line.
//!
//! No call touches the machine, and no resource that a guest gets has anything behind it on the host: it is an entry in the
//! guest's table of handles, which the store bounds and takes away with itself.
//!
//! [`answers`] is the list of what is answered. Any other function is denied by its own type ([`denial`]), and one whose type
//! has no room for a denial ends the guest's program: nothing is made up.

mod answers;
mod console;
mod denial;
mod random;

use crate::{guest_api::fault::Stop, run::state::PluginState};
use console::Console;
use random::Random;
use wasmtime::{
    Engine, StoreContextMut,
    component::{Component, Linker, LinkerInstance, types::ComponentItem},
};

/// The version of WASI that is answered, with any patch: `wasi:io/poll@0.2.9`.
const VERSION: &str = "0.2.";
/// Packages of WASI that are linked. `wasi:http` is not: no tool chain that can build a plugin needs it.
const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// What WASI keeps of one plugin between its calls.
#[derive(Default)]
pub(crate) struct Wasi {
    random: Random,
    console: Console,
}

impl Wasi {
    /// What the plugin wrote last on its standard error, for the message that ends its run.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.console.last_words()
    }
}

/// What an import of WASI asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Import<'a> {
    /// `io/poll` of `wasi:io/poll@0.2.9`.
    Linked(&'a str),
    /// A package of WASI that is not linked, or another version.
    Refused,
    /// No import of WASI.
    Other,
}

/// Reads the name of a component's import.
pub(crate) fn import(name: &str) -> Import<'_> {
    let Some(rest) = name.strip_prefix("wasi:") else {
        return if name.starts_with("wasi") { Import::Refused } else { Import::Other };
    };
    match (rest.split_once('@'), rest.split_once('/')) {
        (Some((interface, version)), Some((package, _)))
            if PACKAGES.contains(&package) && version.starts_with(VERSION) =>
        {
            Import::Linked(interface)
        }
        _ => Import::Refused,
    }
}

/// The packages of WASI that a component imports, such as `wasi:clocks`, sorted.
pub(crate) fn packages(engine: &Engine, component: &Component) -> Vec<String> {
    let kind = component.component_type();
    let package = |name: &str| match import(name) {
        Import::Linked(interface) => interface.split_once('/').map(|(package, _)| format!("wasi:{package}")),
        Import::Refused | Import::Other => None,
    };
    let mut found: Vec<String> = kind.imports(engine).filter_map(|(name, _)| package(name)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Links every import of WASI that `component` has.
pub(crate) fn link(linker: &mut Linker<PluginState>, engine: &Engine, component: &Component) -> wasmtime::Result<()> {
    for (name, item) in component.component_type().imports(engine) {
        if let (Import::Linked(interface), ComponentItem::ComponentInstance(instance)) = (import(name), &item.ty) {
            let mut linked = linker.instance(name)?;
            for (member, item) in instance.exports(engine) {
                link_member(&mut linked, interface, member, &item.ty)?;
            }
        }
    }
    Ok(())
}

fn link_member(
    linked: &mut LinkerInstance<'_, PluginState>,
    interface: &str,
    member: &str,
    item: &ComponentItem,
) -> wasmtime::Result<()> {
    match item {
        ComponentItem::Resource(_) => linked.resource(member, answers::resource(member), |_, _| Ok(())),
        ComponentItem::ComponentFunc(function) => {
            if answers::link(linked, interface, member)? {
                return Ok(());
            }
            let name = format!("wasi:{interface}, {member}");
            denial::link(linked, member, name, function)
        }
        // A type needs nothing of the host. Whatever else there is stays unlinked, and the component is refused for it.
        _ => Ok(()),
    }
}

/// Every call begins here: it is counted, and ends the guest's program when the time is over.
fn begin(store: &StoreContextMut<'_, PluginState>) -> Result<(), Stop> {
    store.data().begin_query().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_told_apart() {
        for (name, expected) in [
            ("wasi:io/poll@0.2.0", Import::Linked("io/poll")),
            ("wasi:sockets/tcp@0.2.12", Import::Linked("sockets/tcp")),
            ("wasi:io/poll@0.3.0", Import::Refused),
            ("wasi:io/poll@0.20.1", Import::Refused),
            ("wasi:io/poll", Import::Refused),
            ("wasi:http/types@0.2.9", Import::Refused),
            ("wasi:nn/graph@0.2.0", Import::Refused),
            ("wasi_snapshot_preview1", Import::Refused),
            ("lacuna:explain/log@0.2.0", Import::Other),
        ] {
            assert_eq!(import(name), expected, "{name}");
        }
    }
}
