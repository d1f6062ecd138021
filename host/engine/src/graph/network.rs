//! A frozen network: steps over slots, run whole, up to a layer, or from a layer on.

use super::operator::Operator;
use super::run;
use super::value::Value;
use crate::kernels::FrozenConv;
use crate::{Device, Error, ReluRule, Result, Tensor};
use std::collections::HashSet;
use std::sync::Arc;

/// What one step computes.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a network has some hundred of them")]
pub(crate) enum Kernel {
    Conv {
        conv: Arc<FrozenConv>,
        weight: Tensor,
        bias: Tensor,
        relu: bool,
    },
    /// `conv` leads from the result back to x; biases (1, O, 1, 1) are added after it.
    ConvTranspose {
        conv: Arc<FrozenConv>,
        weight: Tensor,
        zeros: Tensor,
        bias: Tensor,
        output_padding: [usize; 2],
    },
    /// scale x + shift for each channel, then a ReLU or not.
    ScaleShift {
        scale: Tensor,
        shift: Tensor,
        relu: bool,
    },
    /// x times its sigmoid.
    Silu,
    Operator(Operator),
}

/// One kernel, the slots it reads, and the slot it fills.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    /// The layer before the ReLU that the kernel ends with, if it does.
    pub(crate) before_relu: Option<String>,
    pub(crate) kernel: Kernel,
    pub(crate) inputs: Vec<Option<usize>>,
    pub(crate) output: usize,
}

/// Where a run ends.
#[derive(Clone, Copy, Debug)]
struct Target {
    slot: usize,
    /// Leaves out the ReLU of the step that fills the slot.
    before_relu: bool,
}

impl Target {
    fn after(slot: usize) -> Self {
        Self { slot, before_relu: false }
    }
}

/// A layer's name and the shape of what it makes.
pub(crate) type NamedShape = (String, Vec<usize>);

/// A network on a device. Running it changes nothing in it.
#[derive(Debug)]
pub(crate) struct Network {
    device: Device,
    input: usize,
    output: usize,
    slots: usize,
    constants: Vec<(usize, Value)>,
    steps: Vec<Step>,
    /// For each step, the slots that no later step reads.
    released: Vec<Vec<usize>>,
}

impl Network {
    pub(crate) fn new(
        device: Device,
        input: usize,
        output: usize,
        slots: usize,
        constants: Vec<(usize, Value)>,
        steps: Vec<Step>,
    ) -> Self {
        let mut later = HashSet::from([output]);
        let mut released: Vec<Vec<usize>> = steps
            .iter()
            .rev()
            .map(|step| step.inputs.iter().flatten().copied().filter(|slot| later.insert(*slot)).collect())
            .collect();
        released.reverse();
        Self { device, input, output, slots, constants, steps, released }
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Images (N, C, H, W) to the graph's output.
    pub(crate) fn run(&self, images: &Tensor, rule: ReluRule) -> Result<Tensor> {
        self.execute((self.input, images), Target::after(self.output), rule, &mut |_, _| {})
    }

    /// Shapes of what every step makes, in the order of computation.
    pub(crate) fn shapes(&self, images: &Tensor) -> Result<(Vec<NamedShape>, Tensor)> {
        let mut shapes = Vec::new();
        let target = Target::after(self.output);
        let output = self.execute((self.input, images), target, ReluRule::Plain, &mut |step, value| {
            if let Value::Tensor(tensor) = value {
                let names = step.before_relu.iter().chain([&step.name]);
                shapes.extend(names.map(|name| (name.clone(), tensor.shape())));
            }
        })?;
        Ok((shapes, output))
    }

    /// The output of one layer for images.
    pub(crate) fn run_until(&self, layer: &str, images: &Tensor) -> Result<Tensor> {
        let (step, before_relu) = self.step(layer)?;
        let target = Target { slot: step.output, before_relu };
        self.execute((self.input, images), target, ReluRule::Plain, &mut |_, _| {})
    }

    /// The graph's output as a function of the output of one layer.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the output depends on the images by a path around the layer.
    pub(crate) fn run_from(&self, layer: &str, activations: &Tensor) -> Result<Tensor> {
        let (step, before_relu) = self.step(layer)?;
        if self.needed(step.output, self.output).contains(&self.input) {
            return Err(Error::Unsupported(format!(
                "the logits are no function of layer `{layer}` alone: other paths go round it; choose a layer after they have joined"
            )));
        }
        let given = if before_relu { &activations.relu()? } else { activations };
        self.execute((step.output, given), Target::after(self.output), ReluRule::Plain, &mut |_, _| {})
    }

    /// The step that makes a layer, and whether the layer lies before the step's ReLU.
    fn step(&self, layer: &str) -> Result<(&Step, bool)> {
        let found = self.steps.iter().find_map(|step| match step {
            step if step.name == layer => Some((step, false)),
            step if step.before_relu.as_deref() == Some(layer) => Some((step, true)),
            _ => None,
        });
        found.ok_or_else(|| {
            let known: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
            Error::argument("layer", "name", format!("one of {}", known.join(", ")), layer)
        })
    }

    /// The slots that `target` needs when `start` is given.
    fn needed(&self, start: usize, target: usize) -> HashSet<usize> {
        let mut needed = HashSet::from([target]);
        for step in self.steps.iter().rev() {
            if needed.contains(&step.output) && step.output != start {
                needed.extend(step.inputs.iter().flatten());
            }
        }
        needed
    }

    fn execute(
        &self,
        (start, given): (usize, &Tensor),
        target: Target,
        rule: ReluRule,
        see: &mut dyn FnMut(&Step, &Value),
    ) -> Result<Tensor> {
        let needed = self.needed(start, target.slot);
        let mut slots: Vec<Option<Value>> = vec![None; self.slots];
        for (slot, value) in &self.constants {
            slots[*slot] = Some(value.clone());
        }
        slots[start] = Some(Value::Tensor(given.clone()));
        for (step, released) in self.steps.iter().zip(&self.released) {
            if step.output == start || !needed.contains(&step.output) {
                continue;
            }
            let relu = !(target.before_relu && step.output == target.slot);
            let value = run::step(step, &slots, rule, relu)?;
            see(step, &value);
            slots[step.output] = Some(value);
            for slot in released.iter().filter(|slot| **slot != target.slot) {
                slots[*slot] = None;
            }
        }
        match slots[target.slot].take() {
            Some(Value::Tensor(tensor)) => Ok(tensor),
            _ => Err(Error::Model("the graph's output is no tensor".into())),
        }
    }
}
