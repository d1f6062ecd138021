//! The picture of a comparison: a column for each image, a row for each method.

use super::{
    cell::{self, Cell},
    rows::Case,
};
use crate::failure::Result;
use lacuna_imaging::{OverlayStyle, Picture, Reader, RgbToGrey, Sheet, SheetRow, overlay, sheet};
use lacuna_session::Subject;
use std::path::Path;

/// Side of a tile in pixels.
const TILE: usize = 160;
/// The expert's line.
const OUTLINE: [u8; 3] = [255, 64, 64];

/// Draws the images with the expert's line, and below them the map of every cell; its colour is full at the number above
/// which a hundredth of the pixels lie, or at a quarter of the maximum if that is more.
pub fn grid(cells: &[Cell], images: &[(&Case, &Subject)], reader: &Reader, out: &Path) -> Result<Picture> {
    let mut rows = Vec::new();
    let mut experts = Vec::new();
    for (case, subject) in images {
        let image = subject.image.to_channels(1, RgbToGrey::Luminance)?;
        let factor = (2 * TILE / image.height().max(image.width())).max(1);
        let mask = cell::mask(case, subject, reader)?;
        let mask = cell::on_grid(&mask, image.height() * factor, image.width() * factor)?;
        let inside: Vec<bool> = mask.data().iter().map(|value| *value > 0.5).collect();
        experts.push(Some(Picture::from_image(&image)?.enlarge(factor).with_outline(&inside, OUTLINE)?));
    }
    rows.push(SheetRow { label: "image and expert".to_owned(), tiles: experts });
    // Gradients have a few large numbers that would leave the rest of their maps in the dark.
    let style = OverlayStyle { full_at: 0.99, ..OverlayStyle::default() };
    for cell in cells {
        let mut tiles = Vec::new();
        for (case, subject) in images {
            let map = cell::map(cell, out, &case.name)?;
            tiles.push(Some(overlay(&subject.image, &map, &style)?));
        }
        let label = match &cell.perturbation {
            Some(perturbation) => format!("{}\n{perturbation}", cell.method),
            None => cell.method.clone(),
        };
        rows.push(SheetRow { label, tiles });
    }
    let columns = images.iter().map(|(case, _)| case.row.patient.clone()).collect();
    Ok(sheet(&Sheet { columns, rows, tile: TILE })?)
}
