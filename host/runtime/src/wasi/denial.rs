//! A function of WASI that is not answered: denied by its own type.

use super::begin;
use crate::{guest_api::fault::Stop, run::state::PluginState};
use wasmtime::{
    StoreContextMut,
    component::{LinkerInstance, Type, Val, types::ComponentFunc},
};

/// Errors of WASI that mean that something is not there for the plugin, the plainest first.
const DENIALS: [&str; 3] = ["access-denied", "access", "closed"];

/// Links a function that answers every call with the denial that its type has, or that ends the guest's program where the
/// type has none.
pub(super) fn link(
    linked: &mut LinkerInstance<'_, PluginState>,
    member: &str,
    name: String,
    function: &ComponentFunc,
) -> wasmtime::Result<()> {
    let denial = denial(function);
    linked.func_new(member, move |mut store: StoreContextMut<'_, PluginState>, _, given, answer| {
        begin(&store)?;
        for value in given {
            give_back(&mut store, value)?;
        }
        match (&denial, answer) {
            (Some(denial), [answer]) => *answer = denial.clone(),
            _ => return Err(wasmtime::Error::new(Stop::Denied { what: name.clone() })),
        }
        Ok(())
    })
}

/// The value of the function's type that says no.
fn denial(function: &ComponentFunc) -> Option<Val> {
    let Some(Type::Result(result)) = function.results().next() else {
        return None;
    };
    let denied = match result.err()? {
        Type::Enum(errors) => {
            let name = DENIALS.into_iter().find(|denial| errors.names().any(|name| name == *denial))?;
            Val::Enum(name.to_owned())
        }
        Type::Variant(errors) => {
            let plain = |denial: &&str| errors.cases().any(|case| case.name == *denial && case.ty.is_none());
            Val::Variant(DENIALS.into_iter().find(plain)?.to_owned(), None)
        }
        _ => return None,
    };
    Some(Val::Result(Err(Some(Box::new(denied)))))
}

/// Ends the host's hold on every handle in a value that a guest gave.
fn give_back(store: &mut StoreContextMut<'_, PluginState>, value: &Val) -> wasmtime::Result<()> {
    match value {
        Val::Resource(handle) => handle.resource_drop(&mut *store),
        Val::List(values) | Val::Tuple(values) => values.iter().try_for_each(|value| give_back(store, value)),
        Val::Record(fields) => fields.iter().try_for_each(|(_, value)| give_back(store, value)),
        Val::Variant(_, Some(value)) | Val::Option(Some(value)) => give_back(store, value),
        Val::Result(Ok(Some(value)) | Err(Some(value))) => give_back(store, value),
        _ => Ok(()),
    }
}
