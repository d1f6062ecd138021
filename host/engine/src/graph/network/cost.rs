//! What a pass through a network takes of the device, measured on the first one: its steps' results, and which of them the
//! gradient graph keeps.

use super::{Kernel, Step};
use crate::graph::operator::Operator;
use crate::graph::value::Value;
use std::collections::HashSet;

/// What a pass takes for each image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassCost {
    /// The most bytes that are alive at once, besides the images.
    pub peak_bytes: u64,
    /// Bytes that the gradient graph keeps of a pass of tracked images.
    pub graph_bytes: u64,
    /// Bytes of what the first step makes: of a layer, for the pass that begins there.
    pub first_bytes: u64,
}

impl PassCost {
    /// The cost of two passes, one behind the other.
    pub(crate) fn then(self, other: PassCost) -> PassCost {
        PassCost {
            peak_bytes: self.peak_bytes.max(other.peak_bytes),
            graph_bytes: self.graph_bytes.saturating_add(other.graph_bytes),
            first_bytes: self.first_bytes,
        }
    }
}

/// What each step of one pass took, in bytes for all images of it.
#[derive(Debug, Default)]
pub(super) struct Measured {
    images: u64,
    steps: Vec<[u64; 3]>,
    kept: HashSet<usize>,
}

impl Measured {
    pub(super) fn of(images: usize) -> Self {
        Self { images: (images as u64).max(1), ..Self::default() }
    }

    /// Looks at a step before its results are put into their slots. `depends` are the slots that differ from image to image.
    pub(super) fn see(&mut self, step: &Step, slots: &[Option<Value>], values: &[Value], depends: &HashSet<usize>) {
        let made: u64 = values.iter().map(bytes).sum();
        let held = |slot: &usize| slots.get(*slot).and_then(Option::as_ref).map_or(0, bytes);
        let alive: u64 = depends.iter().map(held).sum();
        let read: u64 = step.inputs.iter().flatten().filter(|slot| depends.contains(slot)).map(held).sum();
        let varying = step.inputs.iter().flatten().filter(|slot| depends.contains(slot)).count();
        let (inputs, outputs, hidden) = keeps(&step.kernel, varying > 1);
        let mut kept = if hidden { 2 * made } else { 0 };
        for slot in step.inputs.iter().flatten().filter(|slot| inputs && depends.contains(slot)) {
            kept += if self.kept.insert(*slot) { held(slot) } else { 0 };
        }
        for (slot, value) in step.outputs().zip(values).filter(|_| outputs) {
            kept += if self.kept.insert(slot) { bytes(value) } else { 0 };
        }
        // A kernel may copy what it reads into a padded buffer.
        self.steps.push([alive + made + read, kept, made]);
    }

    /// A step that the pass did not need.
    pub(super) fn skip(&mut self) {
        self.steps.push([0, 0, 0]);
    }

    /// The cost of some of the steps, for one image.
    pub(super) fn cost(&self, steps: std::ops::Range<usize>) -> PassCost {
        let steps = self.steps.get(steps).unwrap_or_default();
        PassCost {
            peak_bytes: steps.iter().map(|[alive, ..]| *alive).max().unwrap_or(0).div_ceil(self.images),
            graph_bytes: steps.iter().map(|[_, kept, _]| *kept).sum::<u64>().div_ceil(self.images),
            first_bytes: steps.first().map_or(0, |[.., made]| *made).div_ceil(self.images),
        }
    }
}

fn bytes(value: &Value) -> u64 {
    value.shape().iter().fold(4, |product: u64, size| product.saturating_mul(*size as u64))
}

/// Whether the gradient of a kernel needs its inputs, its outputs, and what it makes in between. `both` says that more than
/// one input depends on the images.
fn keeps(kernel: &Kernel, both: bool) -> (bool, bool, bool) {
    match kernel {
        Kernel::Conv { relu, .. } | Kernel::ScaleShift { relu, .. } => (false, *relu, false),
        Kernel::ConvTranspose { .. } => (false, false, false),
        Kernel::Silu => (true, false, false),
        Kernel::Operator(operator) => match operator {
            Operator::Relu | Operator::Clip | Operator::Sigmoid | Operator::Tanh => (false, true, false),
            // That of volumes keeps the largest numbers of each slice.
            Operator::MaxPool(pool) => (true, false, pool.depth.is_some()),
            Operator::Activation(_) => (true, false, false),
            // The factor of a constant is that constant.
            Operator::MatMul | Operator::Multiply => (both, false, false),
            Operator::Divide => (both, both, false),
            Operator::Elementwise(_) | Operator::Binary(_) => (true, true, false),
            Operator::Add
            | Operator::Subtract
            | Operator::Concat { .. }
            | Operator::Split { .. }
            | Operator::Slice
            | Operator::Flatten { .. }
            | Operator::Reshape { .. }
            | Operator::Squeeze
            | Operator::Unsqueeze
            | Operator::Transpose { .. }
            | Operator::Identity
            | Operator::Dropout { .. }
            | Operator::GlobalAveragePool
            | Operator::AveragePool { .. }
            | Operator::Gemm { .. } => (false, false, false),
            _ => (true, true, true),
        },
    }
}
