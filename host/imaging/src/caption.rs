//! Draws the captions above the parts of a panel.

use crate::Result;
use crate::canvas::{Anchor, Canvas, wrap};
use crate::picture::Picture;

/// Height of the text in pixels, from the lowest to the highest letter.
const SIZE: f64 = 18.0;
/// Distance of two lines, as a multiple of [`SIZE`].
const LINE: f64 = 1.2;
const MOST_LINES: usize = 3;
/// White pixels above the text and below it.
const MARGIN: f64 = 4.0;

/// Draws a strip as wide as `parts` (width, text) with `gap` pixels between them. Each text is centred above its part, and
/// broken at spaces where it is wider. `None` where every text is empty.
pub(crate) fn captions(parts: &[(usize, &str)], gap: usize) -> Result<Option<Picture>> {
    let mut broken = Vec::new();
    let mut left = 0;
    for (width, text) in parts {
        let lines = wrap(text, SIZE, *width as f64, MOST_LINES)?;
        broken.push((left as f64 + 0.5 * *width as f64, lines));
        left += width + gap;
    }
    let most = broken.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
    if most == 0 {
        return Ok(None);
    }
    let height = (2.0 * MARGIN + most as f64 * LINE * SIZE).ceil() as usize;
    let mut canvas = Canvas::new(height, left.saturating_sub(gap));
    for (middle, lines) in &broken {
        for (line, index) in lines.iter().zip(0..) {
            let y = MARGIN + (f64::from(index) + 0.5) * LINE * SIZE;
            canvas.text(line, (*middle, y), SIZE, Anchor::Middle)?;
        }
    }
    Ok(Some(canvas.finish()))
}
