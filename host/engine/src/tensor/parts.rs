//! Work on large tensors in parts, between which it can be interrupted.
//!
//! One operation of Burn's CPU backend takes up to 3 s for 2^26 numbers, measured on two cores, and cannot be interrupted. So what
//! is larger than [`LARGE`] goes in parts, if it is on the CPU and outside the gradient graph.

use super::Tensor;
use crate::{Error, Result, interrupt};
use burn::backend::{BackendTensor, DispatchTensorKind};

/// Elements that are worked on at once at most.
pub(super) const LARGE: usize = 1 << 25;
/// Elements of a part.
pub(super) const PART: usize = 1 << 22;

impl Tensor {
    /// Whether the elements lie in memory one after the other, the last axis first. On a CPU, [`Tensor::permute`] and
    /// [`Tensor::slice`] give views whose elements do not, and some operations copy those first. On a GPU the answer is yes.
    pub fn is_in_order(&self) -> bool {
        in_order(&self.primitive().kind)
    }

    /// Whether work on this tensor that makes `elements` goes in parts.
    pub(super) fn goes_in_parts(&self, elements: usize) -> bool {
        elements.max(self.elements()) > LARGE && self.device().is_cpu() && !self.is_tracked()
    }

    /// The same elements, in order. Only what is so large that an operation could not be interrupted while it copies it is copied.
    pub(super) fn in_order(&self) -> Result<Self> {
        if self.is_in_order() || !self.goes_in_parts(0) {
            return Ok(self.clone());
        }
        in_parts(&[self], &self.shape(), &|parts| Ok(parts[0].clone()))
    }

    /// `work` on parts of this tensor along its longest axis but `axis`, joined again.
    pub(super) fn in_parts_beside(&self, axis: usize, work: impl Fn(&Self) -> Result<Self>) -> Result<Self> {
        let shape = self.shape();
        let longest = (0..shape.len()).filter(|beside| *beside != axis).max_by_key(|beside| shape[*beside]);
        let Some(along) = longest.filter(|along| shape[*along] > 1) else {
            return work(self);
        };
        let step = (shape[along] * PART / self.elements()).max(1);
        let mut made = Vec::new();
        for from in (0..shape[along]).step_by(step) {
            interrupt::check()?;
            made.push(work(&self.slice(along, from, (from + step).min(shape[along]))?)?);
        }
        Self::concatenate(&made, along)
    }
}

fn in_order(kind: &DispatchTensorKind) -> bool {
    match kind {
        DispatchTensorKind::Flex(BackendTensor::Float(tensor)) => tensor.is_contiguous(),
        DispatchTensorKind::Flex(BackendTensor::Autodiff(tensor)) => tensor.clone().into_primitive().is_contiguous(),
        DispatchTensorKind::Autodiff(kind) => in_order(kind),
        _ => true,
    }
}

/// What `work` makes of operands of equal rank that broadcast to `shape`, part by part: each element of the result depends on
/// the operands' elements of the same place.
pub(super) fn in_parts(operands: &[&Tensor], shape: &[usize], work: Work<'_>) -> Result<Tensor> {
    let device = operands.first().ok_or_else(|| Error::Device("work on nothing".to_owned()))?.device().clone();
    let operands: Vec<Tensor> = operands.iter().map(|operand| (*operand).clone()).collect();
    let mut made = Vec::with_capacity(shape.iter().product());
    append(&operands, shape, work, &mut made)?;
    Tensor::from_data(&device, shape, made)
}

/// Computes a part from parts of the operands.
type Work<'a> = &'a dyn Fn(&[Tensor]) -> Result<Tensor>;

/// Appends the elements of the result in order: along the first axis that has more than one element, so that what is made first
/// comes first.
fn append(operands: &[Tensor], shape: &[usize], work: Work<'_>, made: &mut Vec<f32>) -> Result<()> {
    let elements: usize = shape.iter().product();
    let axis = shape.iter().position(|size| *size > 1).filter(|_| elements > PART);
    let Some(axis) = axis else {
        interrupt::check()?;
        made.extend(work(operands)?.read()?);
        return Ok(());
    };
    let step = (shape[axis] * PART / elements).max(1);
    for from in (0..shape[axis]).step_by(step) {
        let to = (from + step).min(shape[axis]);
        let part = |operand: &Tensor| match operand.shape()[axis] {
            1 => Ok(operand.clone()),
            _ => operand.slice(axis, from, to),
        };
        let parts = operands.iter().map(part).collect::<Result<Vec<_>>>()?;
        let mut shape = shape.to_vec();
        shape[axis] = to - from;
        append(&parts, &shape, work, made)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, interruptible};
    use std::{cell::Cell, rc::Rc};

    fn views() -> [Tensor; 2] {
        let x = Tensor::uniform(&Device::cpu(), &[3, 2100, 1100], -1.0, 1.0, 7).unwrap();
        [x.clone(), x.permute(&[2, 0, 1]).unwrap().slice(1, 1, 3).unwrap()]
    }

    #[test]
    fn views_are_out_of_order() {
        let [x, view] = views();
        assert!(x.is_in_order() && !view.is_in_order());
        assert!(x.track().unwrap().is_in_order() && !x.track().unwrap().permute(&[2, 0, 1]).unwrap().is_in_order());
    }

    #[test]
    fn parts_give_what_the_whole_gives() {
        for x in views() {
            let shape = x.shape();
            let copied = in_parts(&[&x], &shape, &|parts| Ok(parts[0].clone())).unwrap();
            assert_eq!(copied.read().unwrap(), x.read().unwrap());
            let row = x.slice(0, 0, 1).unwrap().slice(2, 3, 4).unwrap();
            let sum = in_parts(&[&row, &x], &shape, &|parts| parts[0].add(&parts[1])).unwrap();
            assert_eq!(sum.read().unwrap(), row.add(&x).unwrap().read().unwrap());
            for axis in 0..3 {
                let largest = x.in_parts_beside(axis, |part| part.max_along(axis)).unwrap();
                assert_eq!(largest.read().unwrap(), x.max_along(axis).unwrap().read().unwrap());
            }
        }
    }

    #[test]
    fn work_in_parts_can_be_interrupted() {
        let x = Tensor::full(&Device::cpu(), &[2, LARGE / 2 + 1], 0.5).unwrap();
        let turned = x.permute(&[1, 0]).unwrap();
        let once = || {
            let asked = Cell::new(0);
            Rc::new(move || asked.replace(asked.get() + 1) > 0)
        };
        let interrupted =
            |work: &dyn Fn() -> Result<Tensor>| interruptible(once(), work).unwrap_err() == Error::Interrupted;
        assert!(interrupted(&|| x.power(2.5)));
        assert!(interrupted(&|| x.add(&x)));
        assert!(interrupted(&|| x.softmax(0)));
        assert!(interrupted(&|| turned.reshape(&[LARGE + 2])));
        assert!(interrupted(&|| turned.sum(&[0])));
        assert!(interrupted(&|| Tensor::full(&Device::cpu(), &[LARGE + 2], 0.5)));
        assert_eq!(x.sigmoid().unwrap().slice(1, 0, 1).unwrap().read().unwrap(), [0.622_459_35; 2]);
    }
}
