//! Options about the images that are explained.

use crate::{
    failure::{Failure, Result},
    pictures::PictureArguments,
};
use lacuna_engine::Manifest;
use lacuna_imaging::{Error, ErrorKind, IntensityWindow, NonFinite, ReadOptions, Reader, RgbToGrey, SliceAt};
use lacuna_session::Subject;
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

impl InputArguments {
    /// The reader of all images of a command, and of the masks beside them.
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

    /// Reads an image and fits it to the classifier.
    pub fn read(&self, path: &Path, manifest: &Manifest, reader: &Reader) -> Result<Subject> {
        let rule = match self.to_grey {
            true => RgbToGrey::Luminance,
            false => RgbToGrey::OnlyIfGrey,
        };
        Subject::read(path, manifest, rule, reader).map_err(|error| match error {
            lacuna_session::Error::Imaging(error) => self.with_option(error),
            other => other.into(),
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
