//! The perturbation plugin of a run, in its own store, as the method's calls reach it.

use super::{
    failure, findings,
    meter::Group,
    outcome::with_one_channel,
    shared::Shared,
    state::{PluginState, check_graph},
};
use crate::{
    bindings::{
        method::lacuna::explain::{errors::Error as WitError, parameters::Setting},
        perturbation::{PerturbationPlugin, PerturbationPluginPre},
    },
    error::{RunError, in_short},
    guest_api::{
        fault::{Fault, check_length, in_words, remedies_of},
        handles::{PerturbationHandle, TensorHandle},
    },
    plugin::{description::MOST_PARAMETERS, load::Plugin, settings::Settings},
    policy::ledger::{Charge, Exhausted, Quota},
    text,
};
use lacuna_engine::{Error as EngineError, LARGEST_GRAPH, Tensor};
use std::sync::Arc;
use wasmtime::{Store, component::Resource};

/// A perturbation plugin that is running.
pub(crate) struct Partner {
    plugin: Plugin,
    settings: Settings,
    store: Store<PluginState>,
    guest: PerturbationPlugin,
    /// Whether images were looked at.
    looked: bool,
    last: Option<Applied>,
}

/// The latest use of the perturbation, outside the graph.
struct Applied {
    /// What the perturbation was made for.
    given: Tensor,
    mask: Tensor,
    images: Tensor,
}

impl Partner {
    /// Makes an instance for one run.
    ///
    /// # Errors
    /// An instance that cannot be made within the limits.
    pub(crate) fn start(
        plugin: &Plugin,
        program: &PerturbationPluginPre<PluginState>,
        settings: Settings,
        state: PluginState,
    ) -> Result<Partner, RunError> {
        let mut store = state.into_store(program.engine());
        let instance = plugin.instantiate(&mut store)?;
        let guest = PerturbationPlugin::new(&mut store, &instance);
        let guest = guest.map_err(|error| failure::of_call(store.data(), &error))?;
        Ok(Partner { plugin: plugin.clone(), settings, store, guest, looked: false, last: None })
    }

    /// Forwards `perturbations.create`. The plugin always gets every parameter: the user's settings, changed by what the
    /// method asks for.
    pub(crate) fn create(
        &mut self,
        images: TensorHandle,
        changes: Vec<Setting>,
        seed: u64,
    ) -> Result<PerturbationHandle, Fault> {
        self.check_alive()?;
        check_length("perturbations.create", "settings", changes.len(), MOST_PARAMETERS)?;
        let changed = self.settings.changed(self.plugin.info(), changes);
        let settings = changed.map_err(|error| {
            Fault::argument("perturbations.create", "settings", "settings of the perturbation", error.to_string())
        })?;
        let original = images.clone();
        // Else the perturbation would be blamed for what it makes of them.
        let given = images.tensor.clone();
        if !self.looked
            && !self.store.data_mut().compute("perturbations.create", Group::Readback, move || given.is_finite())?
        {
            return Err(Fault::of_engine("perturbations.create", EngineError::NonFinite(GIVEN.to_owned())));
        }
        let images = self.lend(images)?;
        let interface = self.guest.lacuna_explain_perturbations();
        let lent = Resource::new_borrow(images.rep());
        let answer = interface.call_create(&mut self.store, lent, &settings.to_guest(), seed);
        self.take_back(images)?;
        Ok(PerturbationHandle { guest: self.answer(answer)?, images: original })
    }

    /// Forwards `perturbation.apply`, after checking the mask. Images and their graph are on this plugin's account still.
    pub(crate) fn apply(
        &mut self,
        perturbation: &PerturbationHandle,
        mask: TensorHandle,
    ) -> Result<TensorHandle, Fault> {
        self.check_alive()?;
        check_mask(&perturbation.images.tensor.shape(), &mask.tensor.shape())?;
        let lent = self.lend(mask.clone())?;
        let interface = self.guest.lacuna_explain_perturbations();
        let borrowed = Resource::new_borrow(lent.rep());
        let answer = interface.perturbation().call_apply(&mut self.store, perturbation.guest, borrowed);
        self.take_back(lent)?;
        let given = self.answer(answer)?;
        let images = self.store.data_mut().table().delete(given)?;
        self.check_images(&perturbation.images, &mask, &images)?;
        Ok(images)
    }

