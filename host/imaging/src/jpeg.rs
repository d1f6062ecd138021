//! Finds the end of a JPEG, and the EXIF in it, by walking its segments from the start.
//!
//! Decoders silently fill the missing part of a JPEG with grey, so the end-of-image marker (FF D9) decides whether a file is
//! complete. A plain search would not do: a thumbnail in a segment has a marker of its own, and so may the bytes behind the
//! picture (a film, a second picture, padding).

use crate::format::Contents;
use crate::orientation::EXIF_NAME;

/// Walks the segments of ITU-T T.81, Annex B; `None` where the end marker is missing, or comes before any scan.
pub(crate) fn contents(bytes: &[u8]) -> Option<Contents<'_>> {
    let mut exif = None;
    let mut scanned = false;
    let mut at = 2; // behind the start-of-image marker
    loop {
        let (mark, behind) = next_mark(bytes, at, scanned)?;
        match mark {
            END if scanned => return Some(Contents { end: behind, exif }),
            // An end without a picture, and a second start without an end.
            END | START => return None,
            // These have no length.
            TEMPORARY | RESTART_0..=RESTART_7 => at = behind,
            _ => {
                // The length counts its own two bytes.
                let length = usize::from(u16::from_be_bytes(bytes.get(behind..behind + 2)?.try_into().ok()?));
                let content = bytes.get(behind + 2..behind + length.max(2))?;
                if mark == APP_1 && exif.is_none() && content.starts_with(EXIF_NAME) {
                    exif = Some(&content[EXIF_NAME.len()..]);
                }
                scanned |= mark == SCAN;
                at = behind + length.max(2);
            }
        }
    }
}

const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
const APP_1: u8 = 0xE1;
const TEMPORARY: u8 = 0x01;
const RESTART_0: u8 = 0xD0;
const RESTART_7: u8 = 0xD7;

/// (code of the next marker from `at` on, offset behind it). Any number of FF bytes may precede a marker, and FF 00 is a data
/// byte of a scan. Bytes that are no marker are skipped: the data of a scan, and extraneous bytes. Once a scan has begun,
/// reserved markers are skipped too, as damage within its data.
fn next_mark(bytes: &[u8], mut at: usize, scanned: bool) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
        at += bytes.get(at..)?.iter().position(|&byte| byte != 0xFF)?;
        let mark = *bytes.get(at)?;
        at += 1;
        let reserved = matches!(mark, 0x00 | 0x02..=0xBF | 0xC8 | 0xF0..=0xFD);
        if mark != 0 && !(scanned && reserved) {
            return Some((mark, at));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    /// A segment with its length.
    fn segment(mark: u8, content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xFF, mark], &length[..], content].concat()
    }

    /// A thumbnail has marks of its own.
    const THUMBNAIL: [u8; 10] = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 7, 0xFF, 0xD9, 9];
    /// Data of a scan: stuffed bytes, restart marks, fill bytes before one.
    const DATA: [u8; 13] = [1, 0xFF, 0, 2, 0xFF, 0xD0, 3, 0xFF, 0xFF, 0xD7, 0xFF, 0, 4];

    fn picture() -> Vec<u8> {
        [
            vec![0xFF, 0xD8],
            segment(0xE0, b"JFIF\0"),
            segment(0xE1, &[b"Exif\0\0".as_slice(), b"II*\0", &THUMBNAIL].concat()),
            segment(0xE1, b"Exif\0\0second"),
            vec![0xFF, 0xFF, 0xFF], // fill bytes
            segment(0xC2, &[8; 9]),
            segment(0xDA, &[1, 2]),
            DATA.to_vec(),
            segment(0xC4, &[0; 20]), // tables between scans
            segment(0xDA, &[1, 2]),
            DATA.to_vec(),
            segment(0xFE, &THUMBNAIL), // a comment behind a scan
            segment(0xDA, &[1, 2]),
            DATA.to_vec(),
            vec![0xFF, 0xFF, 0xD9],
        ]
        .concat()
    }

    #[test]
    fn the_end_is_found_whatever_stands_behind_it() {
        let whole = picture();
        let film = [b"MotionPhoto".as_slice(), &[0xFF, 0xDA, 0, 9, 0xFF, 0xD8], &[0xFF; 9]].concat();
        for behind in [vec![], vec![0; 512], film, whole.clone()] {
            let bytes = [whole.clone(), behind].concat();
            let found = contents(&bytes).unwrap();
            assert_eq!(found.end, whole.len());
            assert!(found.exif.unwrap().starts_with(b"II*\0"), "the first EXIF counts");
        }
    }

    #[test]
    fn a_file_that_was_cut_off_anywhere_has_no_end() {
        let whole = picture();
        for length in 0..whole.len() {
            assert!(contents(&whole[..length]).is_none(), "{length}");
        }
        // Another picture behind the cut does not mend it.
        assert!(contents(&[&whole[..whole.len() - 3], &whole].concat()).is_none());
        assert!(contents(&[0xFF, 0xD8, 0xFF, 0xD9]).is_none(), "an end without a scan");
    }

    #[test]
    fn extraneous_bytes_and_reserved_marks_in_a_scan_are_skipped() {
        let bytes =
            [vec![0xFF, 0xD8, 1, 2, 3], segment(0xDA, &[1, 2]), vec![5, 0xFF, 0x02, 0xFF, 0xF7, 6], vec![0xFF, 0xD9]]
                .concat();
        assert_eq!(contents(&bytes).unwrap().end, bytes.len());
        assert!(contents(&segment(0xE0, &[0; 3])[..3]).is_none());
        // A length below 2 is damage, and no endless loop.
        let broken = [vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 0], segment(0xDA, &[]), vec![0xFF, 0xD9]].concat();
        assert_eq!(contents(&broken).unwrap().end, broken.len());
    }
}
