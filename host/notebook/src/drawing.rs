//! Pictures of tensors: images, maps over images, and grids of them with titles.

use lacuna_diagnostic::Remedy;
use lacuna_engine::Tensor;
use lacuna_imaging::{Image, Interpolation, Map, OverlayStyle, Picture, Sheet, SheetRow, overlay, sheet};
use lacuna_runtime::cells::{Refusal, Tile};

/// Side of a tile in a grid, in pixels.
const TILE: usize = 224;
/// Side of a single tile, in pixels.
const ALONE: usize = 384;
/// Tiles in a row, where nobody says how many.
const COLUMNS: usize = 4;
/// Pixels of one picture, and numbers of one tensor in it.
const MOST_PIXELS: usize = 32 << 20;
/// What an image may miss [0, 1] by, from rounding.
const ROUNDING: f32 = 1e-3;
/// Pixels between the rows.
const GAP: usize = 4;

/// Tiles side by side in rows of `columns`, each `width` pixels wide, as a PNG; 0 for what suits them.
///
/// # Errors
/// Tensors that are no images or maps, and no tiles.
pub fn picture(tiles: &[Tile], columns: usize, width: usize) -> Result<Vec<u8>, Refusal> {
    let alone = tiles.len() == 1 && tiles.iter().all(|tile| tile.title.is_empty());
    let side = match (width, alone) {
        (0, true) => ALONE,
        (0, false) => TILE,
        (width, _) => width.clamp(16, 2048),
    };
    if tiles.len().saturating_mul(side * side) > MOST_PIXELS {
        let text = format!("{} tiles of {side} pixels make a picture of more than {MOST_PIXELS} pixels", tiles.len());
        return Err(Refusal::because(text, [Remedy::advice("draw fewer or smaller ones")]));
    }
    let drawn = tiles.iter().map(draw).collect::<Result<Vec<_>, _>>()?;
    let Some((first, note)) = drawn.first() else {
        return Err(Refusal::because("there is nothing to draw", []));
    };
    if alone && note.is_empty() {
        return first.fit(side).and_then(|picture| picture.to_png()).map_err(refused);
    }
    let columns = if columns == 0 { COLUMNS } else { columns }.clamp(1, drawn.len());
    let cells: Vec<(&Tile, &(Picture, String))> = tiles.iter().zip(&drawn).collect();
    let rows = cells.chunks(columns).map(|row| {
        let titles = row.iter().map(|(tile, (_, note))| format!("{} {note}", tile.title).trim().to_owned());
        let pictures = row.iter().map(|(_, (picture, _))| Some(picture.clone()));
        sheet(&Sheet {
            columns: titles.collect(),
            rows: vec![SheetRow { label: String::new(), tiles: pictures.collect() }],
            tile: side,
        })
    });
    let rows = rows.collect::<lacuna_imaging::Result<Vec<_>>>().map_err(refused)?;
    Picture::stacked(&rows, GAP).and_then(|picture| picture.to_png()).map_err(refused)
}

/// The picture of a tile, and what is to be said of it.
fn draw(tile: &Tile) -> Result<(Picture, String), Refusal> {
    let image = tile.image.as_ref().map(image_of).transpose()?;
    let map = tile.map.as_ref().map(map_of).transpose()?;
    let (picture, note) = match (image, map) {
        (Some((image, note)), Some(map)) => {
            let map = map.resize(image.height(), image.width(), Interpolation::Bilinear).map_err(refused)?;
            (overlay(&image, &map, &OverlayStyle::default()), note)
        }
        (Some((image, note)), None) => (Picture::from_image(&image), note),
        (None, Some(map)) => {
            let largest = map.max().max(f32::MIN_POSITIVE);
            let grey = map.data().iter().map(|value| (value / largest).clamp(0.0, 1.0)).collect();
            let image = Image::new(1, map.height(), map.width(), grey).map_err(refused)?;
            (Picture::from_image(&image), String::new())
        }
        (None, None) => return Err(Refusal::because("a tile has neither an image nor a map", [])),
    };
    Ok((picture.map_err(refused)?, note))
}