    /// Puts perturbed images and their graph on the account of the method. Where they do not fit, whoever brought or keeps the
    /// most is named.
    pub(crate) fn hand_over(&mut self, images: &TensorHandle, method: &mut PluginState) -> Result<(), Fault> {
        let payer = method.quota().clone();
        let handed = self.hand_over_to(images, &payer);
        handed.map_err(|fault| self.hoards(method).unwrap_or(fault))
    }

    /// Blames this plugin if more than half of what the account of `method` holds is alive because this plugin has handles to
    /// it, and the method has none.
    pub(crate) fn hoards(&mut self, method: &mut PluginState) -> Option<Fault> {
        let payer = method.quota().clone();
        let (bytes, results) = Charge::kept_by(self.store.data_mut().charges(), method.charges(), &payer);
        let (held, made) = (payer.allowed().saturating_sub(payer.left()), payer.nodes_with(0));
        if bytes <= held / 2 && results <= made / 2 {
            return None;
        }
        let kept = text::bytes(bytes);
        let reason =
            format!("it keeps {kept} and {results} results of the gradient graph that the method has let go of");
        let fault = RunError::refused(&self.store.data().id, reason);
        Some(self.blame(fault))
    }

    /// Puts perturbed images and their graph on the account of `payer`.
    fn hand_over_to(&self, images: &TensorHandle, payer: &Arc<Quota>) -> Result<(), Fault> {
        let plugin = || self.store.data().id.clone();
        let handed = images.charge.hand_over(payer).or_else(|_| {
            let swept = self.shared().sweep();
            swept.map_err(|error| Fault::of_engine("the gradient graph", error))?;
            let held = payer.allowed().saturating_sub(payer.left());
            images.charge.hand_over(payer).map_err(|Exhausted { allowed, requested }| {
                match requested.saturating_sub(held) > held {
                    true => self.blame(RunError::DeviceQuota { plugin: plugin(), allowed, requested }),
                    false => Fault::from(Exhausted { allowed, requested }),
                }
            })
        });
        let (_, brought) = handed?;
        if brought > LARGEST_GRAPH / 2 {
            let reason = format!(
                "the gradient graph of one perturbed image holds {brought} results, at most {} can be handed to a method",
                LARGEST_GRAPH / 2
            );
            return Err(self.blame(RunError::refused(&plugin(), reason)));
        }
        check_graph(payer.nodes_with(0))
    }

    /// Drops the plugin's side of a perturbation that the method dropped.
    pub(crate) fn release(&mut self, perturbation: PerturbationHandle) {
        if self.shared().partner_fault().is_none()
            && let Err(error) = perturbation.guest.resource_drop(&mut self.store)
        {
            let fault = failure::of_call(self.store.data(), &error);
            self.shared().blame_partner(fault);
        }
    }

    /// Whether the images that the method saw last are finite.
    ///
    /// # Errors
    /// They are not: the method is to blame if the mask was not either, or the images that it gave.
    pub(crate) fn check_last(&mut self, method: &PluginState) -> Result<(), RunError> {
        let Some(applied) = self.last.take() else {
            return Ok(());
        };
        let state = self.store.data_mut();
        let whose = whose_fault(state, &applied).map_err(|fault| failure::of_fault(state, fault))?;
        let (plugin, what) = match whose {
            Whose::Nobodys => return Ok(()),
            Whose::Methods(what) => (&method.id, what),
            Whose::Perturbations => (&state.id, PERTURBED),
        };
        Err(RunError::NonFinite { plugin: plugin.clone(), what: what.to_owned() })
    }

    /// The first images are looked at at once, since a plugin that gives NaN mostly does so from the start; the last ones
    /// at the end, by [`Partner::check_last`]. Looking at each would tell a method without readback what its numbers are.
    fn check_images(&mut self, given: &TensorHandle, mask: &TensorHandle, images: &TensorHandle) -> Result<(), Fault> {
        let (expected, found) = (given.tensor.shape(), images.tensor.shape());
        let plugin = self.store.data().id.clone();
        if found != expected {
            return Err(self.blame(RunError::Shape { plugin, what: PERTURBED.to_owned(), expected, found }));
        }
        let first = !std::mem::replace(&mut self.looked, true);
        let state = self.store.data_mut();
        let group = state.group();
        let applied = state.compute("perturbation.apply", group, || {
            let outside = |tensor: &TensorHandle| tensor.tensor.detach();
            Ok(Applied { given: outside(given)?, mask: outside(mask)?, images: outside(images)? })
        })?;
        if first {
            match whose_fault(state, &applied)? {
                Whose::Nobodys => {}
                Whose::Methods(what) => {
                    return Err(Fault::of_engine("perturbation.apply", EngineError::NonFinite(what.to_owned())));
                }
                Whose::Perturbations => {
                    return Err(self.blame(RunError::NonFinite { plugin, what: PERTURBED.to_owned() }));
                }
            }
        }
        self.last = Some(applied);
        Ok(())
    }

