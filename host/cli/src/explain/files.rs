//! The files of one image's result.

use super::{
    batch::{Explained, Explainer, Subject},
    record::{Record, Summary},
};
use crate::{
    failure::{Failure, Result},
    hash,
    output::{OutputFolder, RECORD},
};
use lacuna_imaging::{BitDepth, Geometry, OverlayStyle, overlay, panel, write_atomic, write_npz};
use std::path::Path;

/// Every name that a result can have.
const NAMES: [&str; 8] =
    [RECORD, "overlay.png", "panel.png", "map.png", "map.npy", "map.nii.gz", "perturbed.png", "extras.npz"];

/// Writes all files of a result, or none.
pub fn write(
    explainer: &Explainer<'_>,
    subject: &Subject,
    explained: &Explained,
    folder: &OutputFolder,
) -> Result<Summary> {
    let mut record = Record::new(explainer, subject, explained);
    let files = folder.fill(&NAMES, |staged| {
        pictures(subject, explained, staged)?;
        map(subject, explained, staged)?;
        if !explained.extras.is_empty() {
            write_npz(staged.join("extras.npz"), &explained.extras)?;
        }
        record.outputs = hash::of_folder(staged).map_err(|error| {
            Failure::Run(format!("{}: the results cannot be read back ({error})", staged.display()))
        })?;
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| Failure::Run(format!("the record cannot be written: {error}")))?;
        Ok(write_atomic(staged.join(RECORD), text.as_bytes())?)
    })?;
    Ok(Summary::new(subject, explained, folder.path(), files))
}

fn pictures(subject: &Subject, explained: &Explained, staged: &Path) -> Result<()> {
    let (image, map) = (&subject.image, &explained.map);
    let style = OverlayStyle::default();
    overlay(image, map, &style)?.write_png(staged.join("overlay.png"))?;
    if let Some(perturbed) = &explained.perturbed {
        perturbed.write_png(staged.join("perturbed.png"), BitDepth::Sixteen)?;
        panel(image, map, perturbed, &style, &explained.target.captions())?.write_png(staged.join("panel.png"))?;
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
