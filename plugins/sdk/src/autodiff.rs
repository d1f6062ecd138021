//! Gradients, and Adam, whose state stays on the device.

use crate::bindings::imports::{autodiff, optimisers};
use crate::error::Error;
use crate::tensor::Tensor;

impl Tensor {
    /// A new leaf with the same numbers, whose gradient can be asked for.
    pub fn track(&self) -> Tensor {
        self.map(autodiff::track)
    }

    /// The same numbers, outside the graph.
    pub fn detach(&self) -> Tensor {
        self.map(autodiff::detach)
    }

    /// Differentiates a tensor of one element. Its graph is used up.
    pub fn backward(&self) -> Gradients {
        Gradients(self.handle().and_then(autodiff::backward))
    }
}

/// The gradients of one scalar, or the error that kept them from being.
#[must_use = "gradients that are not used may carry an error that nobody sees"]
#[derive(Debug)]
pub struct Gradients(Result<autodiff::Gradients, Error>);

impl Gradients {
    /// Gradient of a leaf, of the leaf's shape; zeros where the scalar does not depend on it.
    pub fn of(&self, leaf: &Tensor) -> Tensor {
        let gradients = match &self.0 {
            Ok(gradients) => gradients,
            Err(error) => return error.clone().into(),
        };
        leaf.map(|leaf| gradients.of_leaf(leaf))
    }
}

/// Adam (Kingma and Ba 2015, Algorithm 1) for one parameter tensor.
#[derive(Debug)]
pub struct Adam(optimisers::Adam);

impl Adam {
    /// The usual beta1 = 0.9, beta2 = 0.999 and epsilon = 1e-8.
    ///
    /// # Errors
    /// A learning rate that is not positive.
    pub fn new(learning_rate: f32) -> Result<Self, Error> {
        Self::create(learning_rate, 0.9, 0.999, 1e-8)
    }

    /// All four constants.
    ///
    /// # Errors
    /// A constant outside its range.
    pub fn create(learning_rate: f32, beta1: f32, beta2: f32, epsilon: f32) -> Result<Self, Error> {
        optimisers::Adam::create(learning_rate, beta1, beta2, epsilon).map(Self)
    }

    /// The parameter after one step against the gradient, outside the graph.
    pub fn step(&mut self, parameter: &Tensor, gradient: &Tensor) -> Tensor {
        parameter.with(gradient, |parameter, gradient| self.0.step(parameter, gradient))
    }
}
