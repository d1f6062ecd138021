//! The orientation of an array of voxels in the patient, in three letters.

use std::fmt;
use std::str::FromStr;

use super::header::VolumeHeader;
use crate::error::{Error, ErrorKind};

/// The side of the patient towards which each axis of an array counts up, outermost axis first: `RAS` is right, anterior
/// (front), superior (top). NumPy's array of a file in nibabel's closest canonical form is `RAS`; SimpleITK's array of the
/// same file is `SPL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeOrientation([Direction; 3]);

/// A direction towards one side of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Direction {
    /// The line through the patient: 0 is right-left, 1 front-back, 2 top-bottom.
    pub(super) world: usize,
    /// Whether the direction is right, front or top.
    pub(super) positive: bool,
}

/// Letters of the two ends of each line through the patient, the positive one first.
const LETTERS: [[char; 2]; 3] = [['R', 'L'], ['A', 'P'], ['S', 'I']];

impl VolumeOrientation {
    /// The orientation of the voxel axes i, j and k, in this order.
    pub(super) fn of_voxels(header: &VolumeHeader) -> Self {
        let (axes, affine) = (header.axes(), header.affine());
        Self([0, 1, 2].map(|axis| {
            let world = axes.iter().position(|along| *along == axis).unwrap_or(axis);
            Direction { world, positive: affine[(world, axis)] > 0.0 }
        }))
    }

    /// The orientation with its axes in reverse order.
    pub(super) fn reversed(self) -> Self {
        let [a, b, c] = self.0;
        Self([c, b, a])
    }

    /// The direction of each axis, outermost first.
    pub(super) fn directions(self) -> [Direction; 3] {
        self.0
    }
}

impl fmt::Display for VolumeOrientation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|direction| write!(f, "{}", LETTERS[direction.world][usize::from(!direction.positive)]))
    }
}

impl FromStr for VolumeOrientation {
    type Err = Error;

    /// Reads `RAS`, `LPS`, `SPL` and the like.
    fn from_str(text: &str) -> Result<Self, Error> {
        let direction = |letter: char| {
            let line = LETTERS.iter().enumerate().find(|(_, ends)| ends.contains(&letter));
            line.map(|(world, ends)| Direction { world, positive: ends[0] == letter })
        };
        let directions: Option<Vec<Direction>> = text.chars().map(direction).collect();
        match directions.as_deref() {
            Some(&[a, b, c]) if a.world != b.world && a.world != c.world && b.world != c.world => Ok(Self([a, b, c])),
            _ => Err(Error::new(
                ErrorKind::Syntax,
                format!("the orientation `{text}`"),
                "three letters, one of R and L, one of A and P, one of S and I, in any order",
                "write it like RAS",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::VolumeOrientation;

    #[test]
    fn three_letters_of_three_lines() {
        for text in ["RAS", "LPS", "SPL", "IRP"] {
            assert_eq!(text.parse::<VolumeOrientation>().map(|o| o.to_string()).ok().as_deref(), Some(text));
        }
        for text in ["", "RA", "RAR", "RLS", "ras", "RASI", "XYZ"] {
            assert!(text.parse::<VolumeOrientation>().is_err(), "{text}");
        }
    }
}
