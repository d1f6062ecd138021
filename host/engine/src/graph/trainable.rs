//! A graph whose weights are learnt: the same operators, with the weights as leaves.
//!
//! What differs from a [`Network`](super::Network): convolutions have gradients for their weights, BatchNorm takes the
//! statistics of the batch while training (Ioffe and Szegedy 2015), and dropout silences features (Srivastava et al. 2014).

use super::array::Numbers;
use super::network::{Kernel, Step};
use super::operator::Padding;
use super::value::Value;
use super::{Graph, Operator, run};
use crate::{Device, Error, ReluRule, Result, Tensor};
use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use std::collections::HashMap;

/// How much of a running statistic one batch replaces, as in torchvision.
const MOMENTUM: f32 = 0.1;

/// A network in training on a device.
#[derive(Debug)]
pub struct Trainable {
    device: Device,
    input: usize,
    output: usize,
    slots: usize,
    constants: Vec<(usize, Value)>,
    parameters: Vec<Parameter>,
    steps: Vec<Step>,
}

/// One named array.
#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    slot: usize,
    /// A running mean or variance of a BatchNorm: it is measured, not learnt.
    measured: bool,
    value: Tensor,
}

/// Whether dropout and the statistics of the batch are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The seed decides what dropout silences.
    Training {
        seed: u64,
    },
    Evaluation,
}

/// What one pass in training measured: new running statistics by the index of their array.
#[derive(Debug, Default)]
pub struct Statistics(Vec<(usize, Tensor)>);

impl Trainable {
    /// A network of a built architecture: every array of numbers in the graph is learnt, or measured by a BatchNorm.
    pub(crate) fn new(graph: Graph, device: &Device) -> Result<Self> {
        let mut names: Vec<&String> = graph.constants.keys().collect();
        names.sort_unstable();
        let mut slots: HashMap<String, usize> = HashMap::from([(graph.input.clone(), 0)]);
        let mut constants = Vec::new();
        let mut parameters = Vec::new();
        for name in names {
            let slot = slots.len();
            slots.insert(name.clone(), slot);
            let array = &graph.constants[name];
            match &array.numbers {
                Numbers::Whole(_) => constants.push((slot, Value::array(array.clone()))),
                Numbers::Floats(data) => parameters.push(Parameter {
                    name: name.clone(),
                    slot,
                    measured: name.ends_with(".running_mean") || name.ends_with(".running_var"),
                    value: Tensor::from_data(device, &array.shape, data.clone())?,
                }),
            }
        }
        let mut steps = Vec::with_capacity(graph.nodes.len());
        for node in graph.nodes {
            let input = |name: &String| {
                let slot = slots.get(name).copied();
                slot.map(Some).ok_or_else(|| Error::Model(format!("node `{}` reads `{name}`", node.name)))
            };
            let inputs = node.inputs.iter().map(input).collect::<Result<Vec<_>>>()?;
            let output = slots.len();
            slots.insert(node.output().to_owned(), output);
            steps.push(Step {
                name: node.name,
                before_relu: None,
                kernel: Kernel::Operator(node.operator),
                inputs,
                output,
                more: Vec::new(),
            });
        }
        let output = slots.get(&graph.output).copied();
        let output = output.ok_or_else(|| Error::Model(format!("no node makes the output `{}`", graph.output)))?;
        Ok(Self { device: device.clone(), input: 0, output, slots: slots.len(), constants, parameters, steps })
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Names and values of every array, learnt or measured, sorted by name.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.parameters.iter().map(|parameter| (parameter.name.as_str(), &parameter.value))
    }

    /// Replaces an array by one of the same shape.
    ///
    /// # Errors
    /// [`Error::Model`] for a name that the network does not have, or another shape.
    pub fn set(&mut self, name: &str, value: Tensor) -> Result<()> {
        let parameter = self.parameters.iter_mut().find(|parameter| parameter.name == name);
        let parameter = parameter.ok_or_else(|| Error::Model(format!("the network has no array `{name}`")))?;
        if parameter.value.shape() != value.shape() {
            let (found, expected) = (value.shape(), parameter.value.shape());
            return Err(Error::Model(format!("`{name}` has shape {found:?}, expected {expected:?}")));
        }
        parameter.value = value;
        Ok(())
    }

