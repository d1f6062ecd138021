//! An image as the classifiers take it: (C, H, W) in [0, 1], with the way back to the file it came from.

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

/// Where the pixels of an image lie.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// On a grid of its own, as in a PNG or JPEG.
    Pixels,
    /// On one slice of a volume.
    Slice(SliceGeometry),
}

/// What 0 and 1 stand for: an image value v was `low + v * (high - low)` in the file, in the file's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intensity {
    pub low: f32,
    pub high: f32,
}

/// How three channels become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RgbToGrey {
    /// Only if the image is grey already: the three are equal, or differ by what compression leaves (see [`Colour`]). Of the
    /// latter the luminance is taken.
    #[default]
    OnlyIfGrey,
    /// Luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
    Luminance,
}

/// Bits per channel of a PNG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitDepth {
    Eight,
    Sixteen,
}

impl Image {
    /// An image from memory, on a grid of its own, whose values are taken to be in [0, 1].
    ///
    /// # Errors
    /// No pixels, or a number of values other than channels x height x width.
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

    pub fn channels(&self) -> usize {
        self.channels
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// Values in the order channel, row, column.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    pub fn intensity(&self) -> Intensity {
        self.intensity
    }

    /// How the pixels of the file were turned to become these.
    pub fn turned(&self) -> Orientation {
        self.turned
    }

    /// The file, where the image came from one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Other values on the same grid: a perturbed copy, for example.
    ///
    /// # Errors
    /// A number of values other than channels x height x width.
    pub fn with_data(&self, channels: usize, data: Vec<f32>) -> Result<Self> {
        let other = Self::new(channels, self.height, self.width, data)?;
        Ok(Self { turned: self.turned, ..other.with_origin(self.geometry.clone(), self.intensity, self.path.clone()) })
    }

    /// Turned upright by an EXIF orientation; for pictures, whose grid is their own.
    pub(crate) fn turn(self, orientation: Orientation) -> Result<Self> {
        if orientation == Orientation::Upright {
            return Ok(self);
        }
        let (data, height, width) = orientation.turn(&self.data, self.height, self.width);
        let turned = Self::new(self.channels, height, width, data)?;
        Ok(Self { turned: orientation, ..turned.with_origin(Geometry::Pixels, self.intensity, self.path) })
    }

    /// Whether the three channels differ, and by how much.
    pub fn colour(&self) -> Colour {
        match self.channels {
            3 => Colour::of(&self.data),
            _ => Colour::Absent,
        }
    }

    /// What is to be said where this image is taken with `count` channels.
    pub fn channels_changed(&self, count: usize) -> Option<Warning> {
        match (count, self.colour()) {
            (1, Colour::Noise { widest }) => Some(Warning::NearlyGrey { widest }),
            (1, Colour::Present { widest, .. }) => Some(Warning::ColourLost { widest }),
            _ => Warning::of_repeating(self.channels, count),
        }
    }

    /// The same picture with `count` channels: grey is repeated, RGB becomes grey by `rule` first.
    ///
    /// # Errors
    /// RGB that is not grey under [`RgbToGrey::OnlyIfGrey`], and a channel count that is neither 1 nor 3.
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

    /// The same picture on another grid; it leaves the slice it came from, so keep the original for the way back.
    ///
    /// # Errors
    /// A height or width of 0.
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

    /// Writes the image as PNG, values clamped to [0, 1] and multiplied by 255 or 65535.
    ///
    /// # Errors
    /// An image of neither 1 nor 3 channels, and a path that cannot be written.
    pub fn write_png(&self, path: impl AsRef<Path>, depth: BitDepth) -> Result<()> {
        let pixels = self.height * self.width;
        let interleaved: Vec<f32> =
            (0..pixels).flat_map(|pixel| self.data.iter().skip(pixel).step_by(pixels).copied()).collect();
        let bytes = encode_png(&interleaved, self.channels, self.height, self.width, depth)?;
        write_atomic(path, &bytes)
    }

    /// The luma of each pixel; the image itself where it is grey, the mean where it is neither grey nor RGB.
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

    pub(crate) fn with_origin(mut self, geometry: Geometry, intensity: Intensity, path: Option<PathBuf>) -> Self {
        (self.geometry, self.intensity, self.path) = (geometry, intensity, path);
        self
    }

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

const BT601: [f32; 3] = [0.299, 0.587, 0.114];
