//! `generators`: the model of healthy images.

use super::{
    fault::{Fault, sizes},
    handles::{GeneratorHandle, TensorHandle},
    passes::Pass,
    tensors::bytes_of,
};
use crate::{
    bindings::method::lacuna::explain::{
        generators::{GeneratorInfo, Host, HostGenerator},
        remedies::Choice,
    },
    run::state::PluginState,
};
use lacuna_engine::{self as engine, Generator};
use wasmtime::component::Resource;

type Handle = Resource<TensorHandle>;
type Model = Resource<GeneratorHandle>;

impl Host for PluginState {
    fn chosen(&mut self) -> Result<Model, Fault> {
        self.begin()?;
        let none = || Fault::unchosen("no generator was chosen for this run", Choice::Generator);
        let generator = self.generator.clone().ok_or_else(none)?;
        self.push(GeneratorHandle(generator))
    }
}

impl HostGenerator for PluginState {
    fn info(&mut self, this: Model) -> wasmtime::Result<GeneratorInfo> {
        self.begin_query()?;
        let info = self.table().get(&this)?.0.info();
        let size = |n: usize| sizes(&[n]).first().copied().unwrap_or(0);
        Ok(GeneratorInfo {
            name: info.name.clone(),
            channels: size(info.channels),
            spatial: sizes(&[info.height, info.width]),
            latent: info.latent.map(size),
        })
    }

    fn reconstruct(&mut self, this: Model, images: Handle) -> Result<Handle, Fault> {
        self.generate(&this, images, "generator.reconstruct", |model, images| model.reconstruct(images))
    }

    fn encode(&mut self, this: Model, images: Handle) -> Result<Handle, Fault> {
        self.generate(&this, images, "generator.encode", |model, images| model.encode(images))
    }

    fn deviation(&mut self, this: Model, images: Handle) -> Result<Handle, Fault> {
        self.generate(&this, images, "generator.deviation", |model, images| model.deviation(images))
    }

    fn decode(&mut self, this: Model, latent: Handle, sizes: Vec<u32>) -> Result<Handle, Fault> {
        let &[height, width] = sizes.as_slice() else {
            let found = format!("{} sizes", sizes.len());
            return Err(Fault::argument("generator.decode", "sizes", "a height and a width", found));
        };
        let [height, width] = [height, width].map(|size| size as usize);
        let (model, codes) = (self.table().get(&this)?.0.clone(), self.tensor(&latent)?.tensor.shape());
        let (images, channels) = (codes.first().copied().unwrap_or(1), model.info().channels);
        // The images, and those of which only the columns are resized.
        let pictures = |height: usize| bytes_of([images, channels, height, width]);
        self.room_for(pictures(height).saturating_add(pictures(model.info().height)))?;
        self.generate(&this, latent, "generator.decode", |model, latent| model.decode(latent, height, width))
    }

    fn drop(&mut self, this: Model) -> wasmtime::Result<()> {
        self.table().delete(this)?;
        Ok(())
    }
}

impl PluginState {
    /// One pass through the generator or a part of it.
    fn generate(
        &mut self,
        this: &Model,
        input: Handle,
        operation: &'static str,
        work: impl Fn(&Generator, &engine::Tensor) -> engine::Result<engine::Tensor>,
    ) -> Result<Handle, Fault> {
        let (model, input) = (self.table().get(this)?.0.clone(), self.tensor(&input)?);
        let pass = Pass { operation, group: self.group(), cost: model.pass_cost() };
        self.pass(&pass, input, |input| work(&model, input))
    }
}
