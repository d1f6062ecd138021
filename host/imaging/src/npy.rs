//! Reads and writes NumPy's NPY files, format 1.0 to 3.0: signature, length of the header, header as a Python dict, values.

use std::path::Path;

use crate::Result;
use crate::error::{Error, ErrorKind, damaged, unreadable};
use crate::map::Map;

const MARK: &[u8] = b"\x93NUMPY";

impl Map {
    /// Reads what [`Map::write_npy`] wrote, or what NumPy saved as little-endian float32 of shape (H, W) in C order.
    ///
    /// # Errors
    /// Refuses a file that cannot be read, is no NPY or ends early, values of another type, shape or order, and values that are
    /// NaN or infinite.
    pub fn read_npy(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = crate::regular::read_regular(path, 4 << 30).map_err(|cause| unreadable(path, &cause))?;
        let (height, width, data) = decode(&bytes).map_err(|error| error.at(path))?;
        Self::new(height, width, data).map_err(|error| error.at(path))
    }
}

/// Encodes an array as format 1.0, the header padded so that the values start at a multiple of 64 bytes.
pub(crate) fn encode(data: &[f32], shape: &[usize]) -> Vec<u8> {
    const PREAMBLE: usize = 10;
    const ALIGNMENT: usize = 64;
    // Python writes a tuple of one number with a trailing comma.
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let tuple = format!("({}{})", sizes.join(", "), if shape.len() == 1 { "," } else { "" });
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple}, }}");
    let padded = (PREAMBLE + header.len() + 1).next_multiple_of(ALIGNMENT) - PREAMBLE;
    header = format!("{header:<width$}\n", width = padded - 1);
    let mut bytes = MARK.to_vec();
    bytes.extend([1, 0]);
    // A few numbers make a header of 118 or 182 bytes, far below the 65535 that the field holds.
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(data.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// (height, width, values row by row) of a float32 array of two dimensions.
fn decode(bytes: &[u8]) -> Result<(usize, usize, Vec<f32>)> {
    let (header, values) = parts(bytes)?;
    let text = String::from_utf8_lossy(header);
    let unsupported = |found: &str| {
        let expected = "little-endian float32 (`<f4`) of shape (H, W) in C order";
        Error::new(
            ErrorKind::Unsupported,
            format!("an array with the header `{}`, {found}", text.trim()),
            expected,
            "save it with `numpy.save(path, numpy.ascontiguousarray(map, dtype='<f4'))`",
        )
    };
    if entry(&text, "descr").is_none_or(|value| value.trim_matches(['\'', '"']) != "<f4") {
        return Err(unsupported("whose values are of another type"));
    }
    if entry(&text, "fortran_order") != Some("False") {
        return Err(unsupported("whose order is Fortran's"));
    }
    let Some((height, width)) = shape(&text) else {
        return Err(unsupported("which is no map"));
    };
    let expected = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(size_of::<f32>()));
    if expected != Some(values.len()) {
        return Err(broken(format!("{} bytes of values for a map of {height} x {width}", values.len())));
    }
    let data = values.chunks_exact(4).map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]]));
    Ok((height, width, data.collect()))
}

/// The bytes of the header and those of the values.
fn parts(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let Some(rest) = bytes.strip_prefix(MARK) else {
        return Err(Error::new(
            ErrorKind::UnknownFormat,
            "a file that does not begin as an NPY does",
            "an NPY file",
            "name a map that was written as map.npy",
        ));
    };
    let (length, rest) = match *rest {
        [1, _, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
        [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        _ => {
            return Err(broken(format!(
                "an NPY of {} bytes that ends in its preamble or is of a later format",
                bytes.len()
            )));
        }
    };
    rest.split_at_checked(length)
        .ok_or_else(|| broken(format!("an NPY of {} bytes that ends in its header", bytes.len())))
}

/// The value of one key of the header that is a word or a text in quotes.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = header.split_once(&format!("'{key}'"))?;
    let value = after.trim_start().strip_prefix(':')?;
    Some(value[..value.find([',', '}']).unwrap_or(value.len())].trim())
}

/// The two numbers between the brackets.
fn shape(header: &str) -> Option<(usize, usize)> {
    let (_, after) = header.split_once("'shape'")?;
    let (_, after) = after.split_once('(')?;
    let (inside, _) = after.split_once(')')?;
    let (height, width) = inside.split_once(',')?;
    Some((height.trim().parse().ok()?, width.trim().trim_end_matches(',').parse().ok()?))
}

fn broken(found: String) -> Error {
    damaged(Path::new(""), found, "a complete NPY file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered() -> Vec<f32> {
        (0..15).map(|value| value as f32 - 7.5).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.npy");
        let map = Map::new(3, 5, numbered()).unwrap();
        map.write_npy(&path).unwrap();
        assert_eq!(Map::read_npy(&path).unwrap(), map);
        let error = Map::read_npy(folder.path().join("none.npy")).unwrap_err().to_string();
        assert!(error.contains("none.npy: cannot be read"), "{error}");
    }

    /// `numpy.save` of 2.1 writes the keys in this order and with this padding; format 2.0 has four bytes of length.
    #[test]
    fn numpy_may_write_another_header() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";
        let values = [1.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
        let length = header.len() as u32;
        let bytes = [MARK, &[2, 0], &length.to_le_bytes(), header.as_bytes(), &values].concat();
        assert_eq!(decode(&bytes).unwrap(), (1, 2, vec![1.5, -2.0]));
    }

    #[test]
    fn other_arrays_are_refused() {
        let whole = encode(&numbered(), &[3, 5]);
        let refuse = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        let replaced = |from: &str, to: &str| {
            assert_eq!(from.len(), to.len());
            let at = whole.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
            refuse(&[&whole[..at], to.as_bytes(), &whole[at + to.len()..]].concat())
        };
        assert!(replaced("<f4", "<f8").contains("another type"));
        assert!(replaced("False", "True ").contains("Fortran"));
        assert!(replaced("(3, 5)", "(3,)  ").contains("no map"));
        assert!(replaced("(3, 5)", "(3, 6)").contains("60 bytes of values for a map of 3 x 6"));
        assert!(refuse(b"GIF89a").contains("does not begin as an NPY"));
        assert!(refuse(&whole[..60]).contains("ends in its header"));
        assert!(refuse(&whole[..7]).contains("preamble"));
        assert!(refuse(&whole[..whole.len() - 1]).contains("59 bytes"));
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err());
        }
    }
}
