//! From a file to what the classifier takes.

use super::Subject;
use crate::{
    failure::{Failure, Result},
    hash,
};
use lacuna_engine::Manifest;
use lacuna_imaging::{
    Error, ErrorKind, Geometry, Image, IntensityWindow, Interpolation, NonFinite, ReadOptions, RgbToGrey, SliceAt,
    read_image,
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
}

/// What the record says of the image.
#[derive(Clone, Debug, Serialize)]
pub struct ImageRecord {
    pub path: String,
    pub sha256: String,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    /// Plane and index in a volume.
    pub slice: Option<String>,
    /// The values of the file that became 0 and 1.
    pub intensity: [f32; 2],
}

impl InputArguments {
    /// Reads an image and fits it to the classifier: channels, then size (bilinear with antialiasing).
    pub fn read(&self, path: &Path, manifest: &Manifest) -> Result<Subject> {
        let taken = &manifest.input;
        let options = ReadOptions {
            slice: self.slice,
            window: self.window.unwrap_or_default(),
            non_finite: match self.nan_as_zero {
                true => NonFinite::Zero,
                false => NonFinite::Refuse,
            },
            ..ReadOptions::default()
        };
        let (image, warnings) = read_image(path, &options).map_err(|error| self.with_option(error))?;
        let sha256 = hash::of_file(path).map_err(|error| {
            let remedy = "check the disk or network share that holds the file";
            Failure::input(path.display(), format!("cannot be read ({error})"), remedy)
        })?;
        let rule = match self.to_grey {
            true => RgbToGrey::Luminance,
            false => RgbToGrey::OnlyIfGrey,
        };
        let fitted = image.to_channels(taken.channels, rule)?.resize(
            taken.height,
            taken.width,
            Interpolation::BilinearAntialias,
        )?;
        Ok(Subject {
            record: ImageRecord::new(path, sha256, &image),
            warnings: warnings.iter().map(ToString::to_string).collect(),
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
    fn new(path: &Path, sha256: String, image: &Image) -> ImageRecord {
        let slice = match image.geometry() {
            Geometry::Slice(slice) => Some(slice.at().to_string()),
            Geometry::Pixels => None,
        };
        ImageRecord {
            path: path.display().to_string(),
            sha256,
            height: image.height(),
            width: image.width(),
            channels: image.channels(),
            slice,
            intensity: [image.intensity().low, image.intensity().high],
        }
    }
}
