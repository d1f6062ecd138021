//! Draws lines and text with antialiasing: `plotters` draws on a grid [`FINE`] times finer in both directions, which is averaged.
//!
//! Lengths and positions are pixels of the finished picture; (x, y) grows to the right and downwards.

use std::sync::OnceLock;

use plotters::prelude::{BitMapBackend, Color, DrawingBackend, RGBColor};
use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::picture::Picture;

/// (x, y) in pixels of the finished picture.
pub(crate) type Point = (f64, f64);

/// The colour of text.
pub(crate) const INK: RGBColor = RGBColor(32, 32, 32);

/// The part of a line of text that is placed at a point; capitals are vertically centred on the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture that is being drawn.
pub(crate) struct Canvas {
    height: usize,
    width: usize,
    fine: Vec<u8>,
}

impl Canvas {
    /// A white canvas. `FINE` x height x `FINE` x width must fit into 32 bits.
    pub(crate) fn new(height: usize, width: usize) -> Self {
        Self { height, width, fine: vec![255; 3 * FINE * FINE * height * width] }
    }

    /// Fills a rectangle between two opposite corners, rounded to whole pixels so that its edges are sharp.
    pub(crate) fn rectangle(&mut self, from: Point, to: Point, colour: RGBColor) -> Result<()> {
        let whole = |value: f64| value.round() as i32 * FINE as i32;
        let last = (whole(to.0) - 1, whole(to.1) - 1);
        self.backend()?.draw_rect((whole(from.0), whole(from.1)), last, &colour, true).map_err(undrawable)
    }

    /// Fills a disc.
    pub(crate) fn disc(&mut self, centre: Point, radius: f64, colour: RGBColor) -> Result<()> {
        let radius = (radius * FINE as f64).round() as u32;
        self.backend()?.draw_circle(fine(centre), radius, &colour, true).map_err(undrawable)
    }

    /// Draws a line through the points with round ends and corners; `dash` is the length of dashes and of gaps in pixels.
    pub(crate) fn line(&mut self, points: &[Point], width: f64, colour: RGBColor, dash: Option<f64>) -> Result<()> {
        let style = colour.stroke_width((width * FINE as f64).round() as u32);
        for stroke in dash.map_or_else(|| vec![points.to_vec()], |dash| dashes(points, dash)) {
            let mut stroke: Vec<(i32, i32)> = stroke.into_iter().map(fine).collect();
            stroke.dedup();
            let mut backend = self.backend()?;
            for pair in stroke.windows(2) {
                backend.draw_line(pair[0], pair[1], &style).map_err(undrawable)?;
            }
            let radius = style.stroke_width / 2;
            for &corner in stroke.iter().filter(|_| radius > 1) {
                backend.draw_circle(corner, radius, &style, true).map_err(undrawable)?;
            }
        }
        Ok(())
    }

    /// Draws one line of text, `size` pixels high from the lowest to the highest letter.
    pub(crate) fn text(&mut self, text: &str, at: Point, size: f64, anchor: Anchor) -> Result<()> {
        self.letters(text, size, anchor, |(x, y)| (at.0 * FINE as f64 + x, at.1 * FINE as f64 + y))
    }

    /// Draws one line of text that runs upwards.
    pub(crate) fn text_upwards(&mut self, text: &str, at: Point, size: f64, anchor: Anchor) -> Result<()> {
        self.letters(text, size, anchor, |(x, y)| (at.0 * FINE as f64 + y, at.1 * FINE as f64 - x))
    }

    /// The finished picture: each pixel is the mean of its `FINE` x `FINE` fine pixels.
    pub(crate) fn finish(self) -> Picture {
        let stride = FINE * self.width;
        let mean = |row: usize, column: usize, channel: usize| {
            let at = |y: usize, x: usize| ((row * FINE + y) * stride + column * FINE + x) * 3 + channel;
            let sum: usize = (0..FINE * FINE).map(|i| usize::from(self.fine[at(i / FINE, i % FINE)])).sum();
            ((sum + FINE * FINE / 2) / (FINE * FINE)) as u8
        };
        let mut picture = Picture::plain(self.height, self.width, [255; 3]);
        for (pixel, index) in picture.pixels_mut().zip(0..) {
            *pixel = [0, 1, 2].map(|channel| mean(index / self.width, index % self.width, channel));
        }
        picture
    }

