//! Finds the attribution maps in a folder and the name of the image that each explains.

use crate::error::{Error, Result};
use crate::patients::stem;
use lacuna_imaging::{Image, Map, RgbToGrey};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// File names of a map in a folder of its own, the preferred one first: NPY keeps the values, PNG has 16 bits of [0, 1].
const OWN: [&str; 2] = ["map.npy", "map.png"];
/// File endings of maps that share one folder, the preferred one last, so that it replaces the other in [`find_maps`].
const ENDINGS: [&str; 2] = ["png", "npy"];

/// Lists the maps of a folder as (image name, file). The folder is either the result of one image, or it holds such
/// folders, each named after its image, or files NAME.npy and NAME.png. Where an image has both, the NPY is taken.
pub(crate) fn find_maps(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    const EXPECTED: &str = "a folder of maps";
    let unreadable = |cause| Error::unreadable(folder, &cause, EXPECTED);
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(unreadable)?;
    if let Some(map) = own_map(folder) {
        let folder = folder.canonicalize().map_err(unreadable)?;
        return Ok(vec![(name(&folder), map)]);
    }
    let mut maps: HashMap<String, PathBuf> = HashMap::new();
    for ending in ENDINGS {
        let with_ending = entries.iter().filter(|path| path.extension().is_some_and(|other| other == ending));
        maps.extend(with_ending.filter(|path| path.is_file()).map(|path| (stem(path), path.clone())));
    }
    for path in entries.iter().filter(|path| path.is_dir()) {
        maps.extend(own_map(path).map(|map| (name(path), map)));
    }
    if maps.is_empty() {
        return Err(Error::input(
            folder.display(),
            "no map",
            format!(
                "{EXPECTED}: one folder for each image with map.npy or map.png in it, or files NAME.npy or NAME.png"
            ),
            "name the folder into which the explanations were written",
        ));
    }
    Ok(maps.into_iter().collect())
}

/// Reads a map (H, W) from an NPY of any range, or from a PNG or JPEG that is grey (one channel, or three equal ones).
pub(crate) fn read_map(path: &Path) -> Result<Map> {
    if path.extension().is_some_and(|ending| ending == "npy") {
        return Ok(Map::read_npy(path)?);
    }
    let image = Image::read(path)?.to_channels(1, RgbToGrey::OnlyIfGrey)?;
    Ok(Map::new(image.height(), image.width(), image.into_data())?)
}

/// The map file of a folder that is the result of one image.
fn own_map(folder: &Path) -> Option<PathBuf> {
    OWN.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
