//! `autodiff` and `optimisers`: gradients, and the step against them.

use super::{
    fault::Fault,
    handles::{AdamHandle, GradientsHandle, TensorHandle},
};
use crate::{
    bindings::method::lacuna::explain::{autodiff, optimisers},
    policy::ledger::{Charge, Tracking},
    run::{meter::Group, state::PluginState},
};
use lacuna_engine::Adam;
use wasmtime::component::Resource;

type Handle = Resource<TensorHandle>;

impl autodiff::Host for PluginState {
    fn track(&mut self, value: Handle) -> Result<Handle, Fault> {
        let value = self.tensor(&value)?.tensor;
        let leaf = self.compute("autodiff.track", self.group(), || value.track())?;
        self.keep_leaf(leaf)
    }

    fn detach(&mut self, value: Handle) -> Result<Handle, Fault> {
        let value = self.tensor(&value)?;
        let detached = self.compute("autodiff.detach", self.group(), || value.tensor.detach())?;
        self.keep(detached, [value])
    }

    fn backward(&mut self, scalar: Handle) -> Result<Resource<GradientsHandle>, Fault> {
        let scalar = self.tensor(&scalar)?;
        // It would use up the graph of the plugin that lent it, which would be blamed for that.
        if !scalar.charge.is_all_of(self.quota()) {
            return Err(Fault::unsupported(
                "`backward` would go through the gradient graph of the plugin that lent a tensor; detach what was lent first",
            ));
        }
        let gradients = self.compute("autodiff.backward", Group::Backward, || scalar.tensor.backward())?;
        let bytes = scalar.charge.use_up_graph();
        self.shared().swept();
        self.room_for(bytes)?;
        let _charge = Charge::new(self.quota(), bytes, Tracking::Untracked, [])?;
        self.push(GradientsHandle { gradients, _charge })
    }
}

impl autodiff::HostGradients for PluginState {
    fn of_leaf(&mut self, this: Resource<GradientsHandle>, leaf: Handle) -> Result<Handle, Fault> {
        let leaf = self.tensor(&leaf)?.tensor;
        let gradient = self.compute_on("gradients.of-leaf", Group::Backward, &this, |g| g.gradients.of_leaf(&leaf))?;
        self.keep(gradient, [])
    }

    fn drop(&mut self, this: Resource<GradientsHandle>) -> wasmtime::Result<()> {
        self.table().delete(this)?;
        Ok(())
    }
}

impl optimisers::Host for PluginState {}

impl optimisers::HostAdam for PluginState {
    fn create(
        &mut self,
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
    ) -> Result<Resource<AdamHandle>, Fault> {
        let adam = self.compute("adam.create", self.group(), || Adam::new(learning_rate, beta1, beta2, epsilon))?;
        self.push(AdamHandle { adam, charge: None })
    }

    fn step(&mut self, this: Resource<AdamHandle>, parameter: Handle, gradient: Handle) -> Result<Handle, Fault> {
        let (parameter, gradient) = (self.tensor(&parameter)?.tensor, self.tensor(&gradient)?.tensor);
        let AdamHandle { mut adam, charge } = self.table().get(&this)?.clone();
        self.room_for(parameter.bytes().saturating_mul(6))?;
        let group = self.group();
        let (next, adam) = self.compute("adam.step", group, || Ok((adam.step(&parameter, &gradient)?, adam)))?;
        // The moments are there only now that the engine has taken the shapes, and stay only if they can be charged.
        let charge = match charge {
            Some(charge) => charge,
            None => {
                let moments = parameter.bytes().saturating_mul(2);
                self.room_for(moments)?;
                Charge::new(self.quota(), moments, Tracking::Untracked, [])?
            }
        };
        *self.table().get_mut(&this)? = AdamHandle { adam, charge: Some(charge) };
        self.keep(next, [])
    }

    fn drop(&mut self, this: Resource<AdamHandle>) -> wasmtime::Result<()> {
        self.table().delete(this)?;
        Ok(())
    }
}
