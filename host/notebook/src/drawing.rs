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
    let Some(first) = drawn.first() else {
        return Err(Refusal::because("there is nothing to draw", []));
    };
    if alone {
        return first.fit(side).and_then(|picture| picture.to_png()).map_err(refused);
    }
    let columns = if columns == 0 { COLUMNS } else { columns }.clamp(1, drawn.len());
    let cells: Vec<(&Tile, &Picture)> = tiles.iter().zip(&drawn).collect();
    let rows = cells.chunks(columns).map(|row| {
        let titles = row.iter().map(|(tile, _)| tile.title.clone());
        let pictures = row.iter().map(|(_, picture)| Some((*picture).clone()));
        sheet(&Sheet {
            columns: titles.collect(),
            rows: vec![SheetRow { label: String::new(), tiles: pictures.collect() }],
            tile: side,
        })
    });
    let rows = rows.collect::<lacuna_imaging::Result<Vec<_>>>().map_err(refused)?;
    Picture::stacked(&rows, GAP).and_then(|picture| picture.to_png()).map_err(refused)
}

fn draw(tile: &Tile) -> Result<Picture, Refusal> {
    let image = tile.image.as_ref().map(image_of).transpose()?;
    let map = tile.map.as_ref().map(map_of).transpose()?;
    match (image, map) {
        (Some(image), Some(map)) => {
            let map = map.resize(image.height(), image.width(), Interpolation::Bilinear).map_err(refused)?;
            overlay(&image, &map, &OverlayStyle::default()).map_err(refused)
        }
        (Some(image), None) => Picture::from_image(&image).map_err(refused),
        (None, Some(map)) => {
            let largest = map.max().max(f32::MIN_POSITIVE);
            let grey = map.data().iter().map(|value| (value / largest).clamp(0.0, 1.0)).collect();
            let image = Image::new(1, map.height(), map.width(), grey).map_err(refused)?;
            Picture::from_image(&image).map_err(refused)
        }
        (None, None) => Err(Refusal::because("a tile has neither an image nor a map", [])),
    }
}

/// The image in a tensor (1, C, H, W), or the middle slice of a volume.
fn image_of(tensor: &Tensor) -> Result<Image, Refusal> {
    let (channels, height, width, data) = plane(tensor)?;
    let finite = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let data: Vec<f32> = data.into_iter().map(finite).collect();
    match channels {
        1 | 3 => Image::new(channels, height, width, data).map_err(refused),
        _ => Image::new(1, height, width, data[..height * width].to_vec()).map_err(refused),
    }
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
