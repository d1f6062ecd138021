//! The header of a volume: its meaning, and its bytes, which a written map keeps.

use std::io::Read;
use std::path::{Path, PathBuf};

use nalgebra::Matrix4;
use nifti::{Endianness, NiftiHeader, NiftiType};

use super::affine::{AffineSource, affine, axes};
use super::pair;
use super::slice::SlicePlane;
use crate::Result;
use crate::error::{Error, ErrorKind, damaged, unreadable};
use crate::format::{FileFormat, NIFTI1_HEADER, NIFTI2_HEADER};
use crate::gzip::Stream;

/// Grid and affine of a NIfTI-1 volume with one value per voxel and one time point.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeHeader {
    /// The path as the user gave it.
    path: PathBuf,
    /// The file of the header and that of the voxels; they differ for a pair only.
    files: [PathBuf; 2],
    bytes: [u8; HEADER],
    fields: NiftiHeader,
    datatype: NiftiType,
    dims: [usize; 3],
    affine: Matrix4<f64>,
    source: AffineSource,
}

impl VolumeHeader {
    /// Reads the header alone.
    ///
    /// # Errors
    /// Refuses a file that is unreadable, empty, truncated, or no NIfTI-1; a pair of which one file is missing; several time
    /// points; complex or colour values; an affine that cannot be inverted.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_with_stream(path.as_ref()).map(|(header, _)| header)
    }

    /// Number of voxels along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// The affine from voxel index (i, j, k, 1) to millimetres (right, front, top, 1).
    pub fn affine(&self) -> &Matrix4<f64> {
        &self.affine
    }

    /// The part of the header that gives the affine.
    pub fn affine_source(&self) -> AffineSource {
        self.source
    }

    /// Edges of a voxel along i, j and k in millimetres, from the affine.
    pub fn spacing(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| self.affine.fixed_view::<3, 1>(0, axis).norm())
    }

    /// Number of slices in a plane.
    pub fn slices(&self, plane: SlicePlane) -> usize {
        self.dims[self.axes()[plane.normal()]]
    }

    /// The path as the user gave it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that the volume is read from: one, or the two of a pair, the header first.
    pub fn files(&self) -> Vec<&Path> {
        let [header, voxels] = &self.files;
        if header == voxels { vec![header] } else { vec![header, voxels] }
    }

    /// The file that holds the voxels.
    pub(super) fn voxel_file(&self) -> &Path {
        &self.files[1]
    }

    /// The voxel axis, 0 to 2, along which slices of a plane are counted.
    pub fn normal(&self, plane: SlicePlane) -> usize {
        self.axes()[plane.normal()]
    }

    /// The voxel axes closest to right-left, front-back and top-bottom, in this order.
    pub(super) fn axes(&self) -> [usize; 3] {
        axes(&self.affine)
    }

    /// The header as it is in the file.
    pub(super) fn bytes(&self) -> &[u8; HEADER] {
        &self.bytes
    }

    /// The byte order of the file.
    pub(super) fn endianness(&self) -> Endianness {
        self.fields.endianness
    }

    /// A header that describes one slab of (i, j) = `voxels` to the decoder, without scaling.
    pub(super) fn slab(&self, voxels: [usize; 2]) -> NiftiHeader {
        let mut slab = self.fields.clone();
        // `dims` came out of 16-bit fields and fits back into them.
        slab.dim = [2, voxels[0] as u16, voxels[1] as u16, 1, 1, 1, 1, 1];
        slab.bitpix = (self.datatype.size_of() * 8) as i16;
        (slab.scl_slope, slab.scl_inter) = (0.0, 0.0);
        slab
    }

    /// (slope, intercept) from stored to true values; a slope of 0 or NaN means that none is set.
    pub(super) fn scaling(&self) -> Result<(f64, f64)> {
        let (slope, inter) = (f64::from(self.fields.scl_slope), f64::from(self.fields.scl_inter));
        match (slope, inter) {
            (0.0, _) => Ok((1.0, 0.0)),
            _ if !slope.is_finite() => Ok((1.0, 0.0)),
            _ if inter.is_finite() => Ok((slope, inter)),
            _ => Err(Error::new(
                ErrorKind::Damaged,
                format!("a scaling with slope {slope} and intercept {inter}"),
                "a finite intercept (scl_inter)",
                "set scl_inter to 0 in the header, with nibabel for example, and save the volume again",
            )
            .at(&self.path)),
        }
    }

    /// Refuses a gzip stream that claims to unpack to more than any scan does.
    fn check_unpacked(&self, stream: &Stream) -> Result<()> {
        let Stream::Gzip(_) = stream else { return Ok(()) };
        let bytes = (self.dims.iter().product::<usize>() as u64)
            .saturating_mul(u64::from(self.fields.bitpix.unsigned_abs()) / 8);
        let packed = std::fs::metadata(self.voxel_file()).map(|found| found.len()).unwrap_or(0);
        if bytes <= UNCHECKED || bytes <= packed.saturating_mul(MOST_PACKED) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("{} MiB of voxels in a gzip stream of {} KiB", bytes >> 20, packed >> 10),
            format!("at most {MOST_PACKED} times as many bytes unpacked as packed"),
            "unpack the file first if it is a scan, with `gzip -d` for example",
        )
        .at(self.voxel_file()))
    }

    /// Reads the header and leaves the stream at the first voxel.
    pub(super) fn read_with_stream(path: &Path) -> Result<(Self, Stream)> {
        let file = pair::header_of(path).unwrap_or_else(|| path.to_owned());
        let mut stream = open(&file)?;
        let bytes = first_bytes(&mut stream, &file)?;
        let mut header = Self::parse(bytes, &file)?;
        header.path = path.to_owned();
        let offset = header.fields.vox_offset as u64;
        let (offset, gap) = match header.fields.magic == PAIR {
            true => {
                let voxels = pair::voxels_of(path, &file)?;
                stream = Stream::open(&voxels).map_err(|cause| unreadable(&voxels, &cause))?;
                header.files[1] = voxels;
                (offset, offset)
            }
            // Offsets below 352 are written by tools that leave the field 0 in a single file.
            false => (offset.max(FIRST_VOXEL), offset.max(FIRST_VOXEL) - HEADER as u64),
        };
        if gap > MOST_SKIPPED {
            return Err(damaged(
                header.voxel_file(),
                format!("a header that says that the voxels begin at byte {offset}"),
                format!("voxels within the first {MOST_SKIPPED} bytes"),
            ));
        }
        header.check_unpacked(&stream)?;
        let skipped = std::io::copy(&mut stream.by_ref().take(gap), &mut std::io::sink())
            .map_err(|cause| broken_stream(header.voxel_file(), &cause))?;
        if skipped < gap {
            let found = format!("a file that ends {} bytes before its first voxel", gap - skipped);
            return Err(damaged(
                header.voxel_file(),
                found,
                format!("voxels from byte {offset} on, as the header says"),
            ));
        }
        Ok((header, stream))
    }

    /// Interprets the bytes of a header; `path` is the file of the header.
    fn parse(bytes: [u8; HEADER], path: &Path) -> Result<Self> {
        check_size_field(&bytes).map_err(|error| match pair::is_voxels(path) {
            true => pair::header_missing(path).at(path),
            false => error.at(path),
        })?;
        if pair::is_named_so(path) && ![PAIR, SINGLE].iter().any(|mark| bytes[MARK_AT..] == *mark) {
            return Err(analyze().at(path));
        }
        let fields = NiftiHeader::from_reader(&bytes[..]).map_err(|cause| {
            let found = format!("a header with the mark {:?} ({cause})", String::from_utf8_lossy(&bytes[344..348]));
            damaged(path, found, "the mark \"n+1\" at byte 344")
        })?;
        let dims = dims(&fields).map_err(|error| error.at(path))?;
        let datatype = datatype(&fields).map_err(|error| error.at(path))?;
        let (affine, source) = affine(&fields, dims).map_err(|found| {
            let remedy = "set a valid sform, or set sform_code and qform_code to 0, with nibabel for example";
            Error::new(ErrorKind::Damaged, found, "a position for every voxel", remedy).at(path)
        })?;
        let files = [path.to_owned(), path.to_owned()];
        Ok(Self { path: path.to_owned(), files, bytes, fields, datatype, dims, affine, source })
    }
}

