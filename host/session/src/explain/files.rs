//! The files of one image's result.

use super::{
    Answer, Explained, Explainer,
    record::{Record, Summary},
};
use crate::{
    error::{Error, Result},
    folder::{OutputFolder, RECORD},
    hash,
    subject::{ImageRecord, Subject},
};
use lacuna_imaging::{BitDepth, Geometry, OverlayStyle, Warning, overlay, panel, write_atomic, write_npz};
use std::path::Path;

/// Every name that a result can have.
const NAMES: [&str; 9] = [
    RECORD,
    "overlay.png",
    "panel.png",
    "map.png",
    "map.npy",
    "map.nii.gz",
    "perturbed.png",
    "perturbed.nii.gz",
    "extras.npz",
];

/// Writes all files of an image's result, or none.
///
/// # Errors
/// Files that cannot be written.
pub fn write(
    explainer: &Explainer<'_>,
    subject: &Subject,
    explained: &Explained,
    folder: &OutputFolder,
) -> Result<Summary> {
    write_result(explainer, (&subject.record, &subject.warnings), &explained.answer, folder, |staged| {
        pictures(subject, explained, staged)?;
        map(subject, explained, staged)
    })
}

/// Writes what `own` writes, what every result has, and last the record that proves all of it; or nothing.
pub(super) fn write_result(
    explainer: &Explainer<'_>,
    (image, warnings): (&ImageRecord, &[Warning]),
    answer: &Answer,
    folder: &OutputFolder,
    own: impl FnOnce(&Path) -> Result<()>,
) -> Result<Summary> {
    let mut record = Record::new(explainer, (image, warnings), answer);
    let files = folder.fill::<Error>(&NAMES, |staged| {
        own(staged)?;
        if !answer.extras.is_empty() {
            write_npz(staged.join("extras.npz"), &answer.extras)?;
        }
        record.outputs = hash::of_folder(staged)
            .map_err(|error| Error::unwritable(staged, format!("the results cannot be read back ({error})")))?;
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| Error::unwritable(staged, format!("the record cannot be written ({error})")))?;
        Ok(write_atomic(staged.join(RECORD), text.as_bytes())?)
    })?;
    Ok(Summary::new(explainer, (image, warnings), answer, folder.path(), files))
}

fn pictures(subject: &Subject, explained: &Explained, staged: &Path) -> Result<()> {
    let (image, map) = (&subject.image, &explained.map);
    let style = OverlayStyle::default();
    overlay(image, map, &style)?.write_png(staged.join("overlay.png"))?;
    if let Some(perturbed) = &explained.perturbed {
        perturbed.write_png(staged.join("perturbed.png"), BitDepth::Sixteen)?;
        let captions = explained.answer.target.captions();
        panel(image, map, perturbed, &style, &captions)?.write_png(staged.join("panel.png"))?;
    }
    Ok(())
}

fn map(subject: &Subject, explained: &Explained, staged: &Path) -> Result<()> {
    explained.map.write_png(staged.join("map.png"))?;
    explained.map.write_npy(staged.join("map.npy"))?;
    if let Geometry::Slice(slice) = subject.image.geometry() {
        explained.map.write_nifti(staged.join("map.nii.gz"), slice)?;
    }
    Ok(())
}
