//! The map as a volume: on exactly the grid and affine of the volume that was explained.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use nifti::Endianness;

use super::header::FIRST_VOXEL;
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
    /// A map that is not of the slice's height and width, and a path that cannot be written.
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
        let file = file(self, slice);
        let is_gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let bytes = if is_gzip { gzip(&file).map_err(|cause| unwritable(path, &cause))? } else { file };
        write_atomic(path, &bytes)
    }
}

fn file(map: &Map, slice: &SliceGeometry) -> Vec<u8> {
    let header = slice.header();
    let order = header.endianness();
    let voxels: usize = header.dims().iter().product();
    let mut file = vec![0; FIRST_VOXEL as usize + voxels * size_of::<f32>()];
    file[..header.bytes().len()].copy_from_slice(header.bytes());
    describe_values(&mut file, order);
    for (row, values) in map.data().chunks_exact(map.width()).enumerate() {
        for (column, &value) in values.iter().enumerate() {
            let at = FIRST_VOXEL as usize + slice.offset(row, column) * size_of::<f32>();
            file[at..at + size_of::<f32>()].copy_from_slice(&f32_bytes(value, order));
        }
    }
    file
}

/// Sets the fields that describe the values, at the offsets of `nifti1.h`, and leaves those that describe the grid.
fn describe_values(file: &mut [u8], order: Endianness) {
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
    put(148, &[0; 104]); // descrip and aux_file, which may too
    put(148, b"lacuna attribution map, larger is more evidence");
    put(328, &[0; 16]); // intent_name
    put(344, b"n+1\0"); // one file, also where the volume was a pair
}

fn i16_bytes(value: i16, order: Endianness) -> [u8; 2] {
    match order {
        Endianness::Little => value.to_le_bytes(),
        Endianness::Big => value.to_be_bytes(),
    }
}

fn f32_bytes(value: f32, order: Endianness) -> [u8; 4] {
    match order {
        Endianness::Little => value.to_le_bytes(),
        Endianness::Big => value.to_be_bytes(),
    }
}

/// Without a time stamp or a name inside, so that the same map gives the same file.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
