//! A definition of a cell, carried into another instance of the interpreter.
//!
//! An instance cannot be entered while it runs, and a cell that explains is running. So what it defined runs elsewhere.

use super::notebook::{Definition, DefinitionKind};
use crate::{
    bindings::cells::{CellsPlugin, lacuna::cells::notebook as wit},
    error::{Role, RunError},
    guest_api::handles::TensorHandle,
    policy::ledger::Charge,
    run::{failure, state::PluginState},
    text,
};
use sha2::{Digest, Sha256};
use wasmtime::{
    Store,
    component::{Instance, Resource},
};

/// Tensors that one definition may refer to.
pub(crate) const MOST_TENSORS: usize = 64;

/// What an instance adopts before it is asked anything.
pub(crate) struct Adopted {
    definition: Definition,
}

impl Adopted {
    /// The definition with its tensors outside of any gradient graph.
    ///
    /// # Errors
    /// More tensors than [`MOST_TENSORS`], and a device that fails.
    pub(crate) fn new(definition: Definition) -> Result<Adopted, String> {
        if definition.tensors.len() > MOST_TENSORS {
            let count = definition.tensors.len();
            return Err(format!("it refers to {count} tensors, at most {MOST_TENSORS} are carried; join them"));
        }
        let tensors = definition.tensors.iter().map(|tensor| tensor.detach()).collect::<Result<_, _>>();
        let tensors = tensors.map_err(|error: lacuna_engine::Error| error.to_string())?;
        Ok(Adopted { definition: Definition { tensors, ..definition } })
    }

    pub(crate) fn role(&self) -> Role {
        match self.definition.kind {
            DefinitionKind::Perturbation => Role::Perturbation,
            DefinitionKind::Method => Role::Method,
            DefinitionKind::Metric => Role::Metric,
        }
    }

    /// Whether it uses the perturbation that the user chose.
    pub(crate) fn deletes(&self) -> bool {
        self.definition.deletes
    }

    /// SHA-256 over the program's hash, the code and the numbers of the tensors.
    ///
    /// # Errors
    /// A device that gives no numbers.
    pub(crate) fn sha256(&self, program: &str) -> lacuna_engine::Result<String> {
        let mut hash = Sha256::new();
        hash.update(program);
        hash.update(&self.definition.code);
        for tensor in &self.definition.tensors {
            hash.update(format!("{:?}", tensor.shape()));
            tensor.read()?.iter().for_each(|number| hash.update(number.to_le_bytes()));
        }
        Ok(format!("{:x}", hash.finalize()))
    }

    /// Makes a fresh instance what the cell defined.
    ///
    /// # Errors
    /// The interpreter fails on it.
    pub(crate) fn hand_over(&self, store: &mut Store<PluginState>, instance: &Instance) -> Result<(), RunError> {
        let guest = CellsPlugin::new(&mut *store, instance);
        let guest = guest.map_err(|error| failure::of_call(store.data(), &error))?;
        let kind = match self.definition.kind {
            DefinitionKind::Perturbation => wit::DefinitionKind::Perturbation,
            DefinitionKind::Method => wit::DefinitionKind::Method,
            DefinitionKind::Metric => wit::DefinitionKind::Metric,
        };
        let lent = self.definition.tensors.iter().map(|tensor| {
            let state = store.data_mut();
            // The definition keeps them alive, whoever shares them.
            let charge = Charge::free(state.quota());
            state.lend(TensorHandle { tensor: tensor.clone(), charge })
        });
        let lent: Result<Vec<_>, _> = lent.collect();
        let lent = lent.map_err(|fault| failure::of_fault(store.data(), fault))?;
        let borrowed: Vec<Resource<TensorHandle>> =
            lent.iter().map(|handle| Resource::new_borrow(handle.rep())).collect();
        let answer = guest.lacuna_cells_cells().call_adopt(&mut *store, kind, &self.definition.code, &borrowed);
        for handle in lent {
            let taken = store.data_mut().table().delete(handle).map(drop).map_err(Into::into);
            taken.map_err(|fault| failure::of_fault(store.data(), fault))?;
        }
        match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => {
                let what = text::clean(&format!("{}: {}", failure.name, failure.text), 1000);
                Err(RunError::refused(&store.data().id, what))
            }
            Err(trap) => Err(failure::of_call(store.data(), &trap)),
        }
    }
}
