//! Probabilities at the end of a network: what makes them, and the network without it.

use super::{Kernel, Network, Probe};
use crate::graph::array::Kind;
use crate::graph::operator::Operator;

/// The steps that make probabilities of logits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    /// Softmax or Sigmoid, with what each computes, and the steps after them that put probabilities on a scale of whole
    /// numbers.
    steps: Vec<(usize, Operator)>,
    /// Where they are all of one kind: its name in ONNX.
    pub(crate) kind: &'static str,
    /// The name of the first of them.
    pub(crate) node: String,
    /// Whether numbers are moved after them.
    pub(crate) moved: bool,
    /// Whether the probabilities are rounded.
    pub(crate) rounded: bool,
}

impl Ending {
    /// How many numbers each Softmax makes into shares of 1, where a probe saw it; a Sigmoid stands alone.
    pub(crate) fn widths(&self, probe: &Probe) -> Vec<usize> {
        let width = |(at, operator): &(usize, Operator)| match operator {
            Operator::Softmax { axis, flattened, .. } => {
                let shape = probe.shapes.get(*at)?;
                let axis = usize::try_from(if *axis < 0 { axis + shape.len() as i64 } else { *axis }).ok()?;
                if *flattened { Some(shape.get(axis..)?.iter().product()) } else { shape.get(axis).copied() }
            }
            _ => None,
        };
        self.steps.iter().filter_map(width).collect()
    }
}

impl Network {
    /// The Softmax or Sigmoid steps that all of the output's numbers come from; none where others have a part in them, or
    /// where only some of a Softmax's numbers are among them.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let mut ending = Ending::default();
        let mut chosen = false;
        let mut open = vec![self.output];
        while let Some(slot) = open.pop() {
            let (at, step) =
                self.steps.iter().enumerate().rev().find(|(_, step)| step.outputs().any(|made| made == slot))?;
            let Kernel::Operator(operator) = &step.kernel else { return None };
            match operator {
                Operator::Cast(Kind::Float)
                | Operator::Flatten { .. }
                | Operator::Reshape { .. }
                | Operator::Squeeze
                | Operator::Unsqueeze => open.push(step.inputs.first().copied().flatten()?),
                Operator::Transpose { .. } => {
                    ending.moved = true;
                    open.push(step.inputs.first().copied().flatten()?);
                }
                Operator::Slice | Operator::Gather { .. } => {
                    (ending.moved, chosen) = (true, true);
                    open.push(step.inputs.first().copied().flatten()?);
                }
                Operator::Concat { .. } => {
                    (ending.moved, chosen) = (true, true);
                    open.extend(step.inputs.iter().flatten());
                }
                Operator::Quantize { .. } | Operator::Dequantize { .. } => {
                    ending.rounded = true;
                    ending.steps.push((at, operator.clone()));
                    open.push(step.inputs.first().copied().flatten()?);
                }
                Operator::Softmax { .. } | Operator::Sigmoid => {
                    let kind = operator.name();
                    if !ending.kind.is_empty() && ending.kind != kind {
                        return None;
                    }
                    if ending.kind.is_empty() {
                        ending.node.clone_from(&step.name);
                    }
                    ending.kind = kind;
                    ending.steps.push((at, operator.clone()));
                }
                _ => return None,
            }
        }
        // A share of 1 says something of its fellows: without some of them it cannot be made again of logits.
        (!chosen || ending.kind == "Sigmoid").then_some(ending)
    }

    /// Lets the steps of an ending hand on what they read.
    pub(crate) fn take_out(&mut self, ending: &Ending) {
        self.set(ending, |_| Operator::Identity);
    }

    /// Lets the steps of an ending compute again.
    pub(crate) fn put_back(&mut self, ending: &Ending) {
        self.set(ending, Operator::clone);
    }

    fn set(&mut self, ending: &Ending, to: impl Fn(&Operator) -> Operator) {
        for (at, operator) in &ending.steps {
            if let Some(step) = self.steps.get_mut(*at) {
                step.kernel = Kernel::Operator(to(operator));
            }
        }
    }
}
