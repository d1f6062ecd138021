//! The attribution map: one value for each pixel, larger is more evidence.

use std::path::Path;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::export::{encode_png, write_atomic};
use crate::npy;
use crate::raster::BitDepth;
use crate::resample::{Interpolation, resize_plane};

/// An attribution map (H, W), row by row. Its values are finite by construction, and of any range.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    height: usize,
    width: usize,
    data: Vec<f32>,
}

impl Map {
    /// Makes a map from values row by row.
    ///
    /// # Errors
    /// Refuses a map without pixels, a number of values other than height x width, and NaN or infinite values.
    pub fn new(height: usize, width: usize, data: Vec<f32>) -> Result<Self> {
        if height.checked_mul(width) != Some(data.len()) || data.is_empty() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("{} values for a map of {height} x {width}", data.len()),
                "height x width values, and at least one",
                "pass the values row by row",
            ));
        }
        let bad = data.iter().filter(|value| !value.is_finite()).count();
        if bad > 0 {
            return Err(Error::new(
                ErrorKind::NonFinite,
                format!("{bad} of {} values of the map are NaN or infinite", data.len()),
                "a finite value for every pixel",
                "look for a step size or a weight of the method that is too large",
            ));
        }
        Ok(Self { height, width, data })
    }

    /// Number of rows, H.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns, W.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Values row by row.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The values row by row, without a copy.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The largest value.
    pub fn max(&self) -> f32 {
        self.data.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }

    /// Resamples the map to another grid, for example from the classifier's input to the explained image.
    ///
    /// # Errors
    /// Refuses a height or width of 0.
    pub fn resize(&self, height: usize, width: usize, interpolation: Interpolation) -> Result<Self> {
        if (height, width) == (self.height, self.width) {
            return Ok(self.clone());
        }
        Self::new(height, width, resize_plane(&self.data, (self.height, self.width), (height, width), interpolation))
    }

    /// Writes a 16-bit grey PNG in which 0 is 0 and 1 is 65535; values outside [0, 1] are clamped. [`Map::write_npy`] keeps them.
    ///
    /// # Errors
    /// Fails where the path cannot be written.
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomic(path, &encode_png(&self.data, 1, self.height, self.width, BitDepth::Sixteen)?)
    }

    /// Writes the values as NPY: format 1.0, little-endian float32, shape (H, W).
    ///
    /// # Errors
    /// Fails where the path cannot be written.
    pub fn write_npy(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomic(path, &npy::encode(&self.data, &[self.height, self.width]))
    }
}
