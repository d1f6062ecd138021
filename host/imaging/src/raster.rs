//! An image for classifiers: (C, H, W) in [0, 1], with the geometry and intensity of the file it came from.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::export::{encode_png, write_atomic};
use crate::grey::Colour;
use crate::nifti::SliceGeometry;
use crate::orientation::Orientation;
use crate::resample::{Interpolation, resize_plane};
use crate::warning::Warning;

/// An image of shape (C, H, W), row by row, in [0, 1] when read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    channels: usize,
    height: usize,
    width: usize,
    data: Vec<f32>,
    geometry: Geometry,
    intensity: Intensity,
    turned: Orientation,
    path: Option<PathBuf>,
}

/// The grid that the pixels of an image lie on.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// A grid of its own, as in a PNG or JPEG.
    Pixels,
    /// One slice of a volume.
    Slice(SliceGeometry),
}

/// The file's values at 0 and 1: an image value v was `low + v * (high - low)` in the file, in the file's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intensity {
    /// The file's value at 0.
    pub low: f32,
    /// The file's value at 1.
    pub high: f32,
}

/// The rule by which three channels become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RgbToGrey {
    /// Only an image that is grey already is accepted: the channels are equal, or differ by compression noise (see [`Colour`]),
    /// in which case the luminance is taken.
    #[default]
    OnlyIfGrey,
    /// Luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
    Luminance,
}

/// Bits per channel of a PNG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitDepth {
    /// 8 bits: values 0 to 255.
    Eight,
    /// 16 bits: values 0 to 65535.
    Sixteen,
}

