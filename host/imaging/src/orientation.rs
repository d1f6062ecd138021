//! The EXIF orientation of a picture: read from its file, and applied to its pixels.
//!
//! Corrupt EXIF is no reason to refuse a picture: an orientation that cannot be read counts as none.

use std::fmt;

/// The EXIF orientation (tag 0x0112, EXIF 2.32, 4.6.4 A): the operation that makes the stored pixels upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// 1: the stored pixels are upright.
    #[default]
    Upright,
    /// 2: left and right are exchanged.
    Mirrored,
    /// 3: a rotation by 180 degrees.
    HalfTurn,
    /// 4: top and bottom are exchanged.
    Flipped,
    /// 5: rows and columns are exchanged.
    Transposed,
    /// 6: a rotation by 90 degrees clockwise.
    Clockwise,
    /// 7: rows and columns are exchanged about the other diagonal.
    Transverse,
    /// 8: a rotation by 90 degrees counterclockwise.
    Counterclockwise,
}

/// Whether the EXIF orientation is applied to the pixels of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orienting {
    /// Pixels stay as stored; a [`Warning`](crate::Warning) says where viewers rotate the picture.
    #[default]
    Stored,
    /// The EXIF orientation of the file is applied, as viewers do.
    Upright,
}

impl Orientation {
    /// All orientations, in the order of their EXIF numbers from 1 on.
    pub const ALL: [Self; 8] = [
        Self::Upright,
        Self::Mirrored,
        Self::HalfTurn,
        Self::Flipped,
        Self::Transposed,
        Self::Clockwise,
        Self::Transverse,
        Self::Counterclockwise,
    ];

    /// The number in EXIF, 1 to 8.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Whether height and width are exchanged.
    pub fn swaps_sides(self) -> bool {
        matches!(self, Self::Transposed | Self::Clockwise | Self::Transverse | Self::Counterclockwise)
    }

    /// Reads the orientation from EXIF, which is a TIFF file of its own: from its first directory only, since the second one
    /// describes the thumbnail. `None` where there is none, or none that can be read.
    pub(crate) fn of_exif(exif: &[u8]) -> Option<Self> {
        // Some programs keep the name of the JPEG segment in front.
        let tiff = Tiff::new(exif.strip_prefix(EXIF_NAME).unwrap_or(exif))?;
        let directory = usize::try_from(tiff.u32(4)?).ok()?;
        let entries = tiff.u16(directory)?;
        let first = directory.checked_add(2)?;
        for entry in 0..usize::from(entries) {
            let at = first.checked_add(entry.checked_mul(12)?)?;
            if tiff.u16(at)? != TAG {
                continue;
            }
            let number = match tiff.u16(at.checked_add(2)?)? {
                BYTE => u32::from(*tiff.bytes.get(at.checked_add(8)?)?),
                SHORT => u32::from(tiff.u16(at.checked_add(8)?)?),
                LONG => tiff.u32(at.checked_add(8)?)?,
                _ => return None,
            };
            return Self::ALL.get(usize::try_from(number).ok()?.checked_sub(1)?).copied();
        }
        None
    }

    /// (planes, height, width) of planes of `height` x `width` after the operation.
    pub(crate) fn turn(self, data: &[f32], height: usize, width: usize) -> (Vec<f32>, usize, usize) {
        let (rows, columns) = if self.swaps_sides() { (width, height) } else { (height, width) };
        // (row, column) of the stored pixel that becomes an upright one.
        let stored = |row: usize, column: usize| match self {
            Self::Upright => (row, column),
            Self::Mirrored => (row, width - 1 - column),
            Self::HalfTurn => (height - 1 - row, width - 1 - column),
            Self::Flipped => (height - 1 - row, column),
            Self::Transposed => (column, row),
            Self::Clockwise => (height - 1 - column, row),
            Self::Transverse => (height - 1 - column, width - 1 - row),
            Self::Counterclockwise => (column, width - 1 - row),
        };
        let mut turned = Vec::with_capacity(data.len());
        for plane in data.chunks_exact((height * width).max(1)) {
            for row in 0..rows {
                turned.extend((0..columns).map(|column| {
                    let (i, j) = stored(row, column);
                    plane[i * width + j]
                }));
            }
        }
        (turned, rows, columns)
    }
}

impl fmt::Display for Orientation {
    /// Writes the operation that a viewer applies to the stored pixels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upright => "as they are",
            Self::Mirrored => "mirrored left to right",
            Self::HalfTurn => "turned upside down (180 degrees)",
            Self::Flipped => "mirrored top to bottom",
            Self::Transposed => "mirrored about the diagonal from the top left",
            Self::Clockwise => "turned 90 degrees clockwise",
            Self::Transverse => "mirrored about the diagonal from the top right",
            Self::Counterclockwise => "turned 90 degrees counterclockwise",
        })
    }
}

