//! Recognises DICOM files, with and without their preamble.

/// Offset of the signature: behind a preamble of any 128 bytes.
pub(crate) const MARK_AT: usize = 128;
const MARK: &[u8] = b"DICM";

/// Whether a file begins as DICOM (PS3.10, 7.1).
pub(crate) fn is_dicom(head: &[u8]) -> bool {
    head.get(MARK_AT..MARK_AT + MARK.len()) == Some(MARK)
}

/// Whether a file begins with the first data element of DICOM, as old files without a preamble do: a tag of group 0002 or 0008,
/// then either the two letters of the value representation, or the length of a short value (PS3.5, 7.1).
pub(crate) fn is_bare_dicom(head: &[u8]) -> bool {
    let Some(&[a, b, c, d, e, f, g, h]) = head.first_chunk::<8>() else { return false };
    let little = [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])];
    let big = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
    let is_first = |[group, element]: [u16; 2]| matches!(group, 0x0002 | 0x0008) && element <= LAST_ELEMENT;
    let has_type = TYPES.contains(&[e, f]);
    let is_short = |length: u32| length <= LONGEST && length.is_multiple_of(2);
    let without_type = is_first(little) && is_short(u32::from_le_bytes([e, f, g, h]));
    let without_type_big = is_first(big) && is_short(u32::from_be_bytes([e, f, g, h]));
    (has_type && (is_first(little) || is_first(big))) || without_type || without_type_big
}

/// The last element number that a file may begin with. The elements up to it are group length, version, specific character set,
/// image type, dates and SOP class.
const LAST_ELEMENT: u16 = 0x0018;
/// Largest length of a value of these elements, in bytes.
const LONGEST: u32 = 256;
/// Value representations of these elements.
const TYPES: [[u8; 2]; 7] = [*b"UL", *b"OB", *b"CS", *b"DA", *b"TM", *b"UI", *b"SH"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dicom_is_told_with_and_without_preamble() {
        for preamble in [[0; 128], *b"II*\0".repeat(32).first_chunk().unwrap_or(&[1; 128]), [0xFF; 128]] {
            assert!(is_dicom(&[&preamble[..], MARK, &[2, 0, 0, 0]].concat()));
        }
        let first: [&[u8]; 6] = [
            &[8, 0, 5, 0, b'C', b'S', 10, 0],
            &[8, 0, 0, 0, 4, 0, 0, 0],
            &[8, 0, 8, 0, 22, 0, 0, 0],
            &[2, 0, 0, 0, b'U', b'L', 4, 0],
            &[0, 8, 0, 5, b'C', b'S', 0, 10],
            &[8, 0, 0x16, 0, b'U', b'I', 26, 0],
        ];
        assert!(first.iter().all(|head| is_bare_dicom(head)));
        let others: [&[u8]; 5] =
            [b"hello, world", &[8, 0, 5], &[8, 0, 5, 0, 7, 0, 0, 0], &[0; 16], &[8, 0, 0x20, 0, 4, 0, 0, 0]];
        assert!(others.iter().all(|head| !is_bare_dicom(head) && !is_dicom(head)));
    }
}