    /// Draws letter by letter and maps each fine pixel by `place`. plotters starts a glyph at the origin of its advance, without its
    /// side bearing; centring the glyph in its advance corrects this up to a fraction of a pixel.
    fn letters(&mut self, text: &str, size: f64, anchor: Anchor, place: impl Fn(Point) -> Point) -> Result<()> {
        let font = font(size)?;
        let advance = |text: &str| font.layout_box(text).map(|(_, (width, _))| width).map_err(undrawable);
        let start = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * f64::from(advance(text)?),
            Anchor::End => -f64::from(advance(text)?),
        };
        let mut backend = self.backend()?;
        for (index, letter) in text.char_indices() {
            let letter_text = letter.to_string();
            let mut ink = Vec::new();
            let draw = |x, y, cover| {
                ink.push((x, y, cover));
                Ok::<(), std::convert::Infallible>(())
            };
            font.draw(&letter_text, (0, 0), draw).map_err(undrawable)?.map_err(undrawable)?;
            let wide = ink.iter().map(|&(x, ..)| x + 1).max().unwrap_or(0);
            let end = advance(&text[..index + letter_text.len()])?;
            let left = start + f64::from(end) - 0.5 * f64::from(advance(&letter_text)? + wide);
            for (x, y, cover) in ink {
                // plotters' baseline lies half the size below its origin; capitals are three fifths of the size high.
                let (x, y) = place((left.round() + f64::from(x), f64::from(y) - 0.2 * size * FINE as f64));
                let pixel = (x.round() as i32, y.round() as i32);
                backend
                    .draw_pixel(pixel, INK.mix(f64::from(cover.clamp(0.0, 1.0))).to_backend_color())
                    .map_err(undrawable)?;
            }
        }
        Ok(())
    }

    /// The `plotters` backend on the fine grid.
    fn backend(&mut self) -> Result<BitMapBackend<'_>> {
        let size = ((self.width * FINE) as u32, (self.height * FINE) as u32);
        BitMapBackend::with_buffer_and_format(&mut self.fine, size).map_err(undrawable)
    }
}

/// The width of a line of text of height `size`, in pixels.
pub(crate) fn text_width(text: &str, size: f64) -> Result<f64> {
    let (_, (width, _)) = font(size)?.layout_box(text).map_err(undrawable)?;
    Ok(f64::from(width) / FINE as f64)
}

/// The text if it fits into `width` pixels, else as much of its beginning as fits with an ellipsis.
pub(crate) fn shorten(text: &str, size: f64, width: f64) -> Result<String> {
    if text.len() <= LONGEST && text_width(text, size)? <= width {
        return Ok(text.to_owned());
    }
    let mut short = String::from("…");
    for letter in text.chars().take(LONGEST) {
        let mut longer = short.trim_end_matches('…').to_owned();
        longer.extend([letter, '…']);
        if text_width(&longer, size)? > width {
            break;
        }
        short = longer;
    }
    Ok(short)
}

/// Breaks the text at its line ends and at spaces into lines no wider than `width` pixels; at most `most` lines, with an
/// ellipsis where there would be more.
pub(crate) fn wrap(text: &str, size: f64, width: f64, most: usize) -> Result<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        lines.push(String::new());
        for word in paragraph.split_whitespace() {
            let line = lines.pop().unwrap_or_default();
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if line.is_empty() || text_width(&longer, size)? <= width {
                lines.push(longer);
            } else {
                lines.extend([line, word.to_owned()]);
            }
            if lines.len() > most {
                break;
            }
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        lines.iter_mut().skip(most - 1).for_each(|last| last.push_str(" …"));
    }
    lines.iter().map(|line| shorten(line, size, width)).collect()
}

/// Number of fine pixels along each side of a pixel.
const FINE: usize = 3;
/// Number of letters of a line of text beyond which the rest is cut off unmeasured.
const LONGEST: usize = 300;
/// The name under which the built-in font is registered.
const FONT: &str = "Ubuntu Light";

/// The built-in font, `size` pixels high on the fine grid; registered with `plotters` once.
fn font(size: f64) -> Result<FontDesc<'static>> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let bytes = epaint_default_fonts::UBUNTU_LIGHT;
    if *REGISTERED.get_or_init(|| register_font(FONT, FontStyle::Normal, bytes).is_ok()) {
        return Ok(FontDesc::new(FontFamily::Name(FONT), size * FINE as f64, FontStyle::Normal));
    }
    Err(undrawable("the built-in font is damaged"))
}

/// The fine pixel of a point.
fn fine((x, y): Point) -> (i32, i32) {
    ((x * FINE as f64).round() as i32, (y * FINE as f64).round() as i32)
}

/// Cuts a line into dashes of `length` pixels, with gaps of the same length.
fn dashes(points: &[Point], length: f64) -> Vec<Vec<Point>> {
    let (mut strokes, mut on, mut left) = (Vec::new(), true, length);
    let mut stroke: Vec<Point> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let distance = dx.hypot(dy);
            if distance < left {
                left -= distance;
                break;
            }
            from = (from.0 + dx * left / distance, from.1 + dy * left / distance);
            stroke.push(from);
            let done = std::mem::replace(&mut stroke, vec![from]);
            strokes.extend(on.then_some(done));
            (on, left) = (!on, length);
        }
        stroke.push(to);
    }
    strokes.extend(on.then_some(stroke));
    strokes
}

fn undrawable(cause: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Unwritable,
        format!("a picture that cannot be drawn ({cause})"),
        "a picture",
        "report this with the text and the numbers that were to be drawn",
    )
}
