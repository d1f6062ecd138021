//! A contact sheet: pictures of any size in rows and columns, each row with a label and each column with a heading.

use crate::Result;
use crate::canvas::{Anchor, Canvas, text_width, wrap};
use crate::error::{Error, ErrorKind};
use crate::picture::Picture;

/// The content of a contact sheet, which [`sheet`] draws.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// A heading for each column; broken at spaces where it is wider than its column.
    pub columns: Vec<String>,
    /// The rows, from top to bottom.
    pub rows: Vec<SheetRow>,
    /// Side of a tile in pixels, 1 to 4096.
    pub tile: usize,
}

/// One row of a [`Sheet`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SheetRow {
    /// Text to the left of the row; may have several lines.
    pub label: String,
    /// One tile for each column; `None` is drawn as a light grey square.
    pub tiles: Vec<Option<Picture>>,
}

/// Draws the sheet as one picture. Every picture is scaled to its tile with its aspect ratio kept, and centred: by a whole
/// factor its pixels become squares, otherwise it is interpolated with antialiasing.
///
/// # Errors
/// Refuses a sheet without columns or rows, a row whose number of tiles is not that of the columns, and a tile or a sheet of
/// no or too many pixels.
pub fn sheet(sheet: &Sheet) -> Result<Picture> {
    check(sheet)?;
    let size = (sheet.tile as f64 / 9.0).clamp(14.0, 22.0);
    let column = column_width(sheet, size)?;
    let headings = texts(sheet.columns.iter(), size, column as f64)?;
    let labels = texts(sheet.rows.iter().map(|row| &row.label), size, LABEL_WIDTH)?;
    let left = MARGIN + labels.iter().map(|label| label.width + GAP).max().filter(|&width| width > GAP).unwrap_or(0);
    let top = MARGIN + headings.iter().map(|heading| heading.height + GAP).max().filter(|&h| h > GAP).unwrap_or(0);
    let heights: Vec<usize> = labels.iter().map(|label| label.height.max(sheet.tile) + GAP).collect();

    let width = left + sheet.columns.len() * (column + GAP) - GAP + MARGIN;
    let height = top + heights.iter().sum::<usize>() - GAP + MARGIN;
    within_limits(height, width)?;
    let mut whole = Picture::plain(height, width, WHITE);
    for (index, heading) in headings.iter().enumerate() {
        // Headings are aligned at the bottom, directly above the tiles.
        let at = (top - GAP - heading.height.min(top - GAP), left + index * (column + GAP));
        whole.paste(&heading.draw(column, Anchor::Middle)?, at);
    }
    let mut y = top;
    for ((row, label), height) in sheet.rows.iter().zip(&labels).zip(heights) {
        let middle = |inner: usize| y + (height - GAP - inner) / 2;
        if label.width > 0 {
            whole.paste(&label.draw(label.width, Anchor::Start)?, (middle(label.height), MARGIN));
        }
        for (index, tile) in row.tiles.iter().enumerate() {
            let picture = match tile {
                Some(picture) => picture.fit(sheet.tile)?,
                None => Picture::plain(sheet.tile, sheet.tile, ABSENT),
            };
            let x = left + index * (column + GAP) + (column - picture.width()) / 2;
            whole.paste(&picture, (middle(picture.height()), x));
        }
        y += height;
    }
    Ok(whole)
}

const WHITE: [u8; 3] = [255; 3];
const ABSENT: [u8; 3] = [240; 3];
const MARGIN: usize = 16;
const GAP: usize = 8;
const LABEL_WIDTH: f64 = 220.0;
/// A column grows beyond its tiles for the longest word of the headings, up to this.
const WIDEST_WORD: f64 = 160.0;
const MOST_LINES: usize = 6;
const LARGEST_TILE: usize = 4096;
/// A third of a gigabyte of pixels.
const MOST_PIXELS: usize = 120_000_000;

fn check(sheet: &Sheet) -> Result<()> {
    if sheet.columns.is_empty() || sheet.rows.is_empty() {
        return Err(Error::new(
            ErrorKind::Shape,
            format!("a sheet of {} columns and {} rows", sheet.columns.len(), sheet.rows.len()),
            "at least one of each",
            "write no sheet where there is nothing to show",
        ));
    }
    if let Some(row) = sheet.rows.iter().find(|row| row.tiles.len() != sheet.columns.len()) {
        return Err(Error::new(
            ErrorKind::Shape,
            format!("{} tiles in the row `{}` of a sheet", row.tiles.len(), row.label),
            format!("{}, one for each column", sheet.columns.len()),
            "pass `None` where there is no picture",
        ));
    }
    if !(1..=LARGEST_TILE).contains(&sheet.tile) {
        return Err(Error::new(
            ErrorKind::OutOfRange,
            format!("tiles of {} pixels", sheet.tile),
            format!("1 to {LARGEST_TILE}"),
            "choose another side for the tiles",
        ));
    }
    // Before any text is measured: what the tiles alone need.
    within_limits(sheet.rows.len().saturating_mul(sheet.tile), sheet.columns.len().saturating_mul(sheet.tile))
}

fn within_limits(height: usize, width: usize) -> Result<()> {
    if height.saturating_mul(width) <= MOST_PIXELS {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::OutOfRange,
        format!("a sheet of {height} x {width} pixels"),
        format!("at most {MOST_PIXELS} pixels"),
        "choose smaller tiles, or spread the rows over several sheets",
    ))
}

fn column_width(sheet: &Sheet, size: f64) -> Result<usize> {
    let mut widest = 0.0_f64;
    for word in sheet.columns.iter().flat_map(|heading| heading.split_whitespace()) {
        widest = widest.max(text_width(word, size)?);
    }
    Ok(sheet.tile.max(widest.min(WIDEST_WORD).ceil() as usize))
}

/// A heading or a label, broken into lines; sizes in pixels.
struct Text {
    lines: Vec<String>,
    size: f64,
    height: usize,
    width: usize,
}

fn texts<'a>(texts: impl Iterator<Item = &'a String>, size: f64, width: f64) -> Result<Vec<Text>> {
    texts
        .map(|text| {
            let lines = wrap(text, size, width, MOST_LINES)?;
            let mut widest = 0.0_f64;
            for line in &lines {
                widest = widest.max(text_width(line, size)?);
            }
            let height = (lines.len() as f64 * LINE * size).ceil() as usize;
            Ok(Text { lines, size, height, width: widest.ceil() as usize })
        })
        .collect()
}

/// Distance of two lines, as a multiple of the letters' height.
const LINE: f64 = 1.1;

impl Text {
    fn draw(&self, width: usize, anchor: Anchor) -> Result<Picture> {
        let mut canvas = Canvas::new(self.height, width);
        let x = if anchor == Anchor::Middle { 0.5 * width as f64 } else { 0.0 };
        for (line, index) in self.lines.iter().zip(0..) {
            let y = (f64::from(index) + 0.5) * LINE * self.size;
            canvas.text(line, (x, y), self.size, anchor)?;
        }
        Ok(canvas.finish())
    }
}
