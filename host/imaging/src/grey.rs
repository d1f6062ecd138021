//! Decides whether a picture of three channels is grey.

/// The difference between the three channels of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colour {
    /// The channels are equal.
    Absent,
    /// The channels differ by compression noise only: a grey scan that was saved in colour.
    Noise {
        /// Largest difference of two channels in one pixel, as a fraction of the full range.
        widest: f32,
    },
    /// The picture has colours.
    Present {
        /// Largest difference of two channels in one pixel, as a fraction of the full range.
        widest: f32,
        /// Number of pixels whose channels differ.
        pixels: usize,
    },
}

/// Largest difference that counts as compression noise, as a fraction of the full range: 14 of 255 steps. A grey scan saved as a
/// colour JPEG differs by up to 0.05. Pictures with colours differ more somewhere: a spot of pale pink (0.9, 0.8, 0.8) by 0.1.
const NOISE: f32 = 14.5 / 255.0;
/// Largest difference that counts as compression noise, as a fraction of the brightest value. A picture of 12 bits in a file of
/// 16 uses a sixteenth of the range, where even strong colours differ by less than [`NOISE`].
const NOISE_OF_BRIGHTEST: f32 = 0.2;

impl Colour {
    /// Classifies an image (3, H, W) by the largest difference of its channels, not by a mean or by most pixels, so that a small
    /// coloured mark on a grey scan (an arrow, a Doppler window) is never lost silently.
    pub(crate) fn of(data: &[f32]) -> Self {
        let pixels = data.len() / 3;
        let (red, rest) = data.split_at(pixels);
        let (green, blue) = rest.split_at(pixels);
        let spread = |i: usize| red[i].max(green[i]).max(blue[i]) - red[i].min(green[i]).min(blue[i]);
        let widest = (0..pixels).map(spread).fold(0.0, f32::max);
        let brightest = data.iter().copied().fold(0.0, f32::max);
        if widest == 0.0 {
            Self::Absent
        } else if widest <= NOISE.min(NOISE_OF_BRIGHTEST * brightest) {
            Self::Noise { widest }
        } else {
            Self::Present { widest, pixels: (0..pixels).filter(|&i| spread(i) > 0.0).count() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey from 0 to `top`, with the same differences of the channels everywhere.
    fn ramp(top: f32, differences: [f32; 3]) -> Vec<f32> {
        let grey = (0..256).map(|step| step as f32 / 255.0 * top);
        differences.iter().flat_map(|add| grey.clone().map(move |value| (value + add).clamp(0.0, 1.0))).collect()
    }

    #[test]
    fn noise_of_compression_is_no_colour_and_a_tint_is() {
        assert_eq!(Colour::of(&ramp(1.0, [0.0; 3])), Colour::Absent);
        for noise in [1.0, 5.0, 12.75, 14.0] {
            let widest = noise / 255.0;
            let found = Colour::of(&ramp(1.0, [widest, 0.0, widest / 2.0]));
            assert!(matches!(found, Colour::Noise { widest: w } if (w - widest).abs() < 1e-6), "{noise}: {found:?}");
        }
        assert!(matches!(Colour::of(&ramp(1.0, [0.06, 0.0, 0.0])), Colour::Present { .. }));
        // One pixel of colour is a mark that someone has set.
        let mut marked = ramp(1.0, [0.0; 3]);
        marked[200] = 0.0;
        assert!(matches!(Colour::of(&marked), Colour::Present { pixels: 1, .. }));
    }

    #[test]
    fn colours_of_a_dark_picture_are_colours() {
        // 12 bits in 16: red tissue, a sixteenth of the range.
        let tissue = ramp(0.02, [0.035, 0.01, 0.0]);
        assert!(matches!(Colour::of(&tissue), Colour::Present { widest, .. } if widest < NOISE));
        assert!(matches!(Colour::of(&ramp(0.3, [0.05, 0.0, 0.02])), Colour::Noise { .. }));
    }
}