    /// The learnt arrays, as leaves whose gradients can be asked for.
    ///
    /// # Errors
    /// What the device refuses.
    pub fn leaves(&self) -> Result<Vec<Tensor>> {
        self.learnt().map(Tensor::track).collect()
    }

    /// The learnt arrays in the order of [`Trainable::leaves`].
    pub fn learnt(&self) -> impl Iterator<Item = &Tensor> {
        self.learnt_parameters().map(|parameter| &parameter.value)
    }

    /// The names of the learnt arrays.
    pub fn learnt_names(&self) -> impl Iterator<Item = &str> {
        self.learnt_parameters().map(|parameter| parameter.name.as_str())
    }

    /// Takes new values for the learnt arrays, in the order of [`Trainable::leaves`].
    pub fn replace(&mut self, values: Vec<Tensor>) {
        let learnt = self.parameters.iter_mut().filter(|parameter| !parameter.measured);
        learnt.zip(values).for_each(|(parameter, value)| parameter.value = value);
    }

    /// Takes what a pass measured.
    pub fn measure(&mut self, statistics: Statistics) {
        for (index, value) in statistics.0 {
            self.parameters[index].value = value;
        }
    }

    /// The graph's output for `input`, with `leaves` as the learnt arrays.
    ///
    /// # Errors
    /// [`Error::Shape`] for an input that does not fit.
    pub fn run(&self, leaves: &[Tensor], input: &Tensor, mode: Mode) -> Result<(Tensor, Statistics)> {
        let mut slots: Vec<Option<Value>> = vec![None; self.slots];
        slots[self.input] = Some(Value::float(input.clone()));
        for (slot, value) in &self.constants {
            slots[*slot] = Some(value.clone());
        }
        for parameter in &self.parameters {
            slots[parameter.slot] = Some(Value::float(parameter.value.clone()));
        }
        for (parameter, leaf) in self.learnt_parameters().zip(leaves) {
            slots[parameter.slot] = Some(Value::float(leaf.clone()));
        }
        let mut statistics = Statistics::default();
        for (index, step) in self.steps.iter().enumerate() {
            let made = self.step(step, index, &slots, mode, &mut statistics)?;
            slots[step.output] = Some(made);
        }
        match slots[self.output].take() {
            Some(Value::Tensor(held)) => Ok((held.tensor, statistics)),
            _ => Err(Error::Model("the graph's output is no tensor".into())),
        }
    }

