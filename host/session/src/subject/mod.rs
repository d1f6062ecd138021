//! From a file to what a classifier takes: [`Subject`] an image, [`VolumeSubject`] a whole volume.

mod volume;

pub use volume::VolumeSubject;

use crate::{
    error::{Error, Result},
    explain::Given,
    hash,
};
use lacuna_diagnostic::Remedy;
use lacuna_engine::Manifest;
use lacuna_imaging::{Geometry, Image, Interpolation, Orientation, Reader, RgbToGrey, Warning, WholeVolume};
use schemars::JsonSchema;
use serde::Serialize;
use std::path::Path;

/// An image, and what the classifier sees of it.
#[derive(Clone, Debug)]
pub struct Subject {
    pub image: Image,
    /// On the classifier's grid, with its channels.
    pub fitted: Image,
    pub record: ImageRecord,
    pub warnings: Vec<Warning>,
}

/// What the record says of the image.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ImageRecord {
    pub path: String,
    pub sha256: String,
    /// Voxels along the third axis of a whole volume as the classifier sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    /// The sides of the patient towards which depth, rows and columns of a whole volume count up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<String>,
    /// Plane and index in a volume.
    pub slice: Option<String>,
    /// The EXIF orientation by which the picture was turned upright.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turned_by_exif_orientation: Option<u8>,
    /// The other file of a volume that is kept as header and voxels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_half: Option<OtherHalf>,
    /// The values of the file that became 0 and 1.
    pub intensity: [f32; 2],
}

/// The other file of a volume in two files.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OtherHalf {
    pub path: String,
    pub sha256: String,
}

impl Subject {
    /// Reads an image and fits it to the classifier: channels, by `rule` where colours become grey, then size (bilinear with
    /// antialiasing).
    ///
    /// # Errors
    /// A file that is no such image.
    pub fn read(path: &Path, manifest: &Manifest, rule: RgbToGrey, reader: &Reader) -> Result<Subject> {
        let taken = &manifest.input;
        let before = hash::of_file(path).ok();
        let (image, mut warnings) = reader.read_with_warnings(path)?;
        let fitted = image.to_channels(taken.channels, rule)?;
        // Who asked for the luminance knows that colours are lost.
        if let Some(warning @ (Warning::NearlyGrey { .. } | Warning::Repeated { .. })) =
            image.channels_changed(taken.channels)
        {
            reader.note(path, warning);
            warnings.push(warning);
        }
        let fitted = fitted.resize(taken.height, taken.width, Interpolation::BilinearAntialias)?;
        Ok(Subject { record: ImageRecord::new(path, &image)?.unchanged(before)?, warnings, image, fitted })
    }

    /// Name and values as the classifier takes them.
    pub fn given(&self) -> Given<'_> {
        Given { name: &self.record.path, values: self.fitted.data() }
    }
}

impl ImageRecord {
    /// Itself, if the file had that hash before it was read: what was read is then what the record says.
    fn unchanged(self, before: Option<String>) -> Result<ImageRecord> {
        match before.as_deref() == Some(&self.sha256) {
            true => Ok(self),
            false => Err(Error::changed(&self.path)),
        }
    }

    /// A whole volume, as the array that the classifier sees.
    fn of_volume(path: &Path, whole: &WholeVolume) -> Result<ImageRecord> {
        let ([depth, height, width], header) = (whole.geometry.sizes(), whole.geometry.header());
        let other = header.files().into_iter().find(|file| *file != path);
        Ok(ImageRecord {
            path: path.display().to_string(),
            sha256: sha256(path)?,
            depth: Some(depth),
            height,
            width,
            channels: 1,
            orientation: Some(whole.geometry.orientation().to_string()),
            slice: None,
            turned_by_exif_orientation: None,
            other_half: other.map(other_half).transpose()?,
            intensity: [whole.intensity.low, whole.intensity.high],
        })
    }

    fn new(path: &Path, image: &Image) -> Result<ImageRecord> {
        let (slice, other) = match image.geometry() {
            Geometry::Slice(slice) => {
                let files = slice.header().files();
                let other = files.into_iter().find(|file| *file != path);
                (Some(slice.at().to_string()), other)
            }
            Geometry::Pixels => (None, None),
        };
        let turned = image.turned();
        Ok(ImageRecord {
            path: path.display().to_string(),
            sha256: sha256(path)?,
            turned_by_exif_orientation: (turned != Orientation::Upright).then(|| turned.number()),
            other_half: other.map(other_half).transpose()?,
            depth: None,
            height: image.height(),
            width: image.width(),
            channels: image.channels(),
            orientation: None,
            slice,
            intensity: [image.intensity().low, image.intensity().high],
        })
    }
}

fn sha256(path: &Path) -> Result<String> {
    hash::of_file(path).map_err(|error| {
        let remedy = Remedy::advice("check the disk or network share that holds the file");
        Error::input(path.display(), format!("cannot be read ({error})"), [remedy])
    })
}

fn other_half(file: &Path) -> Result<OtherHalf> {
    Ok(OtherHalf { path: file.display().to_string(), sha256: sha256(file)? })
}
