//! The files of one volume's result.

use super::{Answer, Explainer, Summary, files::write_result};
use crate::{error::Result, folder::OutputFolder, subject::VolumeSubject};
use lacuna_imaging::{
    Geometry, Image, IntensityWindow, Map, OverlayStyle, Picture, Sheet, SheetRow, SliceAt, SlicePlane, overlay, sheet,
    write_voxels,
};
use std::path::Path;

/// Side of a slice in the pictures, in pixels.
const TILE: usize = 320;

/// Writes the map and the volume with the evidence deleted on the volume's own grid, and pictures of the three planes
/// through the largest number of the map; all of it, or nothing.
///
/// # Errors
/// Files that cannot be written.
pub fn write_volume(
    explainer: &Explainer<'_>,
    subject: &VolumeSubject,
    answer: &Answer,
    folder: &OutputFolder,
) -> Result<Summary> {
    let geometry = &subject.whole.geometry;
    let map = geometry.voxels(&answer.map, subject.sizes)?;
    let perturbed = answer.perturbed.as_deref().map(|values| {
        // The mean over the channels, which the volume was repeated for.
        let cells: usize = subject.sizes.iter().product();
        let channels = (values.len() / cells.max(1)).max(1);
        let mean = |cell: usize| values.iter().skip(cell).step_by(cells).sum::<f32>() / channels as f32;
        geometry.voxels(&(0..cells).map(mean).collect::<Vec<f32>>(), subject.sizes)
    });
    let perturbed = perturbed.transpose()?;
    write_result(explainer, (&subject.record, &subject.warnings), answer, folder, |staged| {
        let header = geometry.header();
        write_voxels(staged.join("map.nii.gz"), header, &map, "lacuna attribution map, larger is more evidence")?;
        if let Some(values) = &perturbed {
            // In the unit of the volume.
            let (low, high) = (subject.whole.intensity.low, subject.whole.intensity.high);
            let own: Vec<f32> = values.iter().map(|value| low + value * (high - low)).collect();
            write_voxels(staged.join("perturbed.nii.gz"), header, &own, "lacuna, the volume with evidence deleted")?;
        }
        pictures(subject, answer, (&map, perturbed.as_deref()), staged)
    })
}

/// Rows for the three planes: the volume, the map over it, and what was made of the volume.
fn pictures(
    subject: &VolumeSubject,
    answer: &Answer,
    (map, perturbed): (&[f32], Option<&[f32]>),
    staged: &Path,
) -> Result<()> {
    let peak = (0..map.len()).max_by(|a, b| map[*a].total_cmp(&map[*b])).unwrap_or(0);
    let [width, height, _] = subject.volume.header().dims();
    let peak = [peak % width, peak / width % height, peak / (width * height)];
    let style = OverlayStyle::default();
    let (mut overlays, mut rows) = (Vec::new(), Vec::new());
    for plane in SlicePlane::ALL {
        let at = SliceAt { plane, index: peak[subject.volume.header().normal(plane)] };
        let image = subject.volume.slice(at, fixed(subject))?;
        let Geometry::Slice(slice) = image.geometry() else { continue };
        let shown = Map::new(image.height(), image.width(), slice.pick(map)?)?;
        let laid = overlay(&image, &shown, &style)?;
        overlays.push(SheetRow { label: at.to_string(), tiles: vec![Some(laid.clone())] });
        let after = perturbed.map(|values| {
            let values = slice.pick(values)?.into_iter().map(|value| value.clamp(0.0, 1.0)).collect();
            Picture::from_image(&Image::new(1, image.height(), image.width(), values)?)
        });
        let mut tiles = vec![Some(Picture::from_image(&image)?), Some(laid)];
        tiles.extend(after.transpose()?.map(Some));
        rows.push(SheetRow { label: at.to_string(), tiles });
    }
    let captions = answer.target.captions().map(|caption| caption.replace('\n', ", "));
    let heading = vec![captions[1].clone()];
    sheet(&Sheet { columns: heading, rows: overlays, tile: TILE })?.write_png(staged.join("overlay.png"))?;
    if perturbed.is_some() {
        sheet(&Sheet { columns: captions.to_vec(), rows, tile: TILE })?.write_png(staged.join("panel.png"))?;
    }
    Ok(())
}

/// The window of the whole volume, for its slices.
fn fixed(subject: &VolumeSubject) -> IntensityWindow {
    IntensityWindow::Fixed { low: subject.whole.intensity.low, high: subject.whole.intensity.high }
}