/// Size of a NIfTI-1 header in bytes.
pub(super) const HEADER: usize = NIFTI1_HEADER as usize;
/// Smallest offset of voxels in a single file: the header and four bytes that announce extensions.
pub(super) const FIRST_VOXEL: u64 = 352;
/// Largest number of bytes between header and voxels: extensions are text of some kilobytes.
const MOST_SKIPPED: u64 = 1 << 20;
/// Number of bytes that any gzip stream may unpack to, whatever its size.
const UNCHECKED: u64 = 256 << 20;
/// Largest compression ratio of a larger stream: gzip packs zeros to a thousandth of their size, and scans to about a half.
const MOST_PACKED: u64 = 500;
/// Largest number of voxels (8 GiB as f32); more are taken for a damaged header.
const MAX_VOXELS: usize = 1 << 31;

/// Offset of the signature, the last four bytes of a header.
pub(super) const MARK_AT: usize = 344;
/// Signature of a single file that holds header and voxels.
const SINGLE: [u8; 4] = *b"n+1\0";
/// Signature of a header whose voxels are in a file beside it.
const PAIR: [u8; 4] = *b"ni1\0";

/// The error for Analyze 7.5, NIfTI's predecessor: a similar header, which does not say how the patient lies.
fn analyze() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the header of an Analyze 7.5 volume (it has no NIfTI mark), which does not say which side of the patient is which",
        "NIfTI-1",
        "convert the pair with `fslchfiletype NIFTI_GZ IN OUT` or in Python, \
         nibabel.Nifti1Image.from_image(nibabel.load(IN)).to_filename(OUT), and check left and right",
    )
}

