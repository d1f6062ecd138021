//! I_L of Eq. 3: reads images with a lesion that experts have outlined.

use super::foreground::foreground;
use super::register::Coarse;
use crate::error::{Error, Result};
use crate::table::image_files;
use lacuna_imaging::{Image, Reader, RgbToGrey};
use rayon::prelude::*;
use std::path::Path;

/// The folder of lesion images.
const LESION: &str = "lesion";
/// The folder of their masks.
const MASK: &str = "lesion_mask";

/// One lesion image, ready for registration to a healthy one.
#[derive(Clone, Debug)]
pub(super) struct Donor {
    /// The name of its file without the ending.
    pub name: String,
    /// An image (3, H, W) whose channels are the grey values, the lesion mask (0 or 1) and the brain mask (0 or 1).
    pub layers: Image,
    /// The brain on the grid of the registration.
    pub coarse: Coarse,
}

/// Reads all donors of a folder that has `lesion/` and `lesion_mask/` with equal file names, in natural order.
pub(super) fn read(folder: &Path, reader: &Reader) -> Result<Vec<Donor>> {
    for part in [LESION, MASK] {
        if !folder.join(part).is_dir() {
            return Err(Error::input(
                folder.display(),
                format!("no folder `{part}` in it"),
                format!(
                    "a folder that holds `{LESION}`, images, and `{MASK}`, their lesions under the same file names"
                ),
                "name the folder around the two, or sort the files so",
            ));
        }
    }
    let files = image_files(&folder.join(LESION))?;
    files.par_iter().map(|file| donor(file, &folder.join(MASK), reader)).collect()
}

/// Reads one donor: its image, its mask and its brain.
fn donor(file: &Path, masks: &Path, reader: &Reader) -> Result<Donor> {
    let image = grey(file, reader)?;
    let size = (image.height(), image.width());
    let path = masks.join(file.file_name().unwrap_or_default());
    let refuse = |found: String, expected: &str| {
        let remedy = format!("add or correct the mask, or remove `{}`", file.display());
        Err(Error::input(path.display(), found, expected, remedy))
    };
    if !path.is_file() {
        return refuse("no such file".to_owned(), "a mask for every lesion image, of the same file name");
    }
    let mask = reader.read_mask(&path, &image)?;
    if (mask.height(), mask.width()) != size {
        let found = format!("{} x {} pixels, its image {} x {}", mask.height(), mask.width(), size.0, size.1);
        return refuse(found, "masks of the size of their images");
    }
    let lesion: Vec<bool> = mask.data().iter().map(|&value| value > 0.0).collect();
    if !lesion.contains(&true) {
        return refuse("no pixel other than 0".to_owned(), "a lesion");
    }
    let (brain, coarse) = brain(&image, file)?;
    let number = |values: &[bool]| values.iter().map(|&value| f32::from(u8::from(value))).collect::<Vec<_>>();
    let layers = [image.data(), &number(&lesion), &number(&brain)].concat();
    Ok(Donor { name: crate::patients::stem(file), layers: Image::new(3, size.0, size.1, layers)?, coarse })
}

/// The brain mask of a grey image, and the image on the grid of the registration.
pub(super) fn brain(image: &Image, file: &Path) -> Result<(Vec<bool>, Coarse)> {
    let brain = foreground(image.data(), (image.height(), image.width()));
    let coarse = brain.and_then(|brain| Coarse::new(image, &brain).map(|coarse| (brain, coarse)));
    coarse.ok_or_else(|| {
        Error::input(
            file.display(),
            "no brain: nothing stands out of a darker background",
            "a slice of a brain without its skull, on black",
            "remove the image, or take off the skull and the background first",
        )
    })
}

/// Reads a PNG or JPEG as one channel.
pub(super) fn grey(file: &Path, reader: &Reader) -> Result<Image> {
    Ok(reader.read_channels(file, 1, RgbToGrey::Luminance)?)
}
