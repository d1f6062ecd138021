//! Reads the voxels of a volume.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use nifti::volume::inmem::InMemNiftiVolume;
use nifti::{IntoNdArray, NiftiError};

use super::affine::AffineSource;
use super::header::{VolumeHeader, broken_stream};
use crate::Result;
use crate::error::{Error, ErrorKind, damaged};
use crate::format::FileFormat;
use crate::gzip::Stream;
use crate::warning::Warning;

/// A volume in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    pub(super) header: Arc<VolumeHeader>,
    pub(super) data: Vec<f32>,
    /// Warnings about the file.
    pub warnings: Vec<Warning>,
}

/// The treatment of NaN and infinite voxels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonFinite {
    /// The volume is refused.
    #[default]
    Refuse,
    /// The voxel is read as 0, and a [`Warning`] counts such voxels.
    Zero,
}

impl Volume {
    /// Reads `.nii`, `.nii.gz`, or a pair by the name of its `.hdr` or `.img`: any integer or floating-point type of up to 64
    /// bits, either byte order, scaled by `scl_slope` and `scl_inter` in double precision. Header extensions are skipped.
    ///
    /// # Errors
    /// Refuses what [`VolumeHeader::read`] refuses, voxels that end early, and NaN or infinite voxels under
    /// [`NonFinite::Refuse`].
    pub fn read(path: impl AsRef<Path>, non_finite: NonFinite) -> Result<Self> {
        let path = path.as_ref();
        let (header, mut stream) = VolumeHeader::read_with_stream(path)?;
        let mut data = voxels(&header, &mut stream)?;
        let mut warnings = Vec::new();
        let behind = stream.behind().map_err(|cause| broken_stream(header.voxel_file(), &cause))?;
        if let Some((bytes, all_zero)) = behind {
            warnings.push(Warning::BytesBehind { format: FileFormat::NiftiGzip, bytes, all_zero });
        }
        if header.affine_source() == AffineSource::Pixdim {
            warnings.push(Warning::NoOrientation);
        }
        let bad = data.iter().filter(|value| !value.is_finite()).count();
        match non_finite {
            _ if bad == 0 => {}
            NonFinite::Refuse => return Err(not_finite(bad, data.len()).at(path)),
            NonFinite::Zero => {
                data.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = 0.0);
                warnings.push(Warning::NonFiniteZeroed { voxels: bad });
            }
        }
        Ok(Self { header: Arc::new(header), data, warnings })
    }

    /// The header of the volume.
    pub fn header(&self) -> &VolumeHeader {
        &self.header
    }

    /// Voxel values in the file's unit; i runs fastest, then j, then k.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The value of one voxel; `None` outside the grid.
    pub fn voxel(&self, [i, j, k]: [usize; 3]) -> Option<f32> {
        let [width, height, depth] = self.header.dims();
        (i < width && j < height && k < depth).then(|| self.data[i + width * (j + height * k)])
    }
}

/// Reads slab by slab along k, so that a volume is in memory once only.
fn voxels(header: &VolumeHeader, stream: &mut Stream) -> Result<Vec<f32>> {
    let [width, height, depth] = header.dims();
    let (slope, inter) = header.scaling()?;
    let slab = header.slab([width, height]);
    let mut data = Vec::new();
    for k in 0..depth {
        let stored = InMemNiftiVolume::from_reader(&mut *stream, &slab)
            .and_then(|slab| slab.into_ndarray::<f64>())
            .map_err(|cause| ends_early(header, k, cause))?;
        // The array is in the file's order (i fastest), which is its order in memory.
        let (stored, _) = stored.into_raw_vec_and_offset();
        data.extend(stored.into_iter().map(|value| (value * slope + inter) as f32));
    }
    // The rest is read for the checksum at the end of a gzip stream.
    std::io::copy(&mut stream.by_ref().take(MAX_TRAILER), &mut std::io::sink())
        .map_err(|cause| broken_stream(header.voxel_file(), &cause))?;
    Ok(data)
}

/// Largest number of bytes behind the voxels that are read.
const MAX_TRAILER: u64 = 1 << 20;

/// The error for voxels that end within slab `k`.
fn ends_early(header: &VolumeHeader, k: usize, cause: NiftiError) -> Error {
    let [.., depth] = header.dims();
    match cause {
        NiftiError::IncompatibleLength(..) => {
            let found = format!("voxels that end within slab {k} of 0 to {} along the third axis", depth - 1);
            damaged(header.voxel_file(), found, format!("{:?} voxels, as the header says", header.dims()))
        }
        NiftiError::Io(cause) => broken_stream(header.voxel_file(), &cause),
        other => {
            damaged(header.voxel_file(), format!("voxels that cannot be read ({other})"), "voxels as the header says")
        }
    }
}

/// The error for NaN and infinite voxels.
fn not_finite(bad: usize, all: usize) -> Error {
    Error::new(
        ErrorKind::NonFinite,
        format!("{bad} of {all} voxels are NaN or infinite"),
        "a finite value in every voxel",
        "mend the volume, with `fslmaths IN -nan OUT` for example, or ask for such voxels to be read as 0",
    )
}