    /// What the plugin answered, with its trap or its error made the method's.
    fn answer<T>(&mut self, answer: wasmtime::Result<Result<T, WitError>>) -> Result<T, Fault> {
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(WitError::Cancelled)) => Err(Fault::Guest(WitError::Cancelled)),
            Ok(Err(error @ WitError::Limit(_))) => {
                let refused = failure::of_refusal(self.store.data(), &error);
                Err(self.blame(refused))
            }
            Ok(Err(error)) => {
                let words = format!("{}: {}", self.plugin.id(), in_words(&error));
                self.shared().remember_advice(&words, findings::remedies(self.store.data(), remedies_of(&error)));
                Err(Fault::Guest(WitError::Plugin(words)))
            }
            Err(trap) => match failure::of_call(self.store.data(), &trap) {
                RunError::Cancelled => Err(Fault::Guest(WitError::Cancelled)),
                cause => Err(self.blame(cause)),
            },
        }
    }

    /// Remembers what this plugin did for the end of the run, and says it to the method.
    fn blame(&self, fault: RunError) -> Fault {
        let words = in_short(&fault);
        self.shared().blame_partner(fault);
        Fault::Guest(WitError::Plugin(words))
    }

    /// An instance that trapped cannot be entered again.
    fn check_alive(&self) -> Result<(), Fault> {
        match self.shared().partner_fault() {
            Some(fault) => Err(Fault::Guest(WitError::Plugin(in_short(&fault)))),
            None => Ok(()),
        }
    }

    /// Puts one of the method's tensors into this plugin's table for one call. This plugin pays for it as long as it keeps it.
    fn lend(&mut self, tensor: TensorHandle) -> Result<Resource<TensorHandle>, Fault> {
        let state = self.store.data_mut();
        let TensorHandle { tensor, charge } = tensor;
        match Charge::lent(state.quota(), &charge) {
            Ok(charge) => state.lend(TensorHandle { tensor, charge }),
            Err(Exhausted { allowed, requested }) => {
                let plugin = state.id.clone();
                Err(self.blame(RunError::DeviceQuota { plugin, allowed, requested }))
            }
        }
    }

    fn take_back(&mut self, lent: Resource<TensorHandle>) -> Result<(), Fault> {
        self.store.data_mut().table().delete(lent)?;
        Ok(())
    }

    fn shared(&self) -> &Shared {
        self.store.data().shared()
    }
}

const PERTURBED: &str = "perturbed images";
const GIVEN: &str = "images for the perturbation";

/// Who gave numbers that are NaN or infinite, and what.
enum Whose {
    Nobodys,
    Methods(&'static str),
    Perturbations,
}

/// Whose fault it is if perturbed images are not finite: a perturbation cannot help it where what it was given was not either.
fn whose_fault(state: &mut PluginState, applied: &Applied) -> Result<Whose, Fault> {
    let mut finite = |tensor: &Tensor| state.compute("perturbation.apply", Group::Readback, || tensor.is_finite());
    if finite(&applied.images)? {
        return Ok(Whose::Nobodys);
    }
    Ok(match (finite(&applied.mask)?, finite(&applied.given)?) {
        (false, _) => Whose::Methods("a mask"),
        (true, false) => Whose::Methods(GIVEN),
        (true, true) => Whose::Perturbations,
    })
}

/// A mask has one channel and otherwise the shape of its images.
fn check_mask(images: &[usize], mask: &[usize]) -> Result<(), Fault> {
    let expected = with_one_channel(images);
    match mask == expected {
        true => Ok(()),
        false => Err(Fault::shape("perturbation.apply", format!("a mask of shape {expected:?}"), mask)),
    }
}
