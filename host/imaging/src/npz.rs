//! Writes NumPy's NPZ files: an uncompressed ZIP archive of NPY files, which `numpy.load` reads.

use std::collections::HashSet;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::export::write_atomic;
use crate::npy;

/// A float32 array with a name and a shape of any rank, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArray {
    /// The key of the array in `numpy.load`.
    pub name: String,
    /// Sizes, outermost axis first.
    pub shape: Vec<usize>,
    /// Values, as many as the product of the shape.
    pub data: Vec<f32>,
}

/// Writes the arrays under their names, in their order; the same arrays give the same bytes. In a name, every character other
/// than an ASCII letter, a digit, `-`, `_` and `.` becomes `_`, and the second array of one name gets a `-2`.
///
/// # Errors
/// Refuses a path that cannot be written, and arrays that no archive holds (65536 arrays, or a name that is too long).
pub fn write_npz(path: impl AsRef<Path>, arrays: &[NamedArray]) -> Result<()> {
    let path = path.as_ref();
    let bytes = encode(arrays).map_err(|cause| {
        Error::new(
            ErrorKind::Unsupported,
            format!("arrays that are no archive ({cause})"),
            "fewer than 65536 arrays, with names of a few letters",
            "let the plugin return less beside its map",
        )
        .at(path)
    })?;
    write_atomic(path, &bytes)
}

/// The bytes of the archive.
fn encode(arrays: &[NamedArray]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // The earliest date that an archive can hold: the time of writing would change the bytes.
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT)
        .large_file(arrays.iter().any(|array| array.data.len() >= 1 << 29));
    let mut taken = HashSet::new();
    for array in arrays {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let base: String = array.name.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect();
        let mut name = base.clone();
        for count in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{base}-{count}");
        }
        archive.start_file(format!("{name}.npy"), stored)?;
        archive.write_all(&npy::encode(&array.data, &array.shape))?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;
    use std::io::Read;

    fn array(name: &str, shape: &[usize]) -> NamedArray {
        let data = (0..shape.iter().product()).map(|i: usize| i as f32 / 4.0).collect();
        NamedArray { name: name.into(), shape: shape.into(), data }
    }

    #[test]
    fn every_array_is_an_npy_file_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("extras.npz");
        let arrays = [array("mask low/1", &[1, 2, 3]), array("areas", &[4]), array("one", &[])];
        write_npz(&path, &arrays).unwrap();
        let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        for (array, (name, shape)) in
            arrays.iter().zip([("mask_low_1.npy", "(1, 2, 3)"), ("areas.npy", "(4,)"), ("one.npy", "()")])
        {
            let mut bytes = Vec::new();
            archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
            assert!(String::from_utf8_lossy(&bytes[..128]).contains(&format!("'shape': {shape},")), "{name}");
            let tail: Vec<u8> = array.data.iter().flat_map(|value| value.to_le_bytes()).collect();
            assert!(bytes.ends_with(&tail) && (bytes.len() - tail.len()).is_multiple_of(64), "{name}");
        }
        let first = std::fs::read(&path).unwrap();
        write_npz(&path, &arrays).unwrap();
        assert_eq!(first, std::fs::read(&path).unwrap());
    }

    #[test]
    fn arrays_of_one_name_are_all_kept() {
        let bytes = encode(&["a", "a", "a-2", "a"].map(|name| array(name, &[1]))).unwrap();
        let archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a-2-2.npy", "a-2.npy", "a-3.npy", "a.npy"]);
    }
}
