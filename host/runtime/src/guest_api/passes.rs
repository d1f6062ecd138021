//! Passes through a network: room is asked for before, and images that need no gradient go in parts that fit.

use super::{fault::Fault, handles::TensorHandle};
use crate::run::{meter::Group, state::PluginState};
use lacuna_engine::{self as engine, PassCost, Tensor};
use wasmtime::component::Resource;

/// Images that go through a network in one computation at most, where they need no gradient. Between two computations the
/// clock and the user's wish to stop are looked at.
const IMAGES_AT_A_TIME: usize = 64;

/// A pass through a network or a part of it.
pub(super) struct Pass {
    pub(super) operation: &'static str,
    pub(super) group: Group,
    pub(super) cost: PassCost,
}

impl PluginState {
    /// What `work` makes of `input`, whose first dimension counts images that do not depend on each other.
    pub(super) fn pass(
        &mut self,
        pass: &Pass,
        input: TensorHandle,
        work: impl Fn(&Tensor) -> engine::Result<Tensor>,
    ) -> Result<Resource<TensorHandle>, Fault> {
        let Pass { operation, group, cost } = *pass;
        let images = input.tensor.shape().first().copied().unwrap_or(1);
        let of_all = |bytes: u64| bytes.saturating_mul(images as u64);
        if input.tensor.is_tracked() {
            self.room_for(of_all(cost.graph_bytes.max(cost.peak_bytes)))?;
            let made = self.compute(operation, group, || work(&input.tensor))?;
            return self.keep_pass(made, of_all(cost.graph_bytes), input);
        }
        let at_a_time = self.images_that_fit(cost.peak_bytes)?.min(IMAGES_AT_A_TIME);
        if images <= at_a_time {
            let made = self.compute(operation, group, || work(&input.tensor))?;
            return self.keep_pass(made, 0, input);
        }
        let mut parts = Vec::with_capacity(images.div_ceil(at_a_time));
        for start in (0..images).step_by(at_a_time) {
            let end = (start + at_a_time).min(images);
            let part = self.compute(operation, group, || work(&input.tensor.slice(0, start, end)?)?.alone())?;
            self.room_for(parts.iter().chain([&part]).map(Tensor::bytes).sum())?;
            parts.push(part);
        }
        let made = self.compute(operation, group, || Tensor::concatenate(&parts, 0))?;
        drop(parts);
        self.keep_pass(made, 0, input)
    }

    /// How many images there is room for, at least one.
    fn images_that_fit(&mut self, bytes_of_one: u64) -> Result<usize, Fault> {
        self.room_for(bytes_of_one)?;
        let left = self.quota().left();
        Ok(left.checked_div(bytes_of_one).map_or(usize::MAX, |images| images.max(1) as usize))
    }

    /// Keeps the output of a pass, whose graph holds more than its result.
    fn keep_pass(&mut self, output: Tensor, graph: u64, input: TensorHandle) -> Result<Resource<TensorHandle>, Fault> {
        let output = output.alone().map_err(|error| Fault::of_engine("the end of a network", error))?;
        let hidden = if output.is_tracked() { graph } else { 0 };
        self.keep_with(output, hidden, [input])
    }
}
