//! Draws an attribution map over its image, for people.
//!
//! Colours are relative to the map's largest value. Where the map is 0 or negative, the image is unchanged.

use crate::Result;
use crate::caption::captions;
use crate::colormap::inferno;
use crate::error::{Error, ErrorKind};
use crate::map::Map;
use crate::picture::{Picture, outline};
use crate::raster::Image;
use crate::resample::{Interpolation, resize_plane};

/// How a map is drawn over an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverlayStyle {
    /// Opacity of the colour where the map is at its maximum, in [0, 1]; it falls linearly with the map.
    pub peak_opacity: f32,
    /// Whether a thin line is drawn where the map is half its maximum.
    pub contour: bool,
    /// Smaller images are enlarged by a whole factor until their longer side has at least so many pixels.
    pub least_side: usize,
    /// Quantile of the map, in [0, 1], at which the colour is full, but at least a quarter of the maximum. 1 takes the maximum;
    /// 0.99 also shows what a few outliers would leave dark.
    pub full_at: f32,
}

impl Default for OverlayStyle {
    fn default() -> Self {
        Self { peak_opacity: 0.5, contour: true, least_side: 384, full_at: 1.0 }
    }
}

/// The image in grey with the map in colour over it. Every image pixel becomes a square of n x n picture pixels, n a whole
/// number; the map is interpolated between pixel centres, so that its contour is smooth.
///
/// # Errors
/// Refuses a map and an image of different height or width.
pub fn overlay(image: &Image, map: &Map, style: &OverlayStyle) -> Result<Picture> {
    let grid = (image.height(), image.width());
    same_grid(grid, (map.height(), map.width()), "a map")?;
    let factor = factor(grid, style.least_side);
    let mut picture = grey(image, factor);
    let peak = full(map, style.full_at);
    if peak <= 0.0 {
        return Ok(picture);
    }
    let large = (picture.height(), picture.width());
    let evidence: Vec<f32> = resize_plane(map.data(), grid, large, Interpolation::Bilinear)
        .into_iter()
        .map(|value| (value / peak).clamp(0.0, 1.0))
        .collect();
    for (pixel, &value) in picture.pixels_mut().zip(&evidence) {
        *pixel = blend(*pixel, inferno(value), style.peak_opacity.clamp(0.0, 1.0) * value);
    }
    if style.contour {
        let half: Vec<bool> = evidence.iter().map(|&value| value >= 0.5).collect();
        for (pixel, is_edge) in picture.pixels_mut().zip(outline(&half, large.1)) {
            *pixel = if is_edge { CONTOUR } else { *pixel };
        }
    }
    Ok(picture)
}

/// The value of the map at which the colour is full; see [`OverlayStyle::full_at`].
fn full(map: &Map, share: f32) -> f32 {
    if share >= 1.0 {
        return map.max();
    }
    let mut sorted = map.data().to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let place = (share.max(0.0) * sorted.len() as f32) as usize;
    sorted.get(place).copied().unwrap_or(0.0).max(map.max() / 4.0)
}

/// Draws side by side: the image, the overlay, the perturbed image, and a bar of the overlay's colours from 0 at the bottom to
/// the map's maximum at the top, with a line at the half where the contour runs. `texts` are the captions of the first three,
/// and may be empty.
///
/// # Errors
/// Refuses a map or a perturbed image of another height or width than the image, and an image too large for captions.
pub fn panel(
    image: &Image,
    map: &Map,
    perturbed: &Image,
    style: &OverlayStyle,
    texts: &[String; 3],
) -> Result<Picture> {
    let grid = (image.height(), image.width());
    same_grid(grid, (perturbed.height(), perturbed.width()), "a perturbed image")?;
    let factor = factor(grid, style.least_side);
    let middle = overlay(image, map, style)?;
    let bar = colour_bar(middle.height(), style);
    let parts = [grey(image, factor), middle, grey(perturbed, factor), bar];
    let widths = parts.iter().map(Picture::width);
    let texts: Vec<(usize, &str)> = widths.zip(texts.iter().map(String::as_str).chain([""])).collect();
    let beside = side_by_side(&parts);
    let Some(above) = captions(&texts, GAP)? else { return Ok(beside) };
    let mut whole = Picture::plain(above.height() + beside.height(), beside.width(), WHITE);
    whole.paste(&above, (0, 0));
    whole.paste(&beside, (above.height(), 0));
    Ok(whole)
}

/// A cyan that neither grey images nor inferno contain.
const CONTOUR: [u8; 3] = [64, 224, 255];
const WHITE: [u8; 3] = [255; 3];
/// White pixels between the parts of a panel.
const GAP: usize = 6;
/// Width of the colour bar in pixels.
const BAR: usize = 14;

fn same_grid(image: (usize, usize), other: (usize, usize), name: &str) -> Result<()> {
    if image == other {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Shape,
        format!("{name} of {} x {} pixels for an image of {} x {}", other.0, other.1, image.0, image.1),
        "the same height and width",
        "resize it to the image's height and width first",
    ))
}

/// The smallest whole factor that brings the longer side to `least_side` pixels.
fn factor((height, width): (usize, usize), least_side: usize) -> usize {
    least_side.div_ceil(height.max(width)).max(1)
}

/// The image's luminance, every pixel repeated `factor` times both ways.
fn grey(image: &Image, factor: usize) -> Picture {
    Picture::luminance(image).enlarge(factor)
}

/// Alpha blending: `under` in 0 to 255, `over` and `opacity` in [0, 1].
fn blend(under: [u8; 3], over: [f32; 3], opacity: f32) -> [u8; 3] {
    [0, 1, 2].map(|c| (f32::from(under[c]) * (1.0 - opacity) + over[c] * 255.0 * opacity).round() as u8)
}

/// The colour bar of a panel. It shows the colours opaque: blended over black tissue they would be too dark to read.
fn colour_bar(height: usize, style: &OverlayStyle) -> Picture {
    let value = |row: usize| 1.0 - row as f32 / (height.max(2) - 1) as f32;
    let half = height / 2;
    let colour = |row: usize| {
        if style.contour && row == half { CONTOUR } else { inferno(value(row)).map(|c| (c * 255.0).round() as u8) }
    };
    let mut bar = Picture::plain(height, BAR, WHITE);
    for (pixel, index) in bar.pixels_mut().zip(0..) {
        *pixel = colour(index / BAR);
    }
    bar
}

/// Puts pictures of one height beside each other, with white gaps.
fn side_by_side(parts: &[Picture]) -> Picture {
    let height = parts.iter().map(Picture::height).max().unwrap_or(0);
    let width = parts.iter().map(Picture::width).sum::<usize>() + GAP * parts.len().saturating_sub(1);
    let mut whole = Picture::plain(height, width, WHITE);
    let mut left = 0;
    for part in parts {
        whole.paste(part, (0, left));
        left += part.width() + GAP;
    }
    whole
}
