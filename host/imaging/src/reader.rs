//! Reads the pictures of a command by one rule, so that all commands treat a file alike.

use std::path::Path;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::orientation::Orienting;
use crate::raster::{Geometry, Image, RgbToGrey};
use crate::warning::{Note, Notes, Warning};
use crate::{ReadOptions, read_image};

/// Reads the files of one command by one rule, and collects their warnings.
#[derive(Debug, Default)]
pub struct Reader {
    options: ReadOptions,
    notes: Notes,
}

impl Reader {
    /// A reader without warnings so far.
    pub fn new(options: ReadOptions) -> Self {
        Self { options, notes: Notes::default() }
    }

    /// The options by which every file is read.
    pub fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// Reads a file by [`read_image`], and keeps its warnings for [`Reader::notes`].
    ///
    /// # Errors
    /// Refuses what [`read_image`] refuses.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Image> {
        Ok(self.read_with_warnings(path)?.0)
    }

    /// Reads a file as [`Reader::read`] does, and returns the warnings of this file too.
    ///
    /// # Errors
    /// Refuses what [`read_image`] refuses.
    pub fn read_with_warnings(&self, path: impl AsRef<Path>) -> Result<(Image, Vec<Warning>)> {
        let path = path.as_ref();
        let (image, warnings) = read_image(path, &self.options)?;
        warnings.iter().for_each(|warning| self.notes.add(path, *warning));
        Ok((image, warnings))
    }

    /// Reads a file with `count` channels: grey is repeated, colour becomes grey by `rule`.
    ///
    /// # Errors
    /// Refuses what [`read_image`] and [`Image::to_channels`] refuse.
    pub fn read_channels(&self, path: impl AsRef<Path>, count: usize, rule: RgbToGrey) -> Result<Image> {
        let path = path.as_ref();
        let image = self.read(path)?;
        let fitted = image.to_channels(count, rule)?;
        if let Some(warning) = image.channels_changed(count) {
            self.notes.add(path, warning);
        }
        Ok(fitted)
    }

    /// Reads the mask of an image as one channel, rotated like the image. With [`Orienting::Upright`] a mask is rotated by its own
    /// EXIF orientation. A mask without one whose height and width are those of the image as stored is rotated with the image.
    /// The mask may be of another size than the image.
    ///
    /// # Errors
    /// Refuses what [`read_image`] refuses, and a mask whose height and width are those of the image exchanged.
    pub fn read_mask(&self, path: impl AsRef<Path>, image: &Image) -> Result<Image> {
        let path = path.as_ref();
        // A mask is a picture, also of a slice of a volume.
        let options = ReadOptions { slice: None, ..self.options.clone() };
        let (mask, warnings) = read_image(path, &options)?;
        warnings.iter().for_each(|warning| self.notes.add(path, *warning));
        let mut mask = mask.to_channels(1, RgbToGrey::Luminance)?;
        let turned = image.turned();
        let is_stored = !mask.turned().swaps_sides() && lies(&mask, image);
        if self.options.orientation == Orienting::Upright && turned.swaps_sides() && is_stored {
            mask = mask.turn(turned)?;
        }
        match image.geometry() {
            Geometry::Pixels => refuse_on_its_side(path, &mask, (image.height(), image.width()))?,
            Geometry::Slice(_) => {}
        }
        Ok(mask)
    }

    /// Adds a warning that the caller found about a file.
    pub fn note(&self, path: impl AsRef<Path>, warning: Warning) {
        self.notes.add(path.as_ref(), warning);
    }

    /// The warnings of all files that were read, one note for each kind.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.by_kind()
    }
}

/// Refuses a mask whose height and width are those of the image exchanged: one of the two is rotated, so their pixels do not
/// correspond.
///
/// # Errors
/// [`ErrorKind::Shape`] with both sizes.
pub fn refuse_on_its_side(path: &Path, mask: &Image, (height, width): (usize, usize)) -> Result<()> {
    if height == width || (mask.height(), mask.width()) != (width, height) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Shape,
        format!("a mask of {width} x {height} for an image of {height} x {width}: one of the two lies on its side"),
        "a mask that is turned like its image",
        "turn the mask, or look whether an EXIF orientation turns one of the two and not the other",
    )
    .at(path))
}

/// Whether height and width of the mask are those of the image exchanged, and differ.
fn lies(mask: &Image, image: &Image) -> bool {
    image.height() != image.width() && (mask.height(), mask.width()) == (image.width(), image.height())
}