    fn learnt_parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| !parameter.measured)
    }

    fn step(
        &self,
        step: &Step,
        index: usize,
        slots: &[Option<Value>],
        mode: Mode,
        statistics: &mut Statistics,
    ) -> Result<Value> {
        let Kernel::Operator(operator) = &step.kernel else {
            return Err(Error::Model(format!("node `{}` is compiled already", step.name)));
        };
        let tensor = |input: usize| {
            let value = step.inputs.get(input).copied().flatten().and_then(|slot| slots[slot].as_ref());
            value.ok_or_else(|| Error::Model(format!("node `{}` lacks input {input}", step.name)))?.on(&self.device)
        };
        let bias = || if step.inputs.len() > 2 { tensor(2).map(|bias| Some(bias.burn::<1>())) } else { Ok(None) };
        let made = match (operator, mode) {
            (Operator::Conv { stride, padding: Padding::Explicit(padding), dilation, groups, depth: None }, _) => {
                let [top, left, bottom, right] = *padding;
                let padding = [(top, bottom), (left, right)];
                let options = ConvOptions::new_with_padding(*stride, padding, *dilation, *groups);
                let (x, weight) = (tensor(0)?, tensor(1)?);
                fits(&step.name, &x, weight.shape()[1] * groups)?;
                x.like(conv2d(x.burn::<4>(), weight.burn::<4>(), bias()?, options).into_dispatch())
            }
            (
                Operator::ConvTranspose {
                    stride,
                    padding: Padding::Explicit([top, left, ..]),
                    output_padding,
                    output_shape: None,
                    dilation,
                    groups,
                    depth: None,
                },
                _,
            ) => {
                let options = ConvTransposeOptions::new(*stride, [*top, *left], *output_padding, *dilation, *groups);
                let (x, weight) = (tensor(0)?, tensor(1)?);
                fits(&step.name, &x, weight.shape()[0])?;
                x.like(conv_transpose2d(x.burn::<4>(), weight.burn::<4>(), bias()?, options).into_dispatch())
            }
            (Operator::BatchNorm { epsilon }, mode) => {
                let (x, gamma, beta) = (tensor(0)?, tensor(1)?, tensor(2)?);
                let measured = [3, 4].map(|input| step.inputs.get(input).copied().flatten());
                let norm = Norm { x: &x, gamma: &gamma, beta: &beta, epsilon: *epsilon };
                match mode {
                    Mode::Evaluation => norm.with(&tensor(3)?, &tensor(4)?)?,
                    Mode::Training { .. } => {
                        let (made, news) = norm.of_batch(&tensor(3)?, &tensor(4)?)?;
                        for (slot, value) in measured.into_iter().zip(news) {
                            let index = self.parameters.iter().position(|parameter| Some(parameter.slot) == slot);
                            statistics.0.extend(index.map(|index| (index, value)));
                        }
                        made
                    }
                }
            }
            (Operator::Dropout { rate }, Mode::Training { seed }) if *rate > 0.0 => {
                let x = tensor(0)?;
                let drawn = Tensor::uniform(&self.device, &x.shape(), 0.0, 1.0, seed ^ (index as u64) << 48)?;
                let kept = drawn.greater(&Tensor::full(&self.device, &[1], *rate)?)?;
                x.multiply(&kept.affine(1.0 / (1.0 - rate), 0.0)?)?
            }
            _ => {
                let mut made = run::step(step, slots, &self.device, ReluRule::Plain, true)?;
                return made.pop().ok_or_else(|| Error::Model(format!("node `{}` makes nothing", step.name)));
            }
        };
        Ok(Value::float(made))
    }
}

/// A BatchNorm of x (N, C, H, W).
struct Norm<'a> {
    x: &'a Tensor,
    gamma: &'a Tensor,
    beta: &'a Tensor,
    epsilon: f32,
}

impl Norm<'_> {
    /// Normalises by a given mean and variance, (C) each.
    fn with(&self, mean: &Tensor, variance: &Tensor) -> Result<Tensor> {
        let per_channel = |list: &Tensor| list.reshape(&[1, list.elements(), 1, 1]);
        self.standardised(&per_channel(mean)?, &per_channel(variance)?)
    }

    /// Normalises by the mean and variance of the batch; also returns the running mean and variance after it.
    fn of_batch(&self, running_mean: &Tensor, running_variance: &Tensor) -> Result<(Tensor, [Tensor; 2])> {
        let [n, channels, h, w] = self.x.image_shape("batch-norm")?;
        let mean = self.x.mean(&[0, 2, 3])?;
        let centred = self.x.subtract(&mean)?;
        let variance = centred.multiply(&centred)?.mean(&[0, 2, 3])?;
        let count = (n * h * w) as f32;
        let blend = |running: &Tensor, fresh: &Tensor, scale: f32| {
            let fresh = fresh.detach()?.reshape(&[channels])?.affine(MOMENTUM * scale, 0.0)?;
            running.affine(1.0 - MOMENTUM, 0.0)?.add(&fresh)
        };
        let news =
            [blend(running_mean, &mean, 1.0)?, blend(running_variance, &variance, count / (count - 1.0).max(1.0))?];
        Ok((self.standardised(&mean, &variance)?, news))
    }

    fn standardised(&self, mean: &Tensor, variance: &Tensor) -> Result<Tensor> {
        let per_channel = |list: &Tensor| list.reshape(&[1, list.elements(), 1, 1]);
        let scale = per_channel(self.gamma)?.divide(&variance.affine(1.0, self.epsilon)?.square_root()?)?;
        self.x.subtract(mean)?.multiply(&scale)?.add(&per_channel(self.beta)?)
    }
}

fn fits(name: &str, x: &Tensor, channels: usize) -> Result<()> {
    let [_, found, ..] = x.image_shape(name)?;
    if found == channels { Ok(()) } else { Err(Error::shape(name, format!("(N, {channels}, H, W)"), &x.shape())) }
}
