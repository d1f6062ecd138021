//! From a file to what the classifier takes.

use super::Subject;
use crate::{
    failure::{Failure, Result},
    hash,
    pictures::{self, PictureArguments},
};
use lacuna_engine::Manifest;
use lacuna_imaging::{
    Error, ErrorKind, Geometry, Image, IntensityWindow, Interpolation, NonFinite, Orientation, ReadOptions, Reader,
    RgbToGrey, SliceAt, Warning, WholeVolume,
};
use serde::Serialize;
use std::path::Path;

#[derive(Clone, Debug, Default, clap::Args)]
pub struct InputArguments {
    /// The slice of a volume by the patient's axes: axial:90, coronal:N or sagittal:N
    #[arg(long, value_name = "PLANE:INDEX")]
    slice: Option<SliceAt>,
    /// Which values of a volume become 0 and 1: percentile:LOW,HIGH of its non-zero voxels (default percentile:0.5,99.5),
    /// fixed:LOW,HIGH in the volume's unit, or full
    #[arg(long, value_name = "WINDOW", allow_hyphen_values = true)]
    window: Option<IntensityWindow>,
    /// Take the luminance (BT.601) of a colour image for a grey classifier
    #[arg(long)]
    to_grey: bool,
    /// Read NaN and infinite voxels as 0
    #[arg(long)]
    nan_as_zero: bool,
    #[command(flatten)]
    pictures: PictureArguments,
}

/// What the record says of the image.
#[derive(Clone, Debug, Serialize)]
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

#[derive(Clone, Debug, Serialize)]
pub struct OtherHalf {
    pub path: String,
    pub sha256: String,
}

impl InputArguments {
    /// For all images of a command, and for masks beside them.
    pub fn reader(&self) -> Reader {
        Reader::new(ReadOptions {
            slice: self.slice,
            window: self.window.unwrap_or_default(),
            non_finite: match self.nan_as_zero {
                true => NonFinite::Zero,
                false => NonFinite::Refuse,
            },
            orientation: self.pictures.orientation(),
        })
    }

    /// Reads an image and fits it to the classifier: channels, then size (bilinear with antialiasing).
    pub fn read(&self, path: &Path, manifest: &Manifest, reader: &Reader) -> Result<Subject> {
        let taken = &manifest.input;
        let (image, mut warnings) = reader.read_with_warnings(path).map_err(|error| self.with_option(error))?;
        let rule = match self.to_grey {
            true => RgbToGrey::Luminance,
            false => RgbToGrey::OnlyIfGrey,
        };
        let fitted = image.to_channels(taken.channels, rule)?;
        // With `--to-grey` the user knows that colours are lost.
        if let Some(warning @ (Warning::NearlyGrey { .. } | Warning::Repeated { .. })) =
            image.channels_changed(taken.channels)
        {
            reader.note(path, warning);
            warnings.push(warning);
        }
        let fitted = fitted.resize(taken.height, taken.width, Interpolation::BilinearAntialias)?;
        Ok(Subject {
            record: ImageRecord::new(path, &image)?,
            warnings: warnings.iter().map(|warning| pictures::with_option(warning, warning)).collect(),
            image,
            fitted,
        })
    }

    /// A volume without a slice is the one mistake whose remedy is an option of this command.
    fn with_option(&self, error: Error) -> Failure {
        let no_slice = self.slice.is_none() && error.kind == ErrorKind::OutOfRange;
        match (no_slice, Failure::from(error)) {
            (true, Failure::Input(why)) => Failure::Input(format!("{why} Here: `--slice PLANE:INDEX` names it.")),
            (_, failure) => failure,
        }
    }
}

impl ImageRecord {
    /// A whole volume, as the array that the classifier sees.
    pub fn of_volume(path: &Path, whole: &WholeVolume) -> Result<ImageRecord> {
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
        let remedy = "check the disk or network share that holds the file";
        Failure::input(path.display(), format!("cannot be read ({error})"), remedy)
    })
}

fn other_half(file: &Path) -> Result<OtherHalf> {
    Ok(OtherHalf { path: file.display().to_string(), sha256: sha256(file)? })
}
