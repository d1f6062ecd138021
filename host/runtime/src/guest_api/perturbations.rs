//! `perturbations` as a method imports it: forwarded to the perturbation plugin in its own store.

use super::{
    fault::Fault,
    handles::{PerturbationHandle, TensorHandle},
};
use crate::{
    bindings::method::lacuna::explain::{
        parameters::{self, Setting},
        perturbations::{Host, HostPerturbation},
        remedies::Choice,
    },
    run::{partner::Partner, state::PluginState},
};
use wasmtime::component::Resource;

impl parameters::Host for PluginState {}

impl Host for PluginState {
    fn create(
        &mut self,
        images: Resource<TensorHandle>,
        settings: Vec<Setting>,
        seed: u64,
    ) -> Result<Resource<PerturbationHandle>, Fault> {
        self.begin()?;
        let images = self.tensor(&images)?;
        let perturbation = self.with_partner(|partner, _| partner.create(images, settings, seed))?;
        self.push(perturbation)
    }
}

impl HostPerturbation for PluginState {
    fn apply(
        &mut self,
        this: Resource<PerturbationHandle>,
        mask: Resource<TensorHandle>,
    ) -> Result<Resource<TensorHandle>, Fault> {
        self.begin()?;
        let (perturbation, mask) = (self.table().get(&this)?.clone(), self.tensor(&mask)?);
        let images = self.with_partner(|partner, method| {
            let images = partner.apply(&perturbation, mask)?;
            partner.hand_over(&images, method)?;
            Ok(images)
        })?;
        self.push(images)
    }

    fn drop(&mut self, this: Resource<PerturbationHandle>) -> wasmtime::Result<()> {
        let perturbation = self.table().delete(this)?;
        // Without a partner there is nothing left to tell.
        let _ = self.with_partner(|partner, _| {
            partner.release(perturbation);
            Ok(())
        });
        Ok(())
    }
}

impl PluginState {
    /// Lends the perturbation plugin out of this state, so that it can be called while this plugin waits.
    fn with_partner<R>(
        &mut self,
        work: impl FnOnce(&mut Partner, &mut PluginState) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let none = || Fault::unchosen("no perturbation was chosen for this run", Choice::Perturbation);
        let mut partner = self.partner.take().ok_or_else(none)?;
        let result = work(&mut partner, self);
        self.partner = Some(partner);
        result
    }
}
