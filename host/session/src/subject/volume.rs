//! A whole volume: read, brought into the classifier's orientation and fitted to its grid.

use super::ImageRecord;
use crate::{
    error::{Error, Result},
    explain::Given,
    hash,
};
use lacuna_diagnostic::Remedy;
use lacuna_engine::Manifest;
use lacuna_imaging::{Reader, Volume, VolumeOrientation, Warning, WholeVolume};
use std::path::Path;

/// A volume, and what the classifier sees of it.
#[derive(Debug)]
pub struct VolumeSubject {
    pub volume: Volume,
    pub whole: WholeVolume,
    /// All channels on the classifier's grid.
    pub fitted: Vec<f32>,
    /// D, H and W of that grid.
    pub sizes: [usize; 3],
    pub record: ImageRecord,
    pub warnings: Vec<Warning>,
}

impl VolumeSubject {
    /// Reads a volume and fits it to the classifier: orientation, then size (trilinear with antialiasing); its values are
    /// repeated for each channel.
    ///
    /// # Errors
    /// A file that is no such volume, a classifier of images, and an orientation that is none.
    pub fn read(path: &Path, manifest: &Manifest, reader: &Reader) -> Result<VolumeSubject> {
        let taken = &manifest.input;
        let Some(depth) = taken.depth else {
            let slice = vec![Remedy::advice("explain one slice of the volume"), Remedy::option("slice", "PLANE:INDEX")];
            let found = "it is a classifier of images, and whole volumes were given";
            return Err(Error::input(&manifest.name, found, [Remedy::All { of: slice }]));
        };
        let orientation = match &taken.orientation {
            None => None,
            Some(letters) => Some(letters.parse::<VolumeOrientation>().map_err(|error| {
                let found = format!("[input] has {}; expected {}", error.found, error.expected);
                Error::input(&manifest.name, found, [Remedy::advice(error.remedy)])
            })?),
        };
        let before = hash::of_file(path).ok();
        let volume = Volume::read(path, reader.options().non_finite)?;
        let whole = volume.whole(orientation, reader.options().window)?;
        let mut warnings = volume.warnings.clone();
        if orientation.is_none() {
            warnings.push(Warning::AsStored { orientation: whole.geometry.orientation() });
        }
        warnings.extend(Warning::of_repeating(1, taken.channels));
        warnings.iter().for_each(|warning| reader.note(path, *warning));
        let sizes = [depth, taken.height, taken.width];
        let one = whole.fitted(sizes);
        let record = ImageRecord::of_volume(path, &whole)?.unchanged(before)?;
        Ok(VolumeSubject { fitted: one.repeat(taken.channels), volume, whole, sizes, record, warnings })
    }

    /// Name and values as the classifier takes them.
    pub fn given(&self) -> Given<'_> {
        Given { name: &self.record.path, values: &self.fitted }
    }
}
