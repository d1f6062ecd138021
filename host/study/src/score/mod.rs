//! Scores attribution maps against lesion masks (AUC of the pixels, pointing game) and compares two methods.

use crate::bootstrap::{Interval, mean_interval, paired_difference};
use crate::error::{Error, Result};
use crate::map_files::{find_maps, read_map};
use crate::natural;
use crate::patients::stem;
use crate::roc::auc;
use crate::table::image_files;
use lacuna_imaging::{Image, Interpolation, Map, Reader, RgbToGrey, refuse_on_its_side};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The agreement of one map with its mask.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ImageScore {
    /// The name that map and mask share.
    pub image: String,
    /// Area under the ROC curve of the pixels over all thresholds, in [0, 1]: the probability that a random lesion pixel has
    /// more evidence than a random other one. 0.5 is chance.
    pub auc: f64,
    /// The pointing game (Zhang et al. 2018, "Top-down neural attention by excitation backprop"), without its margin: 1 where
    /// the map's maximum lies on the lesion, 0 where not; where several pixels share the maximum, the share of them that does.
    pub hit: f64,
    /// Fraction of the map's pixels that are lesion, in [0, 1]: the expected `hit` of a random map.
    pub lesion: f64,
}

/// The agreement of a folder of maps with its masks.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Score {
    /// One score for each image, in natural order of the names.
    pub images: Vec<ImageScore>,
    /// Mean of [`ImageScore::auc`]. The interval assumes that images are independent, which slices of one patient are not.
    pub auc: Interval,
    /// Mean of [`ImageScore::hit`], with the same assumption.
    pub hit: Interval,
    /// Mean of [`ImageScore::lesion`].
    pub lesion: f64,
    /// Number of masks without a map.
    pub masks_without_map: usize,
}

/// The difference of two folders of maps of the same images.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Number of images that both folders have.
    pub images: usize,
    /// Number of images that only the first folder has; they are left out.
    pub only_first: usize,
    /// Number of images that only the second folder has; they are left out.
    pub only_second: usize,
    /// Mean over the common images of the first AUC minus the second.
    pub auc: Interval,
    /// Mean over the common images of the first hit minus the second.
    pub hit: Interval,
}

/// Scores one map (H, W); `None` where the mask is empty or all lesion. The mask is resampled to the map's grid by the
/// nearest pixel; every pixel other than 0 is lesion.
///
/// # Errors
/// Refuses a mask of neither 1 nor 3 channels.
pub fn score_map(image: &str, map: &Map, mask: &Image) -> Result<Option<ImageScore>> {
    let mask = mask.to_channels(1, RgbToGrey::Luminance)?.resize(map.height(), map.width(), Interpolation::Nearest)?;
    let lesion: Vec<bool> = mask.data().iter().map(|&value| value > 0.0).collect();
    let peak = map.max();
    let peaks: Vec<bool> =
        map.data().iter().zip(&lesion).filter(|(value, _)| **value == peak).map(|(_, l)| *l).collect();
    Ok(auc(map.data(), &lesion).map(|auc| ImageScore {
        image: image.to_owned(),
        auc,
        hit: share(&peaks),
        lesion: share(&lesion),
    }))
}

/// Scores a folder of maps against a folder of masks (PNG or JPEG) of the same names, which `reader` reads. The maps are one
/// folder for each image with a map.npy or map.png in it, or files NAME.npy or NAME.png. `seed` draws the bootstrap resamples.
///
/// # Errors
/// Refuses folders without maps or masks, maps without a mask, masks that are empty, all lesion or have height and width
/// exchanged, and files that cannot be read.
pub fn score(maps: &Path, masks: &Path, seed: u64, reader: &Reader) -> Result<Score> {
    let mut pairs = Vec::new();
    let mut lost = Vec::new();
    let mut found: HashMap<String, PathBuf> = image_files(masks)?.into_iter().map(|file| (stem(&file), file)).collect();
    let mut all = find_maps(maps)?;
    all.sort_by(|a, b| natural::compare(&a.0, &b.0));
    for (name, map) in all {
        match found.remove(&name) {
            Some(mask) => pairs.push((name, map, mask)),
            None => lost.push(name),
        }
    }
    if !lost.is_empty() {
        return Err(Error::input(
            maps.display(),
            format!("maps without a mask in `{}`: {}", masks.display(), listed(&lost)),
            "a mask for every map, of the same name without the ending",
            "name the folder of these images' masks, or take away the maps of images without a lesion",
        ));
    }
    let one = |(name, map, mask): &(String, PathBuf, PathBuf)| {
        let (map_path, map) = (map, read_map(map)?);
        let image = reader.read(mask)?;
        refuse_on_its_side(mask, &image, (map.height(), map.width()))?;
        score_map(name, &map, &image)?.ok_or_else(|| {
            Error::input(
                mask.display(),
                "a mask, on the map's grid, that is all lesion or has none",
                "lesion (other than 0) and something else (0)",
                format!("correct the mask, or take away `{}`", map_path.display()),
            )
        })
    };
    let images = pairs.par_iter().map(one).collect::<Result<Vec<ImageScore>>>()?;
    let column = |value: fn(&ImageScore) -> f64| images.iter().map(value).collect::<Vec<f64>>();
    let (Some(auc), Some(hit), Some(lesion)) = (
        mean_interval(&column(|image| image.auc), seed),
        mean_interval(&column(|image| image.hit), seed),
        mean_interval(&column(|image| image.lesion), seed),
    ) else {
        return Err(Error::input(maps.display(), "no map", "at least one", "explain some images first"));
    };
    Ok(Score { images, auc, hit, lesion: lesion.value, masks_without_map: found.len() })
}

/// The first score minus the second, on the images that both have. `seed` draws the bootstrap resamples.
///
/// # Errors
/// Refuses scores that have no image in common.
pub fn compare(first: &Score, second: &Score, seed: u64) -> Result<Comparison> {
    let others: HashMap<&str, &ImageScore> = second.images.iter().map(|image| (&*image.image, image)).collect();
    let pairs: Vec<(&ImageScore, &ImageScore)> =
        first.images.iter().filter_map(|image| Some((image, *others.get(&*image.image)?))).collect();
    let difference = |value: fn(&ImageScore) -> f64| {
        let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(a, b)| (value(a), value(b))).unzip();
        paired_difference(&first, &second, seed)
    };
    let (Some(auc), Some(hit)) = (difference(|image| image.auc), difference(|image| image.hit)) else {
        let names = |score: &Score| listed(&score.images.iter().map(|image| image.image.clone()).collect::<Vec<_>>());
        return Err(Error::input(
            "compared maps",
            format!("no image in common; the first has {}, the second {}", names(first), names(second)),
            "two folders of maps of the same images",
            "explain the same images with both methods",
        ));
    };
    Ok(Comparison {
        images: pairs.len(),
        only_first: first.images.len() - pairs.len(),
        only_second: second.images.len() - pairs.len(),
        auc,
        hit,
    })
}

/// Fraction of the values that are true; 0 without values.
fn share(values: &[bool]) -> f64 {
    values.iter().filter(|&&value| value).count() as f64 / values.len().max(1) as f64
}

/// The first five names, and the number of the others.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        count if count > SHOWN => format!("{shown} and {} more", count - SHOWN),
        _ => shown,
    }
}

#[cfg(test)]
mod tests;
