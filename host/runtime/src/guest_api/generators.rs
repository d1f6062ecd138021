//! `generators`: the model of healthy images.

use super::{
    cost::Cost,
    fault::{Fault, sizes},
    handles::{GeneratorHandle, TensorHandle},
    passes::Pass,
};
use crate::{
    bindings::method::lacuna::explain::{
        generators::{GeneratorInfo, Host, HostGenerator},
        remedies::Choice,
    },
    run::state::PluginState,
};
use lacuna_engine::{self as engine, Generator, PassCost};
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
        let shape = self.tensor(&images)?.tensor.shape();
        let ends = Ends { images: true, made: Some(shape.get(1..).unwrap_or_default().to_vec()) };
        self.generate(&this, images, ends, "generator.reconstruct", |model, images| model.reconstruct(images))
    }

    fn encode(&mut self, this: Model, images: Handle) -> Result<Handle, Fault> {
        self.generate(&this, images, Ends::IN, "generator.encode", |model, images| model.encode(images))
    }

    fn deviation(&mut self, this: Model, images: Handle) -> Result<Handle, Fault> {
        self.generate(&this, images, Ends::IN, "generator.deviation", |model, images| model.deviation(images))
    }

    fn decode(&mut self, this: Model, latent: Handle, sizes: Vec<u32>) -> Result<Handle, Fault> {
        let &[height, width] = sizes.as_slice() else {
            let found = format!("{} sizes", sizes.len());
            return Err(Fault::argument("generator.decode", "sizes", "a height and a width", found));
        };
        let [height, width] = [height, width].map(|size| size as usize);
        let channels = self.table().get(&this)?.0.info().channels;
        let ends = Ends { images: false, made: Some(vec![channels, height, width]) };
        self.generate(&this, latent, ends, "generator.decode", |model, latent| model.decode(latent, height, width))
    }

    fn drop(&mut self, this: Model) -> wasmtime::Result<()> {
        self.table().delete(this)?;
        Ok(())
    }
}

/// What a pass takes and gives, besides z.
struct Ends {
    /// Whether it takes images.
    images: bool,
    /// The image (C, H, W) that it gives, if it gives one.
    made: Option<Vec<usize>>,
}

impl Ends {
    /// From images to something of z.
    const IN: Ends = Ends { images: true, made: None };

    /// What fitting the images to the model's grid, and what it makes to theirs, adds to a pass for each image.
    fn around(&self, pass: PassCost, info: &engine::GeneratorInfo, input: &engine::Tensor) -> PassCost {
        let tracked = input.is_tracked();
        let shape = input.shape();
        let nothing = Cost { peak: 0, kept: 0 };
        let before = match self.images {
            true => {
                Cost::of_fitting(shape.get(1..).unwrap_or_default(), tracked, info.channels, &[info.height, info.width])
            }
            false => nothing,
        };
        let after = match self.made.as_deref() {
            Some([channels, to @ ..]) => {
                let made = [info.channels, info.height, info.width];
                Cost::of_fitting(&made, tracked, *channels, to)
            }
            _ => nothing,
        };
        PassCost {
            peak_bytes: pass.peak_bytes.saturating_add(before.peak.max(before.kept.saturating_add(after.peak))),
            graph_bytes: pass.graph_bytes.saturating_add(before.kept).saturating_add(after.kept),
            first_bytes: pass.first_bytes,
        }
    }
}

impl PluginState {
    /// One pass through the generator or a part of it.
    fn generate(
        &mut self,
        this: &Model,
        input: Handle,
        ends: Ends,
        operation: &'static str,
        work: impl Fn(&Generator, &engine::Tensor) -> engine::Result<engine::Tensor>,
    ) -> Result<Handle, Fault> {
        let (model, input) = (self.table().get(this)?.0.clone(), self.tensor(&input)?);
        let cost = ends.around(model.pass_cost(), model.info(), &input.tensor);
        let pass = Pass { operation, group: self.group(), cost };
        self.pass(&pass, input, |input| work(&model, input))
    }
}
