//! Random numbers that are the same on every device.

use super::normal::normals;
use super::{Tensor, check_shape};
use crate::{Device, Error, Result, interrupt};

/// Numbers that are made without looking whether anybody still wants them.
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
        let mut random = SplitMix(seed);
        let count: usize = shape.iter().product();
        let mut data = Vec::with_capacity(count);
        while data.len() < count {
            interrupt::check()?;
            let part = PART.min(count - data.len());
            data.extend((0..part).map(|_| low + (high - low) * random.unit() as f32));
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

/// SplitMix64 (Steele, Lea and Flood 2014): the host makes the numbers, so that a seed means the
/// same on a CPU and on any GPU.
pub(crate) struct SplitMix(pub(crate) u64);

/// What each draw adds to the state.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The generator after `draws` numbers.
    pub(super) fn after(&self, draws: u64) -> Self {
        Self(self.0.wrapping_add(draws.wrapping_mul(STEP)))
    }

    /// Uniform in [0, 1), 24 bits, so that it stays below 1 as `f32`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 40) as f64 / (1_u64 << 24) as f64
    }

    /// Standard normal (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}
