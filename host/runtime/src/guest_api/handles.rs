//! The host's side of each resource of the contract.

use crate::policy::ledger::Charge;
use lacuna_engine::{Adam, Classifier, Generator, Gradients, Tensor};
use std::sync::Arc;
use wasmtime::component::ResourceAny;

/// A tensor, and the device bytes that it keeps on its holder's account until dropped.
#[derive(Clone)]
pub struct TensorHandle {
    pub(crate) tensor: Tensor,
    pub(crate) charge: Arc<Charge>,
}

/// The gradients of one scalar, and what they take.
pub struct GradientsHandle {
    pub(crate) gradients: Gradients,
    pub(crate) _charge: Arc<Charge>,
}

/// An optimiser, and what it takes; its two moments take device memory from the first step on.
#[derive(Clone)]
pub struct AdamHandle {
    pub(crate) adam: Adam,
    pub(crate) charge: Option<Arc<Charge>>,
}

/// The classifier of the run, lent to the method.
pub struct ClassifierHandle(pub(crate) Classifier);

/// The generator of the run.
pub struct GeneratorHandle(pub(crate) Generator);

/// A perturbation that lives in the perturbation plugin's own store.
#[derive(Clone)]
pub struct PerturbationHandle {
    pub(crate) guest: ResourceAny,
    /// What it was made for.
    pub(crate) images: TensorHandle,
}
