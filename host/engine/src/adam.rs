//! Adam (Kingma and Ba 2015, Algorithm 1) with its state on the device.

use crate::{Error, Result, Tensor};

/// The optimiser of one parameter tensor.
#[derive(Clone, Debug)]
pub struct Adam {
    learning_rate: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    steps: i32,
    /// Running means of the gradient and of its square.
    moments: Option<(Tensor, Tensor)>,
}

/// The memory of an optimiser: steps made, and the running means of the gradient and of its square.
#[derive(Clone, Debug, Default)]
pub struct AdamState {
    pub steps: i32,
    pub moments: Option<(Tensor, Tensor)>,
}

impl Adam {
    /// # Errors
    /// [`Error::Argument`] unless the rate is finite, both betas are in [0, 1) and epsilon > 0.
    pub fn new(learning_rate: f32, beta1: f32, beta2: f32, epsilon: f32) -> Result<Self> {
        if !learning_rate.is_finite() {
            return Err(Error::argument("adam", "learning-rate", "a finite number", learning_rate));
        }
        for (name, beta) in [("beta1", beta1), ("beta2", beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(Error::argument("adam", name, "at least 0 and below 1", beta));
            }
        }
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(Error::argument("adam", "epsilon", "above 0", epsilon));
        }
        Ok(Self { learning_rate, beta1, beta2, epsilon, steps: 0, moments: None })
    }

    /// What a checkpoint must keep of it.
    pub fn state(&self) -> AdamState {
        AdamState { steps: self.steps, moments: self.moments.clone() }
    }

    /// Goes on from a checkpoint.
    pub fn restore(&mut self, state: AdamState) {
        (self.steps, self.moments) = (state.steps, state.moments);
    }

    /// Sets the learning rate of the steps to come.
    pub fn set_learning_rate(&mut self, rate: f32) {
        self.learning_rate = rate;
    }

    /// The parameter after one step against the gradient; outside the graph.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes differ from each other or from those of earlier steps.
    pub fn step(&mut self, parameter: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        if gradient.shape() != parameter.shape() {
            return Err(Error::shape(
                "adam.step",
                format!("a gradient of shape {:?}", parameter.shape()),
                &gradient.shape(),
            ));
        }
        let (parameter, gradient) = (parameter.detach()?, gradient.detach()?);
        let fresh_first = gradient.affine(1.0 - self.beta1, 0.0)?;
        let fresh_second = gradient.multiply(&gradient)?.affine(1.0 - self.beta2, 0.0)?;
        let (first, second) = match &self.moments {
            None => (fresh_first, fresh_second),
            Some((first, _)) if first.shape() != parameter.shape() => {
                return Err(Error::shape(
                    "adam.step",
                    format!("the shape of earlier steps, {:?}", first.shape()),
                    &parameter.shape(),
                ));
            }
            Some((first, second)) => {
                (first.affine(self.beta1, 0.0)?.add(&fresh_first)?, second.affine(self.beta2, 0.0)?.add(&fresh_second)?)
            }
        };
        self.steps += 1;
        let first_correction = 1.0 - self.beta1.powi(self.steps);
        let second_correction = 1.0 - self.beta2.powi(self.steps);
        let scale = second.affine(1.0 / second_correction, 0.0)?.square_root()?.affine(1.0, self.epsilon)?;
        let direction = first.affine(self.learning_rate / first_correction, 0.0)?.divide(&scale)?;
        self.moments = Some((first, second));
        parameter.subtract(&direction)
    }
}
