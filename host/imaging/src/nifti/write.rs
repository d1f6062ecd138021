//! Writes maps and other values as a volume, on exactly the grid and affine of the volume that was explained.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use nifti::Endianness;

use super::header::{FIRST_VOXEL, VolumeHeader};
use super::slice::SliceGeometry;
use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::export::{unwritable, write_atomic};
use crate::map::Map;

impl Map {
    /// Writes the map as NIfTI: float32, 0 outside the explained slice, gzipped if the name ends in `.gz`. Every header field
    /// that places the grid (dimensions, voxel sizes, qform, sform, units) is copied byte by byte from the volume, in its
    /// byte order; only what describes the values is new.
    ///
    /// # Errors
    /// Refuses a map of another height or width than the slice, and a path that cannot be written.
    pub fn write_nifti(&self, path: impl AsRef<Path>, slice: &SliceGeometry) -> Result<()> {
        let path = path.as_ref();
        let (height, width) = (slice.down().length, slice.across().length);
        if (self.height(), self.width()) != (height, width) {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("a map of {} x {} for a slice of {height} x {width} voxels", self.height(), self.width()),
                "a map on the slice's own grid",
                "resize the map to the image's height and width first",
            )
            .at(path));
        }
        let pixels = self.data().chunks_exact(width).enumerate();
        let values = pixels.flat_map(|(row, values)| {
            values.iter().enumerate().map(move |(column, value)| (slice.offset(row, column), *value))
        });
        write(path, slice.header(), values, MAP)
    }
}

/// Writes one value for each voxel of the volume with this `header`, in the file's order (i runs fastest, then j, then k), in
/// the format of [`Map::write_nifti`]. `what` describes the values in the header; 79 bytes of it are kept.
///
/// # Errors
/// Refuses a number of values other than that of the voxels, and a path that cannot be written.
pub fn write_voxels(path: impl AsRef<Path>, header: &VolumeHeader, voxels: &[f32], what: &str) -> Result<()> {
    let path = path.as_ref();
    let expected: usize = header.dims().iter().product();
    if voxels.len() != expected {
        let found = format!("{} values for a volume of {expected} voxels", voxels.len());
        let remedy = "bring them to the volume's own grid first";
        return Err(Error::new(ErrorKind::Shape, found, "a value for each voxel", remedy).at(path));
    }
    write(path, header, voxels.iter().copied().enumerate(), what)
}

/// The description of a map in its header.
const MAP: &str = "lacuna attribution map, larger is more evidence";

/// Writes (index in the volume's data, value) pairs, and 0 for all other voxels.
fn write(path: &Path, header: &VolumeHeader, values: impl Iterator<Item = (usize, f32)>, what: &str) -> Result<()> {
    let order = header.endianness();
    let voxels: usize = header.dims().iter().product();
    let mut file = vec![0; FIRST_VOXEL as usize + voxels * size_of::<f32>()];
    file[..header.bytes().len()].copy_from_slice(header.bytes());
    describe_values(&mut file, order, what);
    for (offset, value) in values {
        let at = FIRST_VOXEL as usize + offset * size_of::<f32>();
        file[at..at + size_of::<f32>()].copy_from_slice(&f32_bytes(value, order));
    }
    let is_gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let bytes = if is_gzip { gzip(&file).map_err(|cause| unwritable(path, &cause))? } else { file };
    write_atomic(path, &bytes)
}

/// Sets the fields that describe the values, at the offsets of `nifti1.h`, and leaves those that describe the grid.
fn describe_values(file: &mut [u8], order: Endianness, what: &str) {
    const FLOAT32: i16 = 16;
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(4, &[0; 28]); // data_type and db_name, which may name the patient
    put(56, &[0; 12]); // intent_p1 to intent_p3
    put(68, &[0; 2]); // intent_code: none
    put(70, &i16_bytes(FLOAT32, order)); // datatype
    put(72, &i16_bytes(32, order)); // bitpix
    put(108, &f32_bytes(FIRST_VOXEL as f32, order)); // vox_offset
    put(112, &f32_bytes(1.0, order)); // scl_slope
    put(116, &f32_bytes(0.0, order)); // scl_inter
    put(124, &[0; 8]); // cal_max, cal_min: the viewer chooses
    put(140, &[0; 8]); // glmax, glmin
    put(148, &[0; 104]); // descrip and aux_file, which may name the patient too
    // The text has 80 bytes, of which the last is 0.
    put(148, &what.as_bytes()[..what.len().min(79)]);
    put(328, &[0; 16]); // intent_name
    put(344, b"n+1\0"); // one file, also where the volume was a pair
}

/// The bytes of a 16-bit integer in the order of the file.
fn i16_bytes(value: i16, order: Endianness) -> [u8; 2] {
    match order {
        Endianness::Little => value.to_le_bytes(),
        Endianness::Big => value.to_be_bytes(),
    }
}

/// The bytes of a float32 in the order of the file.
fn f32_bytes(value: f32, order: Endianness) -> [u8; 4] {
    match order {
        Endianness::Little => value.to_le_bytes(),
        Endianness::Big => value.to_be_bytes(),
    }
}

/// Compresses without a time stamp and a name inside, so that the same map gives the same file.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