/// Opens a volume's file; refuses pictures.
fn open(path: &Path) -> Result<Stream> {
    match FileFormat::detect(path)? {
        FileFormat::Nifti | FileFormat::NiftiGzip => Stream::open(path).map_err(|cause| unreadable(path, &cause)),
        format @ (FileFormat::Png | FileFormat::Jpeg) => Err(Error::new(
            ErrorKind::Unsupported,
            format!("a {format} image"),
            "a NIfTI volume",
            "name the volume's file, or read the image as an image",
        )
        .at(path)),
    }
}

/// Reads the bytes of the header.
fn first_bytes(stream: &mut Stream, path: &Path) -> Result<[u8; HEADER]> {
    let mut bytes = Vec::with_capacity(HEADER);
    stream.take(HEADER as u64).read_to_end(&mut bytes).map_err(|cause| broken_stream(path, &cause))?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| {
        damaged(path, format!("{length} bytes of content"), format!("at least the {HEADER} bytes of a NIfTI-1 header"))
    })
}

/// The error for a stream that fails while it is read or unpacked.
pub(super) fn broken_stream(path: &Path, cause: &std::io::Error) -> Error {
    damaged(
        path,
        format!("content that cannot be read to its end ({cause})"),
        "a complete NIfTI file or gzip stream of one",
    )
}

/// Refuses a header whose first field, its own size, is not that of NIfTI-1.
fn check_size_field(bytes: &[u8; HEADER]) -> Result<()> {
    let field = [bytes[0], bytes[1], bytes[2], bytes[3]];
    let sizes = [i32::from_le_bytes(field), i32::from_be_bytes(field)];
    if sizes.contains(&NIFTI1_HEADER) {
        return Ok(());
    }
    if sizes.contains(&NIFTI2_HEADER) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "a NIfTI-2 volume",
            "NIfTI-1",
            "save it as NIfTI-1, in Python: nibabel.Nifti1Image.from_image(nibabel.load(IN)).to_filename(OUT)",
        ));
    }
    Err(Error::new(
        ErrorKind::UnknownFormat,
        format!("content whose header size is {}", sizes[0]),
        "NIfTI-1, whose header size is 348",
        "name the file of the volume; a gzipped archive must be unpacked first",
    ))
}

/// Number of voxels along i, j and k; refuses several volumes in one file.
fn dims(fields: &NiftiHeader) -> Result<[usize; 3]> {
    let rank = usize::from(fields.dim[0]);
    let given: Vec<usize> = fields.dim.iter().skip(1).take(rank).map(|&length| usize::from(length)).collect();
    if !(2..=7).contains(&rank) || given.iter().any(|length| !(1..=32767).contains(length)) {
        return Err(Error::new(
            ErrorKind::Damaged,
            format!("a header with dimensions {:?}", fields.dim),
            "2 to 7 dimensions of 1 to 32767 voxels each",
            "save the volume again with the tool that made it",
        ));
    }
    let dims = [0, 1, 2].map(|axis| given.get(axis).copied().unwrap_or(1));
    let volumes: usize = given.iter().skip(3).product();
    if volumes != 1 {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{volumes} volumes in one file (dimensions {given:?})"),
            "one volume: three dimensions, or a fourth of length 1",
            "take one volume out, with `fslroi IN OUT 0 1` or nibabel's `image.slicer[..., 0]` for example",
        ));
    }
    let voxels = dims.iter().product::<usize>();
    if voxels > MAX_VOXELS {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{voxels} voxels (dimensions {dims:?})"),
            format!("at most {MAX_VOXELS} voxels"),
            "crop the volume, or resample it more coarsely",
        ));
    }
    Ok(dims)
}

/// The type of the voxels; refuses complex numbers, colours and more than 64 bits.
fn datatype(fields: &NiftiHeader) -> Result<NiftiType> {
    use NiftiType::{Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64};
    match fields.data_type() {
        Ok(known @ (Int8 | Uint8 | Int16 | Uint16 | Int32 | Uint32 | Int64 | Uint64 | Float32 | Float64)) => Ok(known),
        other => {
            let name = other.map_or_else(|_| "unknown".to_owned(), |known| format!("{known:?}"));
            Err(Error::new(
                ErrorKind::Unsupported,
                format!("voxels of the {name} data type (code {})", fields.datatype),
                "one integer or floating-point value of up to 64 bits per voxel",
                "convert the volume to float32, with `fslmaths IN OUT -odt float` or nibabel for example",
            ))
        }
    }
}