impl Image {
    /// Makes an image on a grid of its own from values in [0, 1], in the order channel, row, column.
    ///
    /// # Errors
    /// Refuses an image without pixels, and a number of values other than channels x height x width.
    pub fn new(channels: usize, height: usize, width: usize, data: Vec<f32>) -> Result<Self> {
        let expected = channels.checked_mul(height).and_then(|n| n.checked_mul(width));
        if expected != Some(data.len()) || data.is_empty() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("{} values for an image of shape ({channels}, {height}, {width})", data.len()),
                "channels x height x width values, and at least one",
                "pass the values in the order channel, row, column",
            ));
        }
        let intensity = Intensity { low: 0.0, high: 1.0 };
        Ok(Self {
            channels,
            height,
            width,
            data,
            geometry: Geometry::Pixels,
            intensity,
            turned: Orientation::Upright,
            path: None,
        })
    }

    /// Number of channels, C.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of rows, H.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns, W.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Values in the order channel, row, column.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The values in the order channel, row, column, without a copy.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The grid that the pixels lie on.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The file's values at 0 and 1.
    pub fn intensity(&self) -> Intensity {
        self.intensity
    }

    /// The EXIF orientation that was applied to the pixels of the file.
    pub fn turned(&self) -> Orientation {
        self.turned
    }

    /// The file that the image was read from, if any.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// An image of other values on the same grid, for example a perturbed copy.
    ///
    /// # Errors
    /// Refuses a number of values other than channels x height x width.
    pub fn with_data(&self, channels: usize, data: Vec<f32>) -> Result<Self> {
        let other = Self::new(channels, self.height, self.width, data)?;
        Ok(Self { turned: self.turned, ..other.with_origin(self.geometry.clone(), self.intensity, self.path.clone()) })
    }

    /// Rotates and mirrors the image by an EXIF orientation; for pictures, whose grid is their own.
    pub(crate) fn turn(self, orientation: Orientation) -> Result<Self> {
        if orientation == Orientation::Upright {
            return Ok(self);
        }
        let (data, height, width) = orientation.turn(&self.data, self.height, self.width);
        let turned = Self::new(self.channels, height, width, data)?;
        Ok(Self { turned: orientation, ..turned.with_origin(Geometry::Pixels, self.intensity, self.path) })
    }

    /// The difference between the three channels; [`Colour::Absent`] for any other number of channels.
    pub fn colour(&self) -> Colour {
        match self.channels {
            3 => Colour::of(&self.data),
            _ => Colour::Absent,
        }
    }

    /// The warning for reading this image with `count` channels, if one is due.
    pub fn channels_changed(&self, count: usize) -> Option<Warning> {
        match (count, self.colour()) {
            (1, Colour::Noise { widest }) => Some(Warning::NearlyGrey { widest }),
            (1, Colour::Present { widest, .. }) => Some(Warning::ColourLost { widest }),
            _ => Warning::of_repeating(self.channels, count),
        }
    }

    /// Converts to `count` channels: grey is repeated, RGB becomes grey by `rule` first.
    ///
    /// # Errors
    /// Refuses RGB that is not grey under [`RgbToGrey::OnlyIfGrey`], and an image of neither 1, 3 nor `count` channels.
    pub fn to_channels(&self, count: usize, rule: RgbToGrey) -> Result<Self> {
        if count == self.channels {
            return Ok(self.clone());
        }
        let grey = match self.channels {
            1 => self.data.clone(),
            3 => self.grey(rule)?,
            other => {
                return Err(Error::new(
                    ErrorKind::Channels,
                    format!("an image of {other} channels for a classifier of {count}"),
                    format!("1, 3 or {count} channels"),
                    "save the image as grey or RGB",
                )
                .at_maybe(self.path()));
            }
        };
        self.with_data(count, grey.repeat(count))
    }

    /// Resamples to another grid. The result has [`Geometry::Pixels`]: keep the original to bring a map back onto its slice.
    ///
    /// # Errors
    /// Refuses a height or width of 0.
    pub fn resize(&self, height: usize, width: usize, interpolation: Interpolation) -> Result<Self> {
        if (height, width) == (self.height, self.width) {
            return Ok(self.clone());
        }
        let mut data = Vec::new();
        for plane in self.data.chunks_exact(self.height * self.width) {
            data.extend(resize_plane(plane, (self.height, self.width), (height, width), interpolation));
        }
        let resized = Self::new(self.channels, height, width, data).map_err(|error| error.at_maybe(self.path()))?;
        Ok(Self { turned: self.turned, ..resized.with_origin(Geometry::Pixels, self.intensity, self.path.clone()) })
    }

    /// Writes the image as PNG; values are clamped to [0, 1] and multiplied by 255 or 65535.
    ///
    /// # Errors
    /// Refuses an image of neither 1 nor 3 channels, and a path that cannot be written.
    pub fn write_png(&self, path: impl AsRef<Path>, depth: BitDepth) -> Result<()> {
        let pixels = self.height * self.width;
        let interleaved: Vec<f32> =
            (0..pixels).flat_map(|pixel| self.data.iter().skip(pixel).step_by(pixels).copied()).collect();
        let bytes = encode_png(&interleaved, self.channels, self.height, self.width, depth)?;
        write_atomic(path, &bytes)
    }

    /// The luma (H, W) of an RGB image, the values of a grey one, and the mean over any other number of channels.
    pub(crate) fn luminance(&self) -> Vec<f32> {
        let weights = match self.channels {
            3 => BT601.to_vec(),
            channels => vec![1.0 / channels as f32; channels],
        };
        let pixels = self.height * self.width;
        (0..pixels)
            .map(|i| weights.iter().enumerate().map(|(c, weight)| weight * self.data[c * pixels + i]).sum())
            .collect()
    }

    /// Sets the grid, the intensity and the file of the image.
    pub(crate) fn with_origin(mut self, geometry: Geometry, intensity: Intensity, path: Option<PathBuf>) -> Self {
        (self.geometry, self.intensity, self.path) = (geometry, intensity, path);
        self
    }

    /// One plane (H, W) of an RGB image by `rule`.
    fn grey(&self, rule: RgbToGrey) -> Result<Vec<f32>> {
        let pixels = self.height * self.width;
        match (self.colour(), rule) {
            (Colour::Absent, _) => Ok(self.data[..pixels].to_vec()),
            (Colour::Noise { .. }, _) | (_, RgbToGrey::Luminance) => Ok(self.luminance()),
            (Colour::Present { widest, pixels: coloured }, RgbToGrey::OnlyIfGrey) => Err(Error::new(
                ErrorKind::Channels,
                format!(
                    "an RGB image for a grey classifier: in {coloured} of {pixels} pixels red, green and blue differ, \
                         by up to {widest:.3} of the full range"
                ),
                "a grey image, or RGB whose three channels are equal but for compression noise",
                "save the image as grey, or allow its luminance (BT.601: 0.299 R + 0.587 G + 0.114 B) to be used",
            )
            .at_maybe(self.path())),
        }
    }
}

/// Weights of red, green and blue in the luma of ITU-R BT.601.
const BT601: [f32; 3] = [0.299, 0.587, 0.114];
