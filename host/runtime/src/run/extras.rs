//! What a method adds to its map, and whether it can be what it says.

use super::{failure, meter::Group, state::PluginState};
use crate::{bindings::method::exports::lacuna::explain::methods as wit, error::RunError, text};
use lacuna_engine::Tensor;
use serde::{Deserialize, Serialize};

/// Tensors that a method may add to its map.
const MOST: usize = 100;
/// How far a mask may lie outside [0, 1] by rounding.
const MASK_SLACK: f32 = 1e-3;
/// How far an image may: noise goes beyond, and a generator may.
const IMAGE_SLACK: f32 = 10.0;

/// Something that belongs to a map, for example the mask at its own resolution.
#[derive(Debug)]
pub struct Extra {
    /// Lower-case words joined by hyphens; no two extras of an outcome have the same.
    pub name: String,
    pub role: ExtraRole,
    /// (N, ...), finite: an entry for each image.
    pub value: Tensor,
}

/// What an extra is to the user. Each but the last occurs once at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraRole {
    /// The images with the evidence deleted, of the images' shape.
    Perturbed,
    /// Images of another class near the images, of the images' shape.
    Counterfactual,
    /// The mask that made the perturbed images, on their grid with one channel, in [0, 1].
    Mask,
    Other,
}

impl From<wit::Role> for ExtraRole {
    fn from(role: wit::Role) -> ExtraRole {
        match role {
            wit::Role::Perturbed => ExtraRole::Perturbed,
            wit::Role::Counterfactual => ExtraRole::Counterfactual,
            wit::Role::Mask => ExtraRole::Mask,
            wit::Role::Other => ExtraRole::Other,
        }
    }
}

/// The extras of a method for `images`, taken out of its hands.
///
/// They are read back after the run, each as often as it was handed out: together they may be as large as what the guest may
/// hold. Their numbers are shown as results, so they are finite, a mask lies in [0, 1], and images near it.
pub(super) fn checked(
    state: &mut PluginState,
    extras: Vec<wit::Extra>,
    images: &[usize],
) -> Result<Vec<Extra>, RunError> {
    let plugin = state.id.clone();
    let refused = |what: String| Err(RunError::refused(&plugin, what));
    if extras.len() > MOST {
        return refused(format!("it gives {} extras, at most {MOST} are taken", extras.len()));
    }
    let mut taken: Vec<Extra> = Vec::with_capacity(extras.len());
    for extra in extras {
        let (name, role) = (text::clean(&extra.name, 64), ExtraRole::from(extra.role));
        if !text::is_kebab_case(&extra.name) {
            return refused(format!("the name of an extra is `{name}`, expected lower-case words joined by hyphens"));
        }
        if taken.iter().any(|other| other.name == name) {
            return refused(format!("it gives two extras with the name `{name}`"));
        }
        if role != ExtraRole::Other && taken.iter().any(|other| other.role == role) {
            return refused(format!("it gives two extras with the role of `{name}`, of which one at most is expected"));
        }
        taken.push(Extra { name, role, value: super::outcome::take(state, extra.value)? });
    }
    let requested = taken.iter().fold(0_u64, |sum, extra| sum.saturating_add(extra.value.bytes()));
    let allowed = state.quota().allowed();
    if requested > allowed {
        return Err(RunError::DeviceQuota { plugin, allowed, requested });
    }
    for extra in &taken {
        check_shape(state, extra, images)?;
        check_numbers(state, extra)?;
    }
    Ok(taken)
}

fn check_shape(state: &PluginState, extra: &Extra, images: &[usize]) -> Result<(), RunError> {
    let found = extra.value.shape();
    let expected = match extra.role {
        ExtraRole::Perturbed | ExtraRole::Counterfactual => images.to_vec(),
        ExtraRole::Mask => super::outcome::with_one_channel(images),
        ExtraRole::Other => {
            return match found.first() == images.first() {
                true => Ok(()),
                false => Err(RunError::refused(
                    &state.id,
                    format!(
                        "the extra `{}` is of shape {found:?}, expected one entry for each of {} images in its first \
                         dimension",
                        extra.name,
                        images.first().copied().unwrap_or(0)
                    ),
                )),
            };
        }
    };
    match found == expected {
        true => Ok(()),
        false => {
            let what = format!("the extra `{}`", extra.name);
            Err(RunError::Shape { plugin: state.id.clone(), what, expected, found })
        }
    }
}

fn check_numbers(state: &mut PluginState, Extra { name, role, value }: &Extra) -> Result<(), RunError> {
    let plugin = state.id.clone();
    let what = format!("the extra `{name}`");
    let slack = match role {
        ExtraRole::Mask => Some(MASK_SLACK),
        ExtraRole::Perturbed | ExtraRole::Counterfactual => Some(IMAGE_SLACK),
        ExtraRole::Other => None,
    };
    let checked = state.compute("the check of the extras", Group::Readback, || {
        let Some(slack) = slack else { return Ok((value.is_finite()?, false)) };
        let outside = || value.subtract(&value.clamp(-slack, 1.0 + slack)?)?.absolute()?.sum(&[])?.read();
        Ok((value.is_finite()?, outside()?.iter().any(|sum| *sum != 0.0)))
    });
    match checked.map_err(|fault| failure::of_fault(state, fault))? {
        (true, false) => Ok(()),
        (false, _) => Err(RunError::NonFinite { plugin, what }),
        (true, true) => Err(RunError::refused(
            &plugin,
            match role {
                ExtraRole::Mask => format!("{what} has numbers below 0 or above 1, expected a mask in [0, 1]"),
                _ => format!("{what} has numbers far from [0, 1], expected images on that scale"),
            },
        )),
    }
}
