//! Writes a data set: a folder of healthy and pasted images, with the table that a training reads.

use super::donor_folds::DonorFold;
use super::paster::{Paster, Pastes};
use crate::error::{Error, Result};
use crate::patients::stem;
use crate::table::{Row, Table};
use lacuna_imaging::{BitDepth, Image, Picture, Sheet, SheetRow, sheet};
use rayon::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What [`write_dataset`] wrote.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DatasetReport {
    /// Number of healthy images.
    pub healthy: usize,
    /// Number of pasted images.
    pub pasted: usize,
    /// Number of healthy patients.
    pub patients: usize,
    /// Number of lesion images.
    pub donors: usize,
    /// The people whose lesions are in the images of each fold of patients.
    pub folds: Vec<DonorFold>,
    /// Names of healthy images with fewer pastes than requested, since no other lesion fitted.
    pub fewer: Vec<String>,
    /// Overlap (Dice) of the two registered brains, in [0, 1], over the pasted images.
    pub overlap: Spread,
    /// Normalised mutual information of the two registered brains, in [1, 2], over the pasted images.
    pub information: Spread,
    /// Number of lesion pixels, over the pasted images.
    pub lesion_pixels: Spread,
}

/// The range and the median of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Spread {
    /// The smallest value.
    pub least: f64,
    /// The median.
    pub median: f64,
    /// The largest value.
    pub most: f64,
}

/// Names of the parts of the folder.
const IMAGES: &str = "images";
const MASKS: &str = "masks";
const TABLE: &str = "data.csv";
const SHEET: &str = "sheet.png";
const LABEL: &str = "lesion";
/// Number of rows of the contact sheet.
const SHOWN: usize = 8;
/// Side of the contact sheet's pictures, in pixels.
const TILE: usize = 384;

