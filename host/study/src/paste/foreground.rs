//! Segments the brain: brighter than the background, one connected component, without holes.

use std::collections::VecDeque;

/// The brain mask of a grey picture (H, W) on a dark background; `None` where all values are equal.
///
/// Otsu's threshold (1979, IEEE Transactions on Systems, Man, and Cybernetics 9:62-66) -> morphological closing, so that sulci
/// of up to a sixteenth of the picture do not cut into the outline -> largest component -> holes (the ventricles) filled.
pub(crate) fn foreground(values: &[f32], (height, width): (usize, usize)) -> Option<Vec<bool>> {
    let threshold = otsu(values)?;
    let bright: Vec<bool> = values.iter().map(|&value| value > threshold).collect();
    let radius = (height.max(width) / 32).max(1);
    let closed = close(&bright, (height, width), radius);
    let brain = largest(&closed, (height, width))?;
    Some(without_holes(&brain, (height, width)))
}

/// Otsu's threshold: it maximises the variance between the two classes of values. `None` where all values are equal.
pub(crate) fn otsu(values: &[f32]) -> Option<f32> {
    const BINS: usize = 256;
    let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    if low >= high {
        return None;
    }
    let width = (high - low) / BINS as f32;
    let mut counts = [0_u32; BINS];
    values.iter().for_each(|value| counts[(((value - low) / width) as usize).min(BINS - 1)] += 1);
    let total: f64 = values.len() as f64;
    let sum: f64 = counts.iter().zip(0_u32..).map(|(&count, bin)| f64::from(count) * f64::from(bin)).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let (mut best, mut widest) = (0, 0.0);
    for (bin, &count) in counts.iter().enumerate() {
        below += f64::from(count);
        sum_below += f64::from(count) * bin as f64;
        if below > 0.0 && below < total {
            let apart = sum_below / below - (sum - sum_below) / (total - below);
            let between = below * (total - below) * apart * apart;
            if between > widest {
                (best, widest) = (bin, between);
            }
        }
    }
    Some(low + (best + 1) as f32 * width)
}

/// Morphological closing: dilation and then erosion by a square of 2 `radius` + 1 pixels, on a picture padded by `radius`.
fn close(mask: &[bool], (height, width): (usize, usize), radius: usize) -> Vec<bool> {
    let size = (height + 2 * radius, width + 2 * radius);
    let mut room = vec![false; size.0 * size.1];
    let place = |row: usize| (row + radius) * size.1 + radius;
    for (row, values) in mask.chunks_exact(width).enumerate() {
        room[place(row)..place(row) + width].copy_from_slice(values);
    }
    let closed = spread(&spread(&room, size, radius, true), size, radius, false);
    (0..height).flat_map(|row| closed[place(row)..place(row) + width].iter().copied()).collect()
}

/// Sets every pixel to `what` that has a pixel of value `what` within `radius` rows and columns: dilation for true, erosion
/// for false.
fn spread(mask: &[bool], (height, width): (usize, usize), radius: usize, what: bool) -> Vec<bool> {
    let along = |mask: &[bool], count: usize, stride: usize, start: usize, out: &mut [bool]| {
        // Distance to the last pixel of value `what`, in ascending and then in descending order.
        let far = count + radius + 1;
        let mut since = far;
        for i in 0..count {
            since = if mask[start + i * stride] == what { 0 } else { since + 1 };
            out[start + i * stride] = (since <= radius) == what;
        }
        since = far;
        for i in (0..count).rev() {
            since = if mask[start + i * stride] == what { 0 } else { since + 1 };
            if since <= radius {
                out[start + i * stride] = what;
            }
        }
    };
    let (mut wide, mut both) = (mask.to_vec(), mask.to_vec());
    (0..height).for_each(|row| along(mask, width, 1, row * width, &mut wide));
    (0..width).for_each(|column| along(&wide, height, width, column, &mut both));
    both
}

/// The largest component (4-connected); `None` where the mask is empty.
fn largest(mask: &[bool], size: (usize, usize)) -> Option<Vec<bool>> {
    let mut seen = vec![false; mask.len()];
    let mut best: Vec<usize> = Vec::new();
    for start in 0..mask.len() {
        if mask[start] && !seen[start] {
            let piece = flood([start], size, &mut seen, |pixel| mask[pixel]);
            if piece.len() > best.len() {
                best = piece;
            }
        }
    }
    let mut brain = vec![false; mask.len()];
    best.iter().for_each(|&pixel| brain[pixel] = true);
    (!best.is_empty()).then_some(brain)
}