/// The image in a tensor (1, C, H, W), or the middle slice of a volume. Numbers outside of [0, 1] are no image's: then the
/// smallest is black and the largest white, and the note says which they are.
fn image_of(tensor: &Tensor) -> Result<(Image, String), Refusal> {
    let (channels, height, width, mut data) = plane(tensor)?;
    if ![1, 3].contains(&channels) {
        data.truncate(height * width);
    }
    let finite = || data.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((0.0_f32, 1.0_f32), |(low, high), value| (low.min(value), high.max(value)));
    let mut note = String::new();
    if low < -ROUNDING || high > 1.0 + ROUNDING {
        let (low, high) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let range = (high - low).max(f32::MIN_POSITIVE);
        data.iter_mut().for_each(|value| *value = (*value - low) / range);
        note = format!("({low:.3} is black, {high:.3} white)");
    }
    if data.iter().any(|value| !value.is_finite()) {
        note = format!("{note} (what is no number is black)").trim().to_owned();
    }
    let unit = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let channels = if channels == 3 { 3 } else { 1 };
    let image = Image::new(channels, height, width, data.into_iter().map(unit).collect()).map_err(refused)?;
    Ok((image, note))
}

fn map_of(tensor: &Tensor) -> Result<Map, Refusal> {
    let (channels, height, width, data) = plane(tensor)?;
    match channels {
        1 => Map::new(height, width, data).map_err(refused),
        _ => Err(Refusal::because(format!("a map has one channel, and this tensor {channels}"), [])),
    }
}

/// Channels, rows, columns and values of what is drawn of a tensor.
fn plane(tensor: &Tensor) -> Result<(usize, usize, usize, Vec<f32>), Refusal> {
    let shape = tensor.shape();
    let drawn = match *shape.as_slice() {
        [1, _, _, _] => tensor.clone(),
        [1, channels, depth, height, width] => {
            let middle = depth / 2;
            tensor.slice(2, middle, middle + 1)?.reshape(&[1, channels, height, width])?
        }
        _ => {
            let text = format!("a tensor of shape {shape:?} is no image (1, C, H, W) and no volume (1, C, D, H, W)");
            return Err(Refusal::because(text, []));
        }
    };
    if drawn.elements() > MOST_PIXELS {
        let text = format!("a tensor of shape {shape:?} has more than {MOST_PIXELS} numbers to draw");
        return Err(Refusal::because(text, [Remedy::advice("resize it first")]));
    }
    match *drawn.shape().as_slice() {
        [_, channels, height, width] if drawn.elements() > 0 => Ok((channels, height, width, drawn.read()?)),
        _ => Err(Refusal::because("a tensor without numbers cannot be drawn", [])),
    }
}

pub fn refused(error: lacuna_imaging::Error) -> Refusal {
    Refusal::because(error.to_string(), [])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;
    use lacuna_engine::Device;

    #[test]
    fn numbers_outside_of_an_images_range_are_told() {
        let of = |data: Vec<f32>| image_of(&Tensor::from_data(&Device::cpu(), &[1, 1, 1, 4], data).unwrap()).unwrap();
        let (image, note) = of(vec![0.25, 0.5, 1.0, 0.0]);
        assert_eq!((image.data(), note.as_str()), (&[0.25, 0.5, 1.0, 0.0][..], ""));
        let (image, note) = of(vec![-1.0, 3.0, 1.0, 0.0]);
        assert_eq!((image.data(), note.as_str()), (&[0.0, 1.0, 0.5, 0.25][..], "(-1.000 is black, 3.000 white)"));
        let (image, note) = of(vec![f32::NAN, 0.5, 1.0, 0.0]);
        assert_eq!((image.data()[0], note.as_str()), (0.0, "(what is no number is black)"));
    }
}
