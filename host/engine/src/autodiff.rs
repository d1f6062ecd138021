//! Gradients: leaves, the backward pass, and what it found.

use crate::{Error, Result, Tensor, interrupt, tape::with_deep_stack};
use std::panic::AssertUnwindSafe;

/// The gradients of one scalar.
pub struct Gradients {
    inner: burn::tensor::Gradients,
}

impl Tensor {
    /// A new leaf with the same numbers, whose gradient can be asked for.
    pub fn track(&self) -> Result<Self> {
        Ok(self.like(self.burn::<1>().without_autodiff().autodiff().require_grad().into_dispatch()))
    }

    /// The same numbers, outside the graph.
    pub fn detach(&self) -> Result<Self> {
        Ok(self.like(self.burn::<1>().without_autodiff().into_dispatch()))
    }

    /// Whether this depends on a leaf.
    pub fn is_tracked(&self) -> bool {
        self.burn::<1>().is_tracked()
    }

    /// Differentiates a tensor of one element with respect to every leaf. Its graph is used up.
    ///
    /// # Errors
    /// [`Error::Shape`] for more than one element; [`Error::NotDifferentiable`] when it depends on
    /// no leaf or its graph was used up before; [`Error::Interrupted`].
    pub fn backward(&self) -> Result<Gradients> {
        if self.elements() != 1 {
            return Err(Error::shape("backward", "one element", &self.shape()));
        }
        if !self.is_tracked() {
            return Err(Error::NotDifferentiable("the scalar depends on no tracked tensor; call track first".into()));
        }
        // The graph cannot be asked whether it was used up; going through it twice panics.
        let scalar = self.burn::<1>();
        let pass = || interrupt::backward(AssertUnwindSafe(|| scalar.backward()));
        let inner = with_deep_stack(pass)?.ok_or_else(|| {
            Error::NotDifferentiable("the graph behind the scalar was used up by an earlier backward pass".into())
        })?;
        Ok(Gradients { inner })
    }
}

impl Gradients {
    /// Gradient of a leaf, of the leaf's shape; zeros where the scalar does not depend on it.
    ///
    /// # Errors
    /// [`Error::NotDifferentiable`] when the tensor is no leaf.
    pub fn of_leaf(&self, leaf: &Tensor) -> Result<Tensor> {
        let tensor = leaf.burn::<1>();
        if !tensor.is_require_grad() {
            return Err(Error::NotDifferentiable(
                "the tensor is no leaf; gradients are kept for tracked tensors only".into(),
            ));
        }
        match tensor.grad(&self.inner) {
            Some(gradient) => Ok(leaf.like(gradient.into_dispatch())),
            None => Tensor::full(leaf.device(), &leaf.shape(), 0.0),
        }
    }
}

impl std::fmt::Debug for Gradients {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Gradients")
    }
}
