//! A frozen network: steps over slots, run whole, up to a layer, or from a layer on.

mod cost;
mod ending;
mod probe;

use super::array::Array;
use super::operator::{Operator, Padding};
use super::run;
use super::value::Value;
use crate::error::some_of;
use crate::kernels::FrozenConv;
use crate::{Device, Error, ReluRule, Result, Tensor, interrupt};
use cost::Measured;
pub use cost::PassCost;
pub(crate) use ending::Ending;
pub(crate) use probe::{Layer, Probe};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// What one step computes.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a network has some hundred of them")]
pub(crate) enum Kernel {
    Conv {
        conv: Arc<FrozenConv>,
        weight: Tensor,
        bias: Tensor,
        relu: bool,
        /// Padding that depends on the size of the image, along the depth too; the convolution itself has none then.
        same: Option<Padding>,
        /// Whether the values are lines (N, C, L), pictures of one row.
        line: bool,
    },
    /// `conv` leads from the result back to x; biases (1, O, 1, 1), or (1, O, 1, 1, 1), are added after it. What follows has a
    /// number for each spatial axis.
    ConvTranspose {
        conv: Arc<FrozenConv>,
        weight: Tensor,
        zeros: Tensor,
        bias: Tensor,
        output_padding: Vec<usize>,
        /// Sizes that the result is cut to, and whether the odd pixel is cut at its end.
        output_shape: Option<(Vec<usize>, bool)>,
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
    /// Slots of further outputs.
    pub(crate) more: Vec<usize>,
}

impl Step {
    fn outputs(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.output).chain(self.more.iter().copied())
    }

    /// Whether it reads the shape of a value, and none of its numbers.
    fn reads_shape(&self) -> bool {
        matches!(self.kernel, Kernel::Operator(Operator::Shape { .. } | Operator::Size))
    }
}

impl Kernel {
    /// The operator's name in ONNX.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Conv { .. } => "Conv",
            Self::ConvTranspose { .. } => "ConvTranspose",
            Self::ScaleShift { .. } => "BatchNormalization",
            Self::Silu => "Mul",
            Self::Operator(operator) => operator.name(),
        }
    }
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

/// Sees each step with the slots before it, and what it made.
type See<'a> = dyn FnMut(&Step, &[Option<Value>], &[Value]) + 'a;

/// A network on a device. Running it changes nothing in it.
#[derive(Debug)]
pub(crate) struct Network {
    device: Device,
    input: usize,
    output: usize,
    slots: usize,
    constants: Vec<(usize, Value)>,
    steps: Vec<Step>,
    /// The slots that no later step reads, for each step.
    released: Vec<Vec<usize>>,
    /// What each step that reads a shape makes for one image and for two; empty until the steps are probed.
    sizes: HashMap<usize, [Vec<i64>; 2]>,
    /// The slots whose numbers depend on the images.
    depends: HashSet<usize>,
    /// What the first whole pass took.
    measured: OnceLock<Measured>,
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
        let mut depends = HashSet::from([input]);
        for step in &steps {
            if !step.reads_shape() && step.inputs.iter().flatten().any(|slot| depends.contains(slot)) {
                depends.extend(step.outputs());
            }
        }
        Self {
            device,
            input,
            output,
            slots,
            constants,
            steps,
            released,
            sizes: HashMap::new(),
            depends,
            measured: OnceLock::new(),
        }
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Images (N, C, H, W) to the graph's output.
    pub(crate) fn run(&self, images: &Tensor, rule: ReluRule) -> Result<Tensor> {
        self.execute((self.input, images), Target::after(self.output), rule, &mut |_, _, _| {})
    }

    /// What a pass takes for each image; nothing before the first one.
    pub(crate) fn cost(&self) -> PassCost {
        self.cost_of(0..self.steps.len())
    }

    /// What the pass up to a layer takes, or the one from it on.
    pub(crate) fn cost_beside(&self, layer: &str, before: bool) -> PassCost {
        let at = self.steps.iter().position(|step| step.name == layer || step.before_relu.as_deref() == Some(layer));
        match at {
            Some(at) if before => self.cost_of(0..at + 1),
            Some(at) => self.cost_of(at..self.steps.len()),
            None => self.cost(),
        }
    }

    fn cost_of(&self, steps: std::ops::Range<usize>) -> PassCost {
        self.measured.get().map(|measured| measured.cost(steps)).unwrap_or_default()
    }

    /// Whether any step reads the shape of a value.
    pub(crate) fn reads_shapes(&self) -> bool {
        self.steps.iter().any(Step::reads_shape)
    }

