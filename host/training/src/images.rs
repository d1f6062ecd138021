//! Every picture of a table on the network's grid, in memory.

use crate::{Error, Result};
use lacuna_diagnostic::Remedy;
use lacuna_imaging::{Affine2, Image, Interpolation, Reader, RgbToGrey};
use lacuna_study::{Row, Table};
use rayon::prelude::*;

/// Pictures (C, S, S), 16 bits for each value: 100 kB for a grey one of 224 x 224.
#[derive(Debug)]
pub(crate) struct Images {
    channels: usize,
    size: usize,
    pictures: Vec<Vec<u16>>,
}

impl Images {
    /// Reads the images of a table, with `channels` channels and `size` rows and columns. Images that cannot be read are
    /// refused by name, or, with `skip_unreadable`, taken out of the table and returned.
    pub(crate) fn load(
        table: &mut Table,
        channels: usize,
        size: usize,
        (reader, skip_unreadable): (&Reader, bool),
    ) -> Result<(Self, Vec<String>)> {
        let read: Vec<Result<Vec<u16>>> = table.rows.par_iter().map(|row| one(row, channels, size, reader)).collect();
        let mut pictures = Vec::with_capacity(read.len());
        let mut kept = Vec::with_capacity(read.len());
        let mut skipped = Vec::new();
        for (row, picture) in std::mem::take(&mut table.rows).into_iter().zip(read) {
            match picture {
                Ok(picture) => {
                    pictures.push(picture);
                    kept.push(row);
                }
                Err(error) if skip_unreadable => skipped.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        table.rows = kept;
        if pictures.is_empty() {
            return Err(Error::input(
                "the data",
                format!("no image that can be read; {} were skipped", skipped.len()),
                "at least some",
                [Remedy::advice("look at the first: ".to_owned() + skipped.first().map_or("none", String::as_str))],
            ));
        }
        Ok((Self { channels, size, pictures }, skipped))
    }

    /// (C, S, S) of one picture.
    pub(crate) fn shape(&self) -> [usize; 3] {
        [self.channels, self.size, self.size]
    }

    /// A picture in [0, 1].
    pub(crate) fn picture(&self, index: usize) -> Result<Image> {
        let values = self.pictures[index].iter().map(|value| f32::from(*value) / 65535.0).collect();
        Ok(Image::new(self.channels, self.size, self.size, values)?)
    }

    /// The values of pictures (N, C, S, S), each through its map.
    pub(crate) fn batch(&self, indices: &[usize], map: impl Fn(usize) -> Option<Affine2> + Sync) -> Result<Vec<f32>> {
        let warped = indices.par_iter().map(|index| {
            let picture = self.picture(*index)?;
            match map(*index) {
                Some(map) => Ok(picture.warp(&map, self.size, self.size)?.into_data()),
                None => Ok(picture.into_data()),
            }
        });
        Ok(warped.collect::<Result<Vec<Vec<f32>>>>()?.concat())
    }

    /// Mean and standard deviation over every value of the given pictures.
    pub(crate) fn statistics(&self, indices: &[usize]) -> (f32, f32) {
        let (mut sum, mut squares, mut count) = (0.0_f64, 0.0_f64, 0.0_f64);
        for index in indices {
            for value in &self.pictures[*index] {
                let value = f64::from(*value) / 65535.0;
                sum += value;
                squares += value * value;
                count += 1.0;
            }
        }
        let mean = sum / count.max(1.0);
        let deviation = (squares / count.max(1.0) - mean * mean).max(0.0).sqrt();
        (mean as f32, (deviation as f32).max(1e-3))
    }
}

fn one(row: &Row, channels: usize, size: usize, reader: &Reader) -> Result<Vec<u16>> {
    let image = reader.read_channels(&row.image, channels, RgbToGrey::Luminance)?;
    let image = image.resize(size, size, Interpolation::BilinearAntialias)?;
    Ok(image.data().iter().map(|value| (value.clamp(0.0, 1.0) * 65535.0).round() as u16).collect())
}
