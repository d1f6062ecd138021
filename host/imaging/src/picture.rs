//! A picture for people: made from an image, drawn upon, and written as PNG.

use std::path::Path;

use image::ExtendedColorType;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::export::{encode_png_bytes, write_atomic};
use crate::raster::Image;
use crate::resample::{Interpolation, resize_plane};

/// A picture for people: RGB of 8 bit, pixel by pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    height: usize,
    width: usize,
    rgb: Vec<[u8; 3]>,
}

impl Picture {
    /// Makes a picture from red, green and blue of every pixel, row by row.
    ///
    /// # Errors
    /// Refuses a picture without pixels, and a number of pixels other than height x width.
    pub fn new(height: usize, width: usize, rgb: Vec<[u8; 3]>) -> Result<Self> {
        if height.checked_mul(width) != Some(rgb.len()) || rgb.is_empty() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("{} pixels for a picture of {height} x {width}", rgb.len()),
                "height x width pixels, and at least one",
                "pass red, green and blue of every pixel, row by row",
            ));
        }
        Ok(Self { height, width, rgb })
    }

    /// Makes a picture of a grey or RGB image, pixel by pixel; values are clamped to [0, 1], and NaN is black.
    ///
    /// # Errors
    /// Refuses an image of neither 1 nor 3 channels.
    pub fn from_image(image: &Image) -> Result<Self> {
        let pixels = image.height() * image.width();
        let data = image.data();
        let rgb = match image.channels() {
            1 => data.iter().map(|&value| [level(value); 3]).collect(),
            3 => (0..pixels).map(|i| [data[i], data[pixels + i], data[2 * pixels + i]].map(level)).collect(),
            other => {
                return Err(Error::new(
                    ErrorKind::Channels,
                    format!("an image of {other} channels to be shown"),
                    "1 or 3 channels",
                    "choose the channels to be shown",
                )
                .at_maybe(image.path()));
            }
        };
        Self::new(image.height(), image.width(), rgb)
    }

    /// Draws the outline of a mask: a line of one pixel, inside the mask. Where the mask meets the picture's edge there is no
    /// line. [`enlarge`](Self::enlarge) the picture first, and the mask with it, for a thinner line.
    ///
    /// # Errors
    /// Refuses a mask of another number of pixels than the picture's.
    pub fn with_outline(mut self, mask: &[bool], colour: [u8; 3]) -> Result<Self> {
        if mask.len() != self.rgb.len() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("a mask of {} pixels for a picture of {} x {}", mask.len(), self.height, self.width),
                "one value for each pixel, row by row",
                "bring the mask to the picture's height and width first",
            ));
        }
        for (pixel, is_edge) in self.rgb.iter_mut().zip(outline(mask, self.width)) {
            *pixel = if is_edge { colour } else { *pixel };
        }
        Ok(self)
    }

    /// Repeats every pixel as a square of `factor` x `factor` pixels; a factor of 0 counts as 1.
    pub fn enlarge(&self, factor: usize) -> Self {
        let factor = factor.max(1);
        let mut rgb = Vec::with_capacity(self.rgb.len() * factor * factor);
        for row in self.rgb.chunks_exact(self.width) {
            let wide: Vec<[u8; 3]> = row.iter().flat_map(|&pixel| std::iter::repeat_n(pixel, factor)).collect();
            for _ in 0..factor {
                rgb.extend_from_slice(&wide);
            }
        }
        Self { height: self.height * factor, width: self.width * factor, rgb }
    }

    /// Scales the picture so that its longer side has `side` pixels: by a whole factor pixels become squares, otherwise they are
    /// interpolated with antialiasing.
    ///
    /// # Errors
    /// Refuses a side of 0.
    pub fn fit(&self, side: usize) -> Result<Self> {
        let longer = self.height.max(self.width);
        if side == 0 {
            return Err(Error::new(ErrorKind::OutOfRange, "a side of 0 pixels", "at least 1", "name a larger side"));
        }
        if side.is_multiple_of(longer) {
            return Ok(self.enlarge(side / longer));
        }
        let scaled = |length: usize| (length as f64 * side as f64 / longer as f64).round().max(1.0) as usize;
        let (from, to) = ((self.height, self.width), (scaled(self.height), scaled(self.width)));
        let planes = [0, 1, 2].map(|channel| {
            let plane: Vec<f32> = self.rgb.iter().map(|pixel| f32::from(pixel[channel])).collect();
            resize_plane(&plane, from, to, Interpolation::BilinearAntialias)
        });
        let rgb = (0..to.0 * to.1).map(|i| [0, 1, 2].map(|channel| planes[channel][i].round() as u8)).collect();
        Self::new(to.0, to.1, rgb)
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Red, green and blue of every pixel, row by row.
    pub fn rgb(&self) -> &[[u8; 3]] {
        &self.rgb
    }

    /// Writes the picture as an RGB PNG of 8 bit.
    ///
    /// # Errors
    /// Fails where the path cannot be written.
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomic(path, &self.to_png()?)
    }

    /// The bytes of [`Picture::write_png`].
    ///
    /// # Errors
    /// Fails where the encoder does.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        encode_png_bytes(self.rgb.as_flattened(), self.height, self.width, ExtendedColorType::Rgb8)
    }

    /// Pictures below each other on white, `gap` pixels apart, each at the left.
    ///
    /// # Errors
    /// Refuses no pictures at all.
    pub fn stacked(pictures: &[Picture], gap: usize) -> Result<Picture> {
        let width = pictures.iter().map(Picture::width).max().unwrap_or(0);
        let height = pictures.iter().map(|picture| picture.height + gap).sum::<usize>().saturating_sub(gap);
        if width == 0 || height == 0 {
            return Err(Error::new(ErrorKind::Shape, "no pictures", "at least one", "give a picture"));
        }
        let mut whole = Picture::plain(height, width, [255; 3]);
        let mut top = 0;
        for picture in pictures {
            whole.paste(picture, (top, 0));
            top += picture.height + gap;
        }
        Ok(whole)
    }

    /// A picture of one colour.
    pub(crate) fn plain(height: usize, width: usize, colour: [u8; 3]) -> Self {
        Self { height, width, rgb: vec![colour; height * width] }
    }

    /// A picture of an image's luminance, whatever its number of channels.
    pub(crate) fn luminance(image: &Image) -> Self {
        let rgb = image.luminance().into_iter().map(|value| [level(value); 3]).collect();
        Self { height: image.height(), width: image.width(), rgb }
    }

    /// Copies `other` onto this picture with its upper left corner at (`top`, `left`); what does not fit is cut off.
    pub(crate) fn paste(&mut self, other: &Self, (top, left): (usize, usize)) {
        let width = other.width.min(self.width.saturating_sub(left));
        for row in 0..other.height.min(self.height.saturating_sub(top)) {
            let (to, from) = ((top + row) * self.width + left, row * other.width);
            self.rgb[to..to + width].copy_from_slice(&other.rgb[from..from + width]);
        }
    }

    /// Red, green and blue of every pixel, row by row, to be changed.
    pub(crate) fn pixels_mut(&mut self) -> impl Iterator<Item = &mut [u8; 3]> {
        self.rgb.iter_mut()
    }
}

/// For each pixel, row by row, whether it is in the mask and has a neighbour (4-connected) outside it.
pub(crate) fn outline(mask: &[bool], width: usize) -> impl Iterator<Item = bool> {
    let height = mask.len() / width;
    (0..mask.len()).map(move |pixel| {
        let (row, column) = (pixel / width, pixel % width);
        mask[pixel]
            && ((row > 0 && !mask[pixel - width])
                || (row + 1 < height && !mask[pixel + width])
                || (column > 0 && !mask[pixel - 1])
                || (column + 1 < width && !mask[pixel + 1]))
    })
}

/// A value in [0, 1] (clamped) as 0 to 255.
fn level(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}