/// The mask without its components (4-connected) of fewer than `least` pixels.
pub(crate) fn without_specks(mask: &[bool], size: (usize, usize), least: usize) -> Vec<bool> {
    let mut seen = vec![false; mask.len()];
    let mut kept = vec![false; mask.len()];
    for start in 0..mask.len() {
        if mask[start] && !seen[start] {
            let piece = flood([start], size, &mut seen, |pixel| mask[pixel]);
            piece.iter().for_each(|&pixel| kept[pixel] = piece.len() >= least);
        }
    }
    kept
}

/// The mask with its holes filled: a hole is background that is not connected to the picture's border.
fn without_holes(mask: &[bool], (height, width): (usize, usize)) -> Vec<bool> {
    let edge = (0..mask.len()).filter(|pixel| {
        let (row, column) = (pixel / width, pixel % width);
        row == 0 || column == 0 || row + 1 == height || column + 1 == width
    });
    let mut ground = vec![false; mask.len()];
    flood(edge.filter(|&pixel| !mask[pixel]), (height, width), &mut ground, |pixel| !mask[pixel]);
    ground.iter().map(|&ground| !ground).collect()
}

/// Flood fill: all pixels that are 4-connected to `starts` through pixels that are `open`. It marks them in `seen`.
fn flood(
    starts: impl IntoIterator<Item = usize>,
    (height, width): (usize, usize),
    seen: &mut [bool],
    open: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut waiting: VecDeque<usize> = starts.into_iter().collect();
    waiting.iter().for_each(|&pixel| seen[pixel] = true);
    let mut reached = Vec::new();
    while let Some(pixel) = waiting.pop_front() {
        reached.push(pixel);
        let (row, column) = (pixel / width, pixel % width);
        let neighbours = [
            (row > 0).then(|| pixel - width),
            (row + 1 < height).then(|| pixel + width),
            (column > 0).then(|| pixel - 1),
            (column + 1 < width).then(|| pixel + 1),
        ];
        for next in neighbours.into_iter().flatten() {
            if open(next) && !seen[next] {
                seen[next] = true;
                waiting.push_back(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a mask from text in which `#` is true.
    fn mask(rows: &[&str]) -> (Vec<bool>, (usize, usize)) {
        (rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect(), (rows.len(), rows[0].len()))
    }

    #[test]
    fn the_threshold_lies_between_two_levels() {
        let mut values = vec![0.05_f32; 300];
        values.extend(vec![0.7; 100]);
        let threshold = otsu(&values).unwrap();
        assert!(threshold > 0.05 && threshold < 0.7, "{threshold}");
        assert_eq!(otsu(&[0.3; 9]), None);
    }

    #[test]
    fn gaps_close_and_the_outline_stays() {
        let (open, size) = mask(&[".......", ".##.##.", ".##.##.", ".......", "......."]);
        let (closed, _) = mask(&[".......", ".#####.", ".#####.", ".......", "......."]);
        assert_eq!(close(&open, size, 1), closed);
    }

    #[test]
    fn the_largest_piece_is_kept_and_its_holes_are_filled() {
        let (pieces, size) = mask(&["#.####", "#.#..#", "..####", "##...."]);
        let (brain, _) = mask(&["..####", "..####", "..####", "......"]);
        assert_eq!(without_holes(&largest(&pieces, size).unwrap(), size), brain);
        assert_eq!(largest(&[false; 4], (2, 2)), None);
    }

    #[test]
    fn specks_go() {
        let (specks, size) = mask(&["##..", "#..#", "..#."]);
        let (kept, _) = mask(&["##..", "#...", "...."]);
        assert_eq!(without_specks(&specks, size, 2), kept);
    }

    #[test]
    fn a_disc_with_a_dark_middle_is_found_whole() {
        let radius = |pixel: usize| ((pixel / 64) as f32 - 31.5).hypot((pixel % 64) as f32 - 31.5);
        let values: Vec<f32> = (0..64 * 64)
            .map(|pixel| match radius(pixel) {
                r if r < 8.0 => 0.1,
                r if r < 24.0 => 0.8,
                _ => 0.02,
            })
            .collect();
        let found = foreground(&values, (64, 64)).unwrap();
        assert!((0..64 * 64).all(|pixel| found[pixel] == (radius(pixel) < 24.0)));
        assert_eq!(foreground(&[0.0; 64], (8, 8)), None);
    }
}
