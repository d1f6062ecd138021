//! Random numbers that are the same on every device: the host draws them, and hands them to the device.

use super::normal::normals;
use super::{Tensor, check_shape};
use crate::{Device, Error, Result, interrupt};
use lacuna_numeric::SplitMix;

/// So many numbers are drawn between two looks whether anybody still wants them.
const PART: usize = 1 << 24;

impl Tensor {
    /// Uniform in [low, high); the same seed gives the same numbers on every device.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `low` < `high` and their difference is finite; [`Error::Shape`] as [`Tensor::full`].
    pub fn uniform(device: &Device, shape: &[usize], low: f32, high: f32, seed: u64) -> Result<Self> {
        check_shape("uniform", shape)?;
        if !(low < high && (high - low).is_finite()) {
            let expected = format!("below high, which is {high}, at a finite distance");
            return Err(Error::argument("uniform", "low", expected, low));
        }
        let mut random = SplitMix::new(seed);
        let count: usize = shape.iter().product();
        let mut data = Vec::with_capacity(count);
        while data.len() < count {
            interrupt::check()?;
            let part = PART.min(count - data.len());
            data.extend((0..part).map(|_| low + (high - low) * random.unit24() as f32));
        }
        Self::from_data(device, shape, data)
    }

    /// Normal with the given mean and standard deviation; the same seed gives the same numbers.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `deviation` >= 0; [`Error::Shape`] as [`Tensor::full`].
    pub fn normal(device: &Device, shape: &[usize], mean: f32, deviation: f32, seed: u64) -> Result<Self> {
        check_shape("normal", shape)?;
        if !(deviation >= 0.0 && deviation.is_finite() && mean.is_finite()) {
            return Err(Error::argument("normal", "deviation", "finite and at least 0", deviation));
        }
        Self::from_data(device, shape, normals(shape.iter().product(), mean, deviation, seed))
    }
}
