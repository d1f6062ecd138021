//! Intensity windows: scale the values of a volume, in any unit, to [0, 1].

use std::str::FromStr;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::raster::Intensity;

/// The values that become 0 and 1; values outside are clamped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IntensityWindow {
    /// The smallest and the largest value of the volume.
    FullRange,
    /// Two percentiles (0 to 100) of the volume's non-zero voxels, interpolated as NumPy does.
    Percentile {
        /// The percentile that becomes 0.
        low: f32,
        /// The percentile that becomes 1.
        high: f32,
    },
    /// Two values in the volume's own unit, for example Hounsfield units of a CT.
    Fixed {
        /// The value that becomes 0.
        low: f32,
        /// The value that becomes 1.
        high: f32,
    },
}

/// The 0.5th and 99.5th percentile of the non-zero voxels of the whole volume. Every slice of one volume is scaled alike, the
/// zero background of a skull-stripped image does not count, and a few outliers (interpolation far below zero, vessels far above
/// the tissue) do not set the contrast.
impl Default for IntensityWindow {
    fn default() -> Self {
        Self::Percentile { low: 0.5, high: 99.5 }
    }
}

impl IntensityWindow {
    /// The values of these voxels that become 0 and 1.
    ///
    /// # Errors
    /// Refuses limits in the wrong order, percentiles outside 0 to 100, and voxels that are all equal.
    pub fn limits(self, voxels: &[f32]) -> Result<Intensity> {
        match self {
            Self::FullRange => spread(range(voxels)),
            Self::Percentile { low, high } => {
                if !(0.0 <= low && low < high && high <= 100.0) {
                    return Err(wrong_limits(format!("the percentiles {low} and {high}"), "0 <= low < high <= 100"));
                }
                spread(percentiles(voxels, low, high))
            }
            Self::Fixed { low, high } => {
                if !(low.is_finite() && high.is_finite() && low < high) {
                    return Err(wrong_limits(format!("the window from {low} to {high}"), "finite limits, low < high"));
                }
                Ok(Intensity { low, high })
            }
        }
    }
}

impl Intensity {
    /// Scales a value of the file: `low` becomes 0, `high` becomes 1, and the result is clamped to [0, 1].
    pub(super) fn to_unit(self, value: f32) -> f32 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

impl FromStr for IntensityWindow {
    type Err = Error;

    /// Reads `full`, `percentile:0.5,99.5` or `fixed:-100,300`.
    fn from_str(text: &str) -> Result<Self> {
        let limits = |numbers: &str| {
            let (low, high) = numbers.split_once(',')?;
            Some((low.trim().parse::<f32>().ok()?, high.trim().parse::<f32>().ok()?))
        };
        let parsed = match text.split_once(':') {
            None if text == "full" => Some(Self::FullRange),
            Some(("percentile", numbers)) => limits(numbers).map(|(low, high)| Self::Percentile { low, high }),
            Some(("fixed", numbers)) => limits(numbers).map(|(low, high)| Self::Fixed { low, high }),
            _ => None,
        };
        parsed.ok_or_else(|| {
            Error::new(
                ErrorKind::Syntax,
                format!("the intensity window `{text}`"),
                "full, percentile:LOW,HIGH or fixed:LOW,HIGH",
                "write it like percentile:0.5,99.5",
            )
        })
    }
}

/// (smallest, largest) value.
fn range(voxels: &[f32]) -> (f32, f32) {
    voxels.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}

/// Two percentiles of the non-zero voxels; (0, 0) where all are zero.
fn percentiles(voxels: &[f32], low: f32, high: f32) -> (f32, f32) {
    let mut values: Vec<f32> = voxels.iter().copied().filter(|&value| value != 0.0).collect();
    if values.is_empty() {
        return (0.0, 0.0);
    }
    (percentile(&mut values, low), percentile(&mut values, high))
}

/// A percentile, linear between the two nearest ranks; it selects instead of sorting.
fn percentile(values: &mut [f32], percent: f32) -> f32 {
    let rank = f64::from(percent) / 100.0 * (values.len() - 1) as f64;
    let (_, &mut below, rest) = values.select_nth_unstable_by(rank as usize, f32::total_cmp);
    let above = rest.iter().copied().fold(f32::INFINITY, f32::min);
    if above.is_finite() { below + (above - below) * rank.fract() as f32 } else { below }
}

/// The window between two values; refuses equal ones.
fn spread((low, high): (f32, f32)) -> Result<Intensity> {
    if low < high {
        return Ok(Intensity { low, high });
    }
    Err(Error::new(
        ErrorKind::OutOfRange,
        format!("no contrast: the intensity window reaches from {low} to {high}"),
        "voxels of differing values",
        "check that the volume is an image and no empty mask, or give a fixed window such as fixed:0,1",
    ))
}

/// The error for limits in the wrong order or out of range.
fn wrong_limits(found: String, expected: &str) -> Error {
    Error::new(ErrorKind::OutOfRange, found, expected, "give the lower limit first, like percentile:0.5,99.5")
}

#[cfg(test)]
mod tests {
    use super::IntensityWindow;
    use crate::raster::Intensity;

    /// numpy.percentile([-2, 1, 2, 3, 10], [10, 90]) = [-0.8, 7.2]; the zeros do not count.
    #[test]
    fn percentiles_are_numpys_over_non_zero_voxels() {
        let voxels = [0.0, 3.0, 0.0, -2.0, 10.0, 1.0, 0.0, 2.0];
        let Intensity { low, high } = IntensityWindow::Percentile { low: 10.0, high: 90.0 }.limits(&voxels).unwrap();
        assert!((low + 0.8).abs() < 1e-6 && (high - 7.2).abs() < 1e-6, "{low} {high}");
        assert_eq!(IntensityWindow::FullRange.limits(&voxels).unwrap(), Intensity { low: -2.0, high: 10.0 });
    }

    #[test]
    fn refuses_windows_without_width() {
        for (window, voxels) in [
            (IntensityWindow::default(), &[0.0, 0.0][..]),
            (IntensityWindow::FullRange, &[3.0, 3.0]),
            (IntensityWindow::Fixed { low: 2.0, high: 2.0 }, &[0.0, 1.0]),
            (IntensityWindow::Fixed { low: f32::NAN, high: 2.0 }, &[0.0, 1.0]),
            (IntensityWindow::Percentile { low: 5.0, high: 101.0 }, &[0.0, 1.0]),
        ] {
            assert!(window.limits(voxels).is_err(), "{window:?}");
        }
    }

    #[test]
    fn reads_its_own_examples() {
        assert_eq!("full".parse(), Ok(IntensityWindow::FullRange));
        assert_eq!("percentile:0.5,99.5".parse(), Ok(IntensityWindow::default()));
        assert_eq!("fixed:-100,300".parse(), Ok(IntensityWindow::Fixed { low: -100.0, high: 300.0 }));
        let error = "fixed:1".parse::<IntensityWindow>().unwrap_err();
        assert!(error.to_string().contains("percentile:0.5,99.5"), "{error}");
    }
}
