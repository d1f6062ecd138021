//! The end of a run: whose fault, or which map.

use super::{
    extras::{self, Extra},
    failure, findings,
    meter::Group,
    record::{Message, RunRecord},
    state::PluginState,
};
use crate::{
    bindings::method::{exports::lacuna::explain::methods::Explanation, lacuna::explain::errors::Error as WitError},
    error::RunError,
    guest_api::handles::TensorHandle,
    plugin::description::PluginInfo,
};
use lacuna_diagnostic::Finding;
use lacuna_engine::Tensor;
use wasmtime::component::Resource;

/// What a run gave.
#[derive(Debug)]
pub struct Outcome {
    /// (N, 1, H, W), finite; larger means more evidence for the target.
    pub map: Tensor,
    /// What belongs to the map, for example the mask at its own resolution.
    pub extras: Vec<Extra>,
    /// What the user should know of this result.
    pub findings: Vec<Finding>,
    /// What the plugins said while they worked.
    pub messages: Vec<Message>,
    pub record: RunRecord,
}

/// The part of an outcome that the method made.
pub(crate) struct Checked {
    pub(crate) map: Tensor,
    pub(crate) extras: Vec<Extra>,
    pub(crate) findings: Vec<Finding>,
}

/// Judges what the method's call came to, for images of the given shape.
///
/// A run that the user stopped is a cancelled run whatever the guest made of it; a fault of the perturbation comes before
/// what the method did after it.
pub(crate) fn judge(
    state: &mut PluginState,
    answer: wasmtime::Result<Result<Explanation, WitError>>,
    images: &[usize],
    info: &PluginInfo,
) -> Result<Checked, RunError> {
    if state.shared().watch.cancelled() {
        return Err(RunError::Cancelled);
    }
    if let Some(fault) = state.shared().partner_fault() {
        return Err(fault);
    }
    let explanation = match answer {
        Ok(Ok(explanation)) => explanation,
        Ok(Err(error)) => return Err(failure::of_refusal(state, &error)),
        Err(trap) => return Err(failure::of_call(state, &trap)),
    };
    if let Some(mut partner) = state.partner.take() {
        partner.check_last(state)?;
        state.partner = Some(partner);
    }
    read_last_terms(state)?;
    let map = take(state, explanation.map)?;
    check_map(state, &map, images)?;
    let extras = extras::checked(state, explanation.extras, images)?;
    let findings = findings::checked(state, explanation.findings, images.first().copied().unwrap_or(0), info)?;
    Ok(Checked { map, extras, findings })
}

/// The shape of a mask or a map of images.
pub(super) fn with_one_channel(images: &[usize]) -> Vec<usize> {
    let mut shape = images.to_vec();
    if let Some(channels) = shape.get_mut(1) {
        *channels = 1;
    }
    shape
}

fn check_map(state: &mut PluginState, map: &Tensor, images: &[usize]) -> Result<(), RunError> {
    let what = "a map".to_owned();
    let expected = with_one_channel(images);
    let (plugin, found) = (state.id.clone(), map.shape());
    if found != expected {
        return Err(RunError::Shape { plugin, what, expected, found });
    }
    let checked = state.compute("the check of the map", Group::Readback, || map.is_finite());
    match checked.map_err(|fault| failure::of_fault(state, fault))? {
        true => Ok(()),
        false => Err(RunError::NonFinite { plugin, what }),
    }
}

/// A tensor that the guest gave away, outside the graph.
pub(super) fn take(state: &mut PluginState, handle: Resource<TensorHandle>) -> Result<Tensor, RunError> {
    let taken = state.table().delete(handle).map_err(Into::into);
    let taken =
        taken.and_then(|handle| state.compute("the end of the run", Group::Readback, || handle.tensor.detach()));
    taken.map_err(|fault| failure::of_fault(state, fault))
}

fn read_last_terms(state: &mut PluginState) -> Result<(), RunError> {
    let shared = state.shared().clone();
    let waiting = shared.objective.borrow_mut().take_waiting();
    if !waiting.is_empty() {
        let read = state.read_terms(waiting).map_err(|fault| failure::of_fault(state, fault))?;
        shared.take_terms(read);
    }
    Ok(())
}