/// The bytes that begin the EXIF segment of a JPEG.
pub(crate) const EXIF_NAME: &[u8] = b"Exif\0\0";

/// The TIFF tag of the orientation.
const TAG: u16 = 0x0112;
/// Types of a TIFF entry; the standard prescribes SHORT, and some writers use another.
const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// The bytes of a TIFF file, in either byte order.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..4)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Self { bytes, big_endian })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    /// EXIF by hand: a directory of `entries` (tag, type, value), and behind it one of the thumbnail.
    fn exif(big_endian: bool, entries: &[(u16, u16, u32)], thumbnail: &[(u16, u16, u32)]) -> Vec<u8> {
        let short = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let long = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut bytes = if big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        bytes.extend(long(8));
        for (entries, next) in [(entries, 8 + 2 + 12 * entries.len() as u32 + 4), (thumbnail, 0)] {
            bytes.extend(short(entries.len() as u16));
            for &(tag, kind, value) in entries {
                bytes.extend([short(tag), short(kind)].concat());
                bytes.extend(long(1));
                match kind {
                    BYTE => bytes.extend([value as u8, 0, 0, 0]),
                    SHORT => bytes.extend([short(value as u16), [0, 0]].concat()),
                    _ => bytes.extend(long(value)),
                }
            }
            bytes.extend(long(next));
        }
        bytes
    }

    #[test]
    fn every_number_is_read_in_both_byte_orders_and_every_type() {
        for big_endian in [false, true] {
            for kind in [BYTE, SHORT, LONG] {
                for orientation in Orientation::ALL {
                    let number = u32::from(orientation.number());
                    let bytes = exif(big_endian, &[(0x010F, 2, 1), (TAG, kind, number)], &[(TAG, SHORT, 3)]);
                    assert_eq!(Orientation::of_exif(&bytes), Some(orientation), "{big_endian} {kind} {number}");
                    let named = [EXIF_NAME, &bytes].concat();
                    assert_eq!(Orientation::of_exif(&named), Some(orientation));
                }
            }
        }
    }

    #[test]
    fn a_thumbnail_and_numbers_outside_of_the_standard_say_nothing() {
        for big_endian in [false, true] {
            assert_eq!(Orientation::of_exif(&exif(big_endian, &[(0x010F, 2, 1)], &[(TAG, SHORT, 6)])), None);
            for number in [0, 9, 255, 1536, 65535] {
                assert_eq!(Orientation::of_exif(&exif(big_endian, &[(TAG, SHORT, number)], &[])), None, "{number}");
            }
        }
    }

    #[test]
    fn corrupt_exif_is_no_orientation_and_no_panic() {
        let whole = exif(true, &[(0x010F, 2, 1), (TAG, SHORT, 6)], &[]);
        for length in 0..8 + 2 + 12 + 10 {
            assert_eq!(Orientation::of_exif(&whole[..length]), None, "{length}");
        }
        let mut state = 1_u32;
        for _ in 0..20_000 {
            let mut bytes = whole.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (state >> 8) as usize % bytes.len();
                bytes[at] = (state >> 24) as u8;
            }
            let _ = Orientation::of_exif(&bytes);
        }
        assert_eq!(Orientation::of_exif(b"MM\0*\xFF\xFF\xFF\xFF"), None);
    }

    /// The table of the standard: which stored corner is at the top left of the upright picture, and which at its top right.
    #[test]
    fn pixels_go_where_the_standard_says() {
        // 2 rows of 3: a b c / d e f
        let stored = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let upright: [&[&[f32]]; 8] = [
            &[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]],
            &[&[3.0, 2.0, 1.0], &[6.0, 5.0, 4.0]],
            &[&[6.0, 5.0, 4.0], &[3.0, 2.0, 1.0]],
            &[&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]],
            &[&[1.0, 4.0], &[2.0, 5.0], &[3.0, 6.0]],
            &[&[4.0, 1.0], &[5.0, 2.0], &[6.0, 3.0]],
            &[&[6.0, 3.0], &[5.0, 2.0], &[4.0, 1.0]],
            &[&[3.0, 6.0], &[2.0, 5.0], &[1.0, 4.0]],
        ];
        for (orientation, upright) in Orientation::ALL.into_iter().zip(upright) {
            let two = [stored, stored].concat();
            let (turned, height, width) = orientation.turn(&two, 2, 3);
            assert_eq!((height, width), (upright.len(), upright[0].len()), "{orientation:?}");
            assert_eq!(turned, [upright.concat(), upright.concat()].concat(), "{orientation:?}");
        }
    }
}
