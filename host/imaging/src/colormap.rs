//! The colour map `inferno`: perceptually uniform, and legible without colour vision.

/// The colour (sRGB in [0, 1]) of a value in [0, 1], interpolated linearly between the control points.
pub(crate) fn inferno(value: f32) -> [f32; 3] {
    let position = value.clamp(0.0, 1.0) * (INFERNO.len() - 1) as f32;
    let below = (position as usize).min(INFERNO.len() - 2);
    let fraction = position - below as f32;
    let (from, to) = (INFERNO[below], INFERNO[below + 1]);
    [0, 1, 2].map(|c| (f32::from(from[c]) * (1.0 - fraction) + f32::from(to[c]) * fraction) / 255.0)
}

/// Every fifteenth of the 256 entries of `inferno` by N. J. Smith and S. van der Walt, from matplotlib's
/// `matplotlib/_cm_listed.py`, released under CC0. The interpolation differs from the full table by at most 6 of 255.
const INFERNO: [[u8; 3]; 18] = [
    [0, 0, 4],
    [10, 7, 34],
    [30, 12, 69],
    [56, 9, 98],
    [81, 14, 108],
    [105, 22, 110],
    [128, 31, 108],
    [152, 39, 102],
    [176, 49, 91],
    [198, 61, 77],
    [217, 77, 61],
    [233, 97, 43],
    [244, 121, 24],
    [250, 148, 7],
    [252, 176, 20],
    [248, 205, 55],
    [242, 234, 105],
    [252, 255, 164],
];
