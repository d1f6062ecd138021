//! A whole volume: read, fitted to a classifier of volumes, and everything brought back onto exactly its own grid.

use super::{
    Explainer,
    batch::{Answer, Given},
    files::write_result,
    input::{ImageRecord, InputArguments},
    record::Summary,
};
use crate::{
    failure::{Failure, Result},
    output::OutputFolder,
    pictures,
};
use lacuna_engine::Manifest;
use lacuna_imaging::{
    Geometry, Image, IntensityWindow, Map, OverlayStyle, Picture, Reader, Sheet, SheetRow, SliceAt, SlicePlane, Volume,
    VolumeOrientation, Warning, WholeVolume, overlay, sheet, write_voxels,
};
use std::path::Path;

/// A volume, and what the classifier sees of it.
#[derive(Debug)]
pub struct VolumeSubject {
    volume: Volume,
    whole: WholeVolume,
    /// All channels on the classifier's grid.
    fitted: Vec<f32>,
    /// D, H and W of that grid.
    sizes: [usize; 3],
    record: ImageRecord,
    warnings: Vec<String>,
}

/// Side of a slice in the pictures, in pixels.
const TILE: usize = 320;

impl VolumeSubject {
    /// Reads a volume and fits it to the classifier: orientation, then size (trilinear with antialiasing); its values are
    /// repeated for each channel.
    pub fn read(
        arguments: &InputArguments,
        path: &Path,
        manifest: &Manifest,
        reader: &Reader,
    ) -> Result<VolumeSubject> {
        let taken = &manifest.input;
        let Some(depth) = taken.depth else {
            let remedy = "give a slice of the volume with `--slice PLANE:INDEX` in place of `--volume`";
            return Err(Failure::input(&manifest.name, "a classifier of images, not of volumes", remedy));
        };
        let orientation = match &taken.orientation {
            None => None,
            Some(letters) => Some(letters.parse::<VolumeOrientation>().map_err(|error| {
                let found = format!("[input] has {}; expected {}", error.found, error.expected);
                Failure::input(&manifest.name, found, &error.remedy)
            })?),
        };
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
        let record = ImageRecord::of_volume(path, &whole)?;
        let warnings = warnings.iter().map(|warning| pictures::with_option(warning, warning)).collect();
        Ok(VolumeSubject { fitted: one.repeat(taken.channels), volume, whole, sizes, record, warnings })
    }

    /// As the classifier takes it.
    pub fn given(&self) -> Given<'_> {
        Given { path: &self.record.path, values: &self.fitted }
    }

    /// Writes the map and the volume with the evidence deleted on the volume's own grid, and pictures of the three planes
    /// through the largest number of the map.
    pub fn write(&self, explainer: &Explainer<'_>, answer: &Answer, folder: &OutputFolder) -> Result<Summary> {
        let geometry = &self.whole.geometry;
        let map = geometry.voxels(&answer.map, self.sizes)?;
        let perturbed = answer.perturbed.as_deref().map(|values| {
            // The mean over the channels, which the volume was repeated for.
            let cells: usize = self.sizes.iter().product();
            let channels = (values.len() / cells.max(1)).max(1);
            let mean = |cell: usize| values.iter().skip(cell).step_by(cells).sum::<f32>() / channels as f32;
            geometry.voxels(&(0..cells).map(mean).collect::<Vec<f32>>(), self.sizes)
        });
        let perturbed = perturbed.transpose()?;
        write_result(explainer, (&self.record, &self.warnings), answer, folder, |staged| {
            let header = geometry.header();
            write_voxels(staged.join("map.nii.gz"), header, &map, "lacuna attribution map, larger is more evidence")?;
            if let Some(values) = &perturbed {
                // In the unit of the volume.
                let (low, high) = (self.whole.intensity.low, self.whole.intensity.high);
                let own: Vec<f32> = values.iter().map(|value| low + value * (high - low)).collect();
                write_voxels(
                    staged.join("perturbed.nii.gz"),
                    header,
                    &own,
                    "lacuna, the volume with evidence deleted",
                )?;
            }
            self.pictures(answer, (&map, perturbed.as_deref()), staged)
        })
    }

    /// Rows for the three planes: the volume, the map over it, and what was made of the volume.
    fn pictures(&self, answer: &Answer, (map, perturbed): (&[f32], Option<&[f32]>), staged: &Path) -> Result<()> {
        let peak = (0..map.len()).max_by(|a, b| map[*a].total_cmp(&map[*b])).unwrap_or(0);
        let [width, height, _] = self.volume.header().dims();
        let peak = [peak % width, peak / width % height, peak / (width * height)];
        let style = OverlayStyle::default();
        let (mut overlays, mut rows) = (Vec::new(), Vec::new());
        for plane in SlicePlane::ALL {
            let at = SliceAt { plane, index: peak[self.volume.header().normal(plane)] };
            let image = self.volume.slice(at, fixed(self))?;
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
}

/// The window of the whole volume, for its slices.
fn fixed(subject: &VolumeSubject) -> IntensityWindow {
    IntensityWindow::Fixed { low: subject.whole.intensity.low, high: subject.whole.intensity.high }
}