/// Pastes lesions into every image of a table, on all cores, and writes into `folder`:
///
/// - `images/NAME.png`, the healthy images, and `images/NAME-DONOR.png`, the pasted ones, 8 bit grey;
/// - `masks/NAME-DONOR.png`, 255 where the lesion is;
/// - `data.csv` with the columns image, patient, mask, donor, lesion: the patient of a pasted image is that of its healthy
///   image, and its donor is the person who gave the lesion;
/// - `sheet.png`, a contact sheet of eight examples.
///
/// `progress` receives the number of healthy images done and the number of all, from several threads, and may stop the work.
///
/// # Errors
/// Refuses two images of one name, images that [`Paster::onto`] refuses, a data set without any paste, and a folder that
/// cannot be written. [`Error::Stopped`] where `progress` stops the work.
pub fn write_dataset(
    healthy: &Table,
    paster: &Paster,
    folder: &Path,
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<DatasetReport> {
    let names = names(healthy)?;
    for part in [IMAGES, MASKS] {
        let path = folder.join(part);
        fs::create_dir_all(&path).map_err(|cause| {
            let remedy = "give yourself the right to write there, or choose another folder";
            Error::input(path.display(), format!("cannot be made ({cause})"), "a folder that can be written", remedy)
        })?;
    }
    let all = healthy.rows.len();
    let shown = |index: usize| (0..SHOWN.min(all)).any(|place| place * all / SHOWN.min(all) == index);
    let done = AtomicUsize::new(0);
    let one = |index: usize| {
        let row = &healthy.rows[index];
        let pastes = paster.onto(&row.image, &row.patient)?;
        let written = write(&pastes, &names[index], &row.patient, folder)?;
        let count = done.fetch_add(1, Ordering::Relaxed) + 1;
        match progress(count, all) {
            ControlFlow::Break(()) => Err(Error::Stopped),
            ControlFlow::Continue(()) => Ok(Done { tiles: tiles(&pastes, shown(index))?, ..written }),
        }
    };
    let parts = (0..all).into_par_iter().map(one).collect::<Result<Vec<Done>>>()?;
    finish(healthy, paster, folder, &names, parts)
}

/// What remains in memory of one healthy image once its files are written.
#[derive(Default)]
struct Done {
    rows: Vec<Row>,
    /// [overlap, information, number of lesion pixels] of each paste.
    measured: Vec<[f64; 3]>,
    tiles: Option<SheetRow>,
}

/// Writes the images and masks of one healthy image.
fn write(pastes: &Pastes, name: &str, patient: &str, folder: &Path) -> Result<Done> {
    let mut done = Done::default();
    let mut row = |name: &str, image: &Image, lesion: Option<(&Image, &str)>| -> Result<()> {
        let file = |part: &str| folder.join(part).join(format!("{name}.png"));
        image.write_png(file(IMAGES), BitDepth::Eight)?;
        lesion.map(|(mask, _)| mask.write_png(file(MASKS), BitDepth::Eight)).transpose()?;
        done.rows.push(Row {
            image: file(IMAGES),
            patient: patient.to_owned(),
            mask: lesion.map(|_| file(MASKS)),
            donor: lesion.map(|(_, person)| person.to_owned()),
            labels: vec![lesion.is_some()],
        });
        Ok(())
    };
    row(name, &pastes.healthy, None)?;
    for pasted in &pastes.pasted {
        row(&format!("{name}-{}", pasted.donor), &pasted.image, Some((&pasted.mask, &pasted.person)))?;
    }
    done.measured = pastes.pasted.iter().map(|p| [p.overlap, p.information, p.pixels as f64]).collect();
    Ok(done)
}

/// Writes the table and the contact sheet, and reports.
fn finish(
    healthy: &Table,
    paster: &Paster,
    folder: &Path,
    names: &[String],
    parts: Vec<Done>,
) -> Result<DatasetReport> {
    let measured: Vec<[f64; 3]> = parts.iter().flat_map(|part| &part.measured).copied().collect();
    let (Some(overlap), Some(information), Some(lesion_pixels)) =
        (spread(&measured, 0), spread(&measured, 1), spread(&measured, 2))
    else {
        return Err(Error::input(
            "pastes",
            format!("no lesion that fits any of {} images", names.len()),
            "lesions that lie within the healthy brains once the outlines are laid over each other",
            "check that both kinds of images show the brain without skull, at a similar level and upright in the same way",
        ));
    };
    let asked = paster.options().per_image;
    let fewer = names.iter().zip(&parts).filter(|(_, part)| part.measured.len() < asked).map(|(name, _)| name.clone());
    let report = DatasetReport {
        healthy: names.len(),
        pasted: measured.len(),
        patients: healthy.patients().len(),
        donors: paster.donors().len(),
        folds: paster.folds(),
        fewer: fewer.collect(),
        overlap,
        information,
        lesion_pixels,
    };
    let (mut rows, mut pictures) = (Vec::new(), Vec::new());
    for (part, name) in parts.into_iter().zip(names) {
        rows.extend(part.rows);
        pictures.extend(part.tiles.map(|tiles| SheetRow { label: name.clone(), ..tiles }));
    }
    Table { labels: vec![LABEL.to_owned()], rows, note: None }.write_csv(folder.join(TABLE))?;
    let columns = ["healthy", "pasted", "its lesion"].map(str::to_owned).to_vec();
    sheet(&Sheet { columns, rows: pictures, tile: TILE })?.write_png(folder.join(SHEET))?;
    Ok(report)
}

/// The name of each healthy image in the data set: the name of its file without the ending.
fn names(healthy: &Table) -> Result<Vec<String>> {
    let mut files: HashMap<String, &PathBuf> = HashMap::new();
    let mut names = Vec::new();
    for row in &healthy.rows {
        let name = stem(&row.image);
        if let Some(other) = files.insert(name.clone(), &row.image) {
            let found = format!("an image of the name `{name}`, and so is `{}`", other.display());
            return Err(Error::input(
                row.image.display(),
                found,
                "names that tell the images apart",
                "rename one of the two",
            ));
        }
        names.push(name);
    }
    Ok(names)
}

/// The contact sheet's row of one healthy image: healthy, pasted, and pasted with the lesion's outline.
fn tiles(pastes: &Pastes, shown: bool) -> Result<Option<SheetRow>> {
    let Some(pasted) = pastes.pasted.first().filter(|_| shown) else { return Ok(None) };
    let factor = (TILE / pasted.mask.height().max(pasted.mask.width())).max(1);
    let width = pasted.mask.width() * factor;
    let lesion = |pixel: usize| {
        let (row, column) = (pixel / width / factor, pixel % width / factor);
        pasted.mask.data()[row * pasted.mask.width() + column] > 0.5
    };
    let large = Picture::from_image(&pasted.image)?.enlarge(factor);
    let mask: Vec<bool> = (0..width * large.height()).map(lesion).collect();
    let pictures = [
        Picture::from_image(&pastes.healthy)?,
        Picture::from_image(&pasted.image)?,
        large.with_outline(&mask, [255, 64, 64])?,
    ];
    Ok(Some(SheetRow { label: String::new(), tiles: pictures.map(Some).to_vec() }))
}

/// The range and the median of quantity `which`; `None` without pastes.
fn spread(measured: &[[f64; 3]], which: usize) -> Option<Spread> {
    let mut values: Vec<f64> = measured.iter().map(|numbers| numbers[which]).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    Some(Spread { least, median: values[values.len() / 2], most })
}
