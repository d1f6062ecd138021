//! What a look at every step of a network finds: its layers, where gradients end, where batches mix.

use super::{Kernel, Network, Step, Target};
use crate::graph::array::Kind;
use crate::graph::axes::{self, Axis, Picture};
use crate::graph::operator::Operator;
use crate::graph::value::Value;
use crate::input::Layout;
use crate::{ReluRule, Result, Tensor};
use std::collections::{HashMap, HashSet};

/// A layer that is a picture.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) picture: Picture,
}

/// What one run over the steps sees.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The layers that are pictures, in the order of computation.
    pub(crate) layers: Vec<Layer>,
    /// A product of two values that depend on the images, as in attention, after the last layer that is a picture.
    pub(crate) mixes_after: Option<String>,
    pub(crate) output: Tensor,
    /// What the numbers of the output are.
    pub(crate) kind: Kind,
    /// The shape of the first output of each step.
    pub(crate) shapes: Vec<Vec<usize>>,
}

impl Network {
    /// Runs the network on one batch and looks at every step.
    pub(crate) fn probe(&self, images: &Tensor, layout: Layout) -> Result<Probe> {
        let (mut layers, mut mixes_after, mut shapes) = (Vec::new(), None, HashMap::new());
        let mut kind = Kind::Float;
        let mut followed = HashMap::from([(self.input, axes::of_images(layout, images.shape().len()))]);
        let target = Target::after(self.output);
        let output = self.execute((self.input, images), target, ReluRule::Plain, &mut |step, slots, values| {
            let read = |slot: &Option<usize>| {
                let value = slot.and_then(|slot| slots[slot].as_ref());
                let known = slot.and_then(|slot| followed.get(&slot).cloned());
                let unknown = || value.map(|value| vec![axes::UNKNOWN; value.shape().len()]).unwrap_or_default();
                (known.unwrap_or_else(unknown), value)
            };
            let inputs: Vec<_> = step.inputs.iter().map(read).collect();
            for (slot, value) in step.outputs().zip(values) {
                followed.insert(slot, axes::after(step, &inputs, value));
            }
            for value in step.outputs().zip(values).filter(|(slot, _)| *slot == self.output).map(|(_, value)| value) {
                kind = value.kind();
            }
            shapes.insert(step.output, values.first().map(Value::shape).unwrap_or_default());
            let Some(value @ Value::Tensor(_)) = values.first() else { return };
            let Kernel::Operator(operator) = &step.kernel else {
                return self.see_layer(step, value, &followed, &mut layers, &mut mixes_after);
            };
            let tracked = |slot: &Option<usize>| slot.is_some_and(|slot| self.depends.contains(&slot));
            if matches!(operator, Operator::MatMul | Operator::Einsum { .. } | Operator::Attention(_))
                && step.inputs.iter().all(tracked)
                && mixes_after.is_none()
            {
                mixes_after = Some(step.name.clone());
            }
            self.see_layer(step, value, &followed, &mut layers, &mut mixes_after);
        })?;
        let shapes = self.steps.iter().map(|step| shapes.remove(&step.output).unwrap_or_default()).collect();
        Ok(Probe { layers, mixes_after, output, kind, shapes })
    }

    fn see_layer(
        &self,
        step: &Step,
        value: &Value,
        followed: &HashMap<usize, Vec<Axis>>,
        layers: &mut Vec<Layer>,
        mixes_after: &mut Option<String>,
    ) {
        let volumes = followed.get(&self.input).is_some_and(|axes| axes.len() == 5);
        let picture = followed.get(&step.output).and_then(|axes| axes::picture(axes, &value.shape(), volumes));
        let Some(picture) = picture else { return };
        *mixes_after = None;
        let names = step.before_relu.iter().chain([&step.name]);
        layers.extend(names.map(|name| Layer { name: name.clone(), picture: picture.clone() }));
    }

    /// What keeps gradients from the images, in words: a step that puts numbers on a scale of whole ones, or one without a
    /// gradient on every way from the images to the output. Beside other ways such a step adds nothing, as in PyTorch.
    pub(crate) fn without_gradient(&self) -> Option<String> {
        let (mut blind, mut reached) = (None, HashSet::from([self.input]));
        for step in self.steps.iter().filter(|step| self.depends.contains(&step.output)) {
            let named = |operator: &Operator| format!("node `{}` ({})", step.name, operator.name());
            match &step.kernel {
                Kernel::Operator(operator @ (Operator::Quantize { .. } | Operator::DynamicQuantize)) => {
                    return Some(named(operator));
                }
                Kernel::Operator(operator) if operator.without_gradient() => {
                    blind.get_or_insert_with(|| named(operator));
                }
                _ if step.inputs.iter().flatten().any(|slot| reached.contains(slot)) => {
                    reached.extend(step.outputs());
                }
                _ => {}
            }
        }
        blind.filter(|_| !reached.contains(&self.output))
    }

    /// Whether numbers are put on a scale that is made from all images of a batch.
    pub(crate) fn scales_by_batch(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.kernel, Kernel::Operator(Operator::DynamicQuantize)))
    }
}