    /// Remembers what the steps that read shapes make of one image and of two, so that a run from a layer on knows the
    /// sizes of what lies before the layer.
    pub(crate) fn remember_sizes(&mut self, one: &Tensor, two: &Tensor) -> Result<()> {
        let mut seen: [HashMap<usize, Vec<i64>>; 2] = Default::default();
        for (images, seen) in [one, two].into_iter().zip(&mut seen) {
            let target = Target::after(self.output);
            self.execute((self.input, images), target, ReluRule::Plain, &mut |step, _, values| {
                if let Some(list) = values.first().and_then(Value::as_array).and_then(Array::as_whole)
                    && step.reads_shape()
                {
                    seen.insert(step.output, list.to_vec());
                }
            })?;
        }
        let [one, mut two] = seen;
        self.sizes = one.into_iter().filter_map(|(slot, one)| Some((slot, [one, two.remove(&slot)?]))).collect();
        Ok(())
    }

    /// The output of one layer for images.
    pub(crate) fn run_until(&self, layer: &str, images: &Tensor) -> Result<Tensor> {
        let (step, before_relu) = self.step(layer)?;
        let target = Target { slot: step.output, before_relu };
        self.execute((self.input, images), target, ReluRule::Plain, &mut |_, _, _| {})
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
        self.execute((step.output, given), Target::after(self.output), ReluRule::Plain, &mut |_, _, _| {})
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
            Error::argument("layer", "name", format!("one of {}", some_of(&known)), layer)
        })
    }

    /// The slots that `target` needs when `start` is given.
    fn needed(&self, start: usize, target: usize) -> HashSet<usize> {
        let mut needed = HashSet::from([target]);
        for step in self.steps.iter().rev() {
            let makes = step.outputs().any(|slot| needed.contains(&slot));
            if makes && step.output != start && !(start != self.input && self.sizes.contains_key(&step.output)) {
                needed.extend(step.inputs.iter().flatten());
            }
        }
        needed
    }

    /// The slots before a run: constants are there.
    fn constant_slots(&self) -> Vec<Option<Value>> {
        let mut slots = vec![None; self.slots];
        for (slot, value) in &self.constants {
            slots[*slot] = Some(value.clone());
        }
        slots
    }

    fn execute(
        &self,
        (start, given): (usize, &Tensor),
        target: Target,
        rule: ReluRule,
        see: &mut See<'_>,
    ) -> Result<Tensor> {
        let needed = self.needed(start, target.slot);
        let mut slots = self.constant_slots();
        slots[start] = Some(Value::float(given.clone()));
        let whole = start == self.input && target.slot == self.output && self.measured.get().is_none();
        let mut measured = whole.then(|| Measured::of(given.shape()[0]));
        for (step, released) in self.steps.iter().zip(&self.released) {
            if step.output == start || !step.outputs().any(|slot| needed.contains(&slot)) {
                measured.iter_mut().for_each(Measured::skip);
                continue;
            }
            interrupt::check()?;
            let known = self.sizes.get(&step.output).filter(|_| start != self.input && step.reads_shape());
            let values = match known {
                Some([one, two]) => {
                    let others = given.shape()[0] as i64 - 1;
                    let sizes = one.iter().zip(two).map(|(one, two)| one + others * (two - one)).collect();
                    vec![Value::array(Array::list(sizes))]
                }
                None => {
                    let relu = !(target.before_relu && step.output == target.slot);
                    run::step(step, &slots, &self.device, rule, relu)?
                }
            };
            see(step, &slots, &values);
            measured.iter_mut().for_each(|measured| measured.see(step, &slots, &values, &self.depends));
            for (slot, value) in step.outputs().zip(values) {
                slots[slot] = Some(value);
            }
            for slot in released.iter().filter(|slot| **slot != target.slot) {
                slots[*slot] = None;
            }
        }
        if let Some(measured) = measured {
            // Another thread may have been first; it saw the same.
            let _ = self.measured.set(measured);
        }
        match slots[target.slot].take() {
            Some(Value::Tensor(held)) => Ok(held.tensor),
            _ => Err(Error::Model("the output of the graph does not depend on the image".into())),
        }
    }

    /// The output for one value of any kind, read back.
    pub(crate) fn run_value(&self, given: Value, rule: ReluRule) -> Result<Array> {
        let mut slots = self.constant_slots();
        slots[self.input] = Some(given);
        for step in &self.steps {
            let values = run::step(step, &slots, &self.device, rule, true)?;
            for (slot, value) in step.outputs().zip(values) {
                slots[slot] = Some(value);
            }
        }
        match slots[self.output].take() {
            Some(value) => run::read_back(&value),
            None => Err(Error::Model("no step makes the output".into())),
        }
    }

    /// Whether the numbers of the output depend on those of the images, and not on their size alone.
    pub(crate) fn output_depends_on_images(&self) -> bool {
        self.depends.contains(&self.output)
    }
}
