//! Finds the end of a PNG, and the EXIF in it.

use crate::format::Contents;

/// Walks the chunks of the PNG specification (third edition, 5.3). A file without an end chunk ends with its last byte; the
/// decoder decides whether it can be read all the same.
pub(crate) fn contents(bytes: &[u8]) -> Contents<'_> {
    let mut found = Contents { end: bytes.len(), exif: None };
    let mut at = SIGNATURE;
    while let Some((kind, data, next)) = chunk(bytes, at) {
        match kind {
            b"eXIf" => found.exif = found.exif.or(Some(data)),
            b"IEND" => return Contents { end: next, ..found },
            _ => {}
        }
        at = next;
    }
    found
}

/// Length of the signature that begins the file, in bytes.
const SIGNATURE: usize = 8;

/// (kind, data, offset of the next chunk) of the chunk at offset `at`; `None` where it is cut off.
fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8], usize)> {
    let length = u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
    let content = at.checked_add(8)?;
    let end = content.checked_add(usize::try_from(length).ok()?)?;
    // A checksum ends each chunk.
    let next = end.checked_add(4).filter(|&next| next <= bytes.len())?;
    Some((bytes.get(at + 4..content)?, bytes.get(content..end)?, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        [&(data.len() as u32).to_be_bytes()[..], kind, data, &[0; 4]].concat()
    }

    #[test]
    fn the_end_and_the_exif_are_found() {
        let start = b"\x89PNG\r\n\x1a\n".to_vec();
        let exif = chunk(b"eXIf", b"II*\0");
        let whole = [start, chunk(b"IHDR", &[0; 13]), chunk(b"IDAT", b"IEND"), exif, chunk(b"IEND", b"")].concat();
        let bytes = [&whole[..], &[0; 7]].concat();
        let found = contents(&bytes);
        assert_eq!((found.end, found.exif), (whole.len(), Some(b"II*\0".as_slice())));
        for length in 0..whole.len() {
            let found = contents(&whole[..length]);
            assert_eq!((found.end, found.exif.is_some()), (length, length >= whole.len() - 12), "{length}");
        }
        let huge = [&whole[..8], &[0xFF; 4], b"IDAT"].concat();
        assert_eq!(contents(&huge).end, huge.len());
    }
}
