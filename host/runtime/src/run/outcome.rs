//! The end of a run: whose fault, or which map.

use super::{
    failure,
    meter::Group,
    record::{Message, RunRecord},
    state::PluginState,
};
use crate::{
    bindings::method::{exports::lacuna::explain::methods::Explanation, lacuna::explain::errors::Error as WitError},
    error::RunError,
    guest_api::handles::TensorHandle,
    text,
};
use lacuna_engine::Tensor;
use wasmtime::component::Resource;

/// Tensors and sentences that a method may add to its map.
const MOST_ADDITIONS: usize = 100;

/// What a run gave.
#[derive(Debug)]
pub struct Outcome {
    /// (N, 1, H, W), finite; larger means more evidence for the target.
    pub map: Tensor,
    /// What belongs to the map, by name, for example the mask at its own resolution.
    pub extras: Vec<(String, Tensor)>,
    /// What the user should know of this result.
    pub findings: Vec<String>,
    /// What the plugins said while they worked.
    pub messages: Vec<Message>,
    pub record: RunRecord,
}

/// The part of an outcome that the method made.
pub(crate) struct Checked {
    pub(crate) map: Tensor,
    pub(crate) extras: Vec<(String, Tensor)>,
    pub(crate) findings: Vec<String>,
}

/// Judges what the method's call came to, for images of the given shape.
///
/// A run that the user stopped is a cancelled run whatever the guest made of it; a fault of the perturbation comes before
/// what the method did after it.
pub(crate) fn judge(
    state: &mut PluginState,
    answer: wasmtime::Result<Result<Explanation, WitError>>,
    images: &[usize],
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
    }
    read_last_terms(state)?;
    let map = take(state, explanation.map)?;
    check_map(state, &map, images)?;
    let extras = explanation.extras.into_iter().take(MOST_ADDITIONS);
    let extras = extras.map(|extra| Ok((text::clean(&extra.name, 64), take(state, extra.value)?)));
    let extras = extras.collect::<Result<Vec<_>, RunError>>()?;
    check_extras(state, &extras)?;
    let findings = explanation.findings.iter().take(MOST_ADDITIONS).map(|finding| text::clean(finding, 1000)).collect();
    Ok(Checked { map, extras, findings })
}

fn check_map(state: &mut PluginState, map: &Tensor, images: &[usize]) -> Result<(), RunError> {
    let what = "a map".to_owned();
    let mut expected = images.to_vec();
    if let Some(channels) = expected.get_mut(1) {
        *channels = 1;
    }
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

/// Extras are read back after the run, each as often as it was handed out: together they may be as large as what the guest may
/// hold. Their numbers are shown as results, so they are finite, and a mask lies in [0, 1].
fn check_extras(state: &mut PluginState, extras: &[(String, Tensor)]) -> Result<(), RunError> {
    let plugin = state.id.clone();
    let requested = extras.iter().fold(0_u64, |sum, (_, extra)| sum.saturating_add(extra.bytes()));
    let allowed = state.quota().allowed();
    if requested > allowed {
        return Err(RunError::DeviceQuota { plugin, allowed, requested });
    }
    for (name, extra) in extras {
        let what = format!("the extra `{name}`");
        let group = Group::Readback;
        let checked = state.compute("the check of the extras", group, || {
            let slack = match name.as_str() {
                "mask" => MASK_SLACK,
                "perturbed" | "counterfactual" => IMAGE_SLACK,
                _ => return Ok((extra.is_finite()?, false)),
            };
            let outside = || extra.subtract(&extra.clamp(-slack, 1.0 + slack)?)?.absolute()?.sum(&[])?.read();
            Ok((extra.is_finite()?, outside()?.iter().any(|sum| *sum != 0.0)))
        });
        match checked.map_err(|fault| failure::of_fault(state, fault))? {
            (true, false) => {}
            (false, _) => return Err(RunError::NonFinite { plugin, what }),
            (true, true) => {
                let reason = match name.as_str() {
                    "mask" => format!("{what} has numbers below 0 or above 1, expected a mask in [0, 1]"),
                    _ => format!("{what} has numbers far from [0, 1], expected images on that scale"),
                };
                return Err(RunError::Refused { plugin, reason });
            }
        }
    }
    Ok(())
}

/// How far a mask may lie outside [0, 1] by rounding.
const MASK_SLACK: f32 = 1e-3;

/// How far an image may: noise goes beyond, and a generator may.
const IMAGE_SLACK: f32 = 10.0;

/// A tensor that the guest gave away, outside the graph.
fn take(state: &mut PluginState, handle: Resource<TensorHandle>) -> Result<Tensor, RunError> {
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
