//! Detects the kind of a file by its first bytes.

use std::fmt;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, ErrorKind, unreadable};
use crate::nifti::pair;
use crate::regular::open_regular;
use crate::{Result, dicom};

/// The kinds of file that this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// NIfTI, uncompressed.
    Nifti,
    /// A gzip stream; the only kind read here is one that holds NIfTI.
    NiftiGzip,
}

impl FileFormat {
    /// Detects the kind of a file by its first bytes. The name matters only for the voxels of a pair (.img), which have no
    /// signature of their own: the header beside them (.hdr) decides.
    ///
    /// # Errors
    /// Refuses a file that cannot be read, an empty one, and one of another kind, which the error names if it is a common one.
    pub fn detect(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let head = head(path).map_err(|cause| unreadable(path, &cause))?;
        if head.is_empty() {
            return Err(empty().at(path));
        }
        // The voxels of a pair may begin with any bytes.
        if let Some(header) = pair::header_of(path) {
            let head = self::head(&header).map_err(|cause| unreadable(&header, &cause))?;
            return Self::from_head(&head).ok_or_else(|| unknown(&head, &header).at(&header));
        }
        Self::from_head(&head).ok_or_else(|| unknown(&head, path).at(path))
    }

    /// The kind of a file that begins with `head`; `None` where this crate does not read it.
    pub(crate) fn from_head(head: &[u8]) -> Option<Self> {
        // The 128 bytes before DICOM's signature are free, and some programs put the start of a TIFF there.
        if dicom::is_dicom(head) {
            return None;
        }
        if head.starts_with(b"\x89PNG") {
            return Some(Self::Png);
        }
        if head.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return Some(Self::Jpeg);
        }
        if head.starts_with(&[0x1F, 0x8B]) {
            return Some(Self::NiftiGzip);
        }
        let size: [u8; 4] = head.get(..4)?.try_into().ok()?;
        let is_header_size = |size| size == NIFTI1_HEADER || size == NIFTI2_HEADER;
        (is_header_size(i32::from_le_bytes(size)) || is_header_size(i32::from_be_bytes(size))).then_some(Self::Nifti)
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Nifti => "NIfTI",
            Self::NiftiGzip => "gzipped NIfTI",
        })
    }
}

/// The extent of a picture within its file, and its EXIF.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contents<'a> {
    /// Number of bytes up to the end of the picture.
    pub(crate) end: usize,
    /// The EXIF data, from the TIFF header on.
    pub(crate) exif: Option<&'a [u8]>,
}

/// Size of a NIfTI-1 header in bytes, which is also the value of its first field.
pub(crate) const NIFTI1_HEADER: i32 = 348;
/// Value of the first field of a NIfTI-2 header.
pub(crate) const NIFTI2_HEADER: i32 = 540;

/// Number of bytes that [`head`] reads: enough for every signature; NIfTI's is the last, at byte 344.
const HEAD: u64 = NIFTI1_HEADER as u64;

/// Reads the first bytes of a file.
pub(crate) fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    open_regular(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// The error for an empty file.
pub(crate) fn empty() -> Error {
    Error::new(
        ErrorKind::Empty,
        "the file is empty (0 bytes)",
        "a PNG, JPEG or NIfTI file",
        "copy or download the file again",
    )
}

/// The error for a file of another kind, named where it is a common one.
fn unknown(head: &[u8], path: &Path) -> Error {
    let (found, remedy) = match head {
        _ if dicom::is_dicom(head) => ("a DICOM file", CONVERT_DICOM),
        _ if dicom::is_bare_dicom(head) => {
            ("a DICOM file without its preamble (it begins with a data element)", CONVERT_DICOM)
        }
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => ("a TIFF file", "save it as PNG"),
        [b'B', b'M', ..] => ("a BMP file", "save it as PNG"),
        [b'G', b'I', b'F', b'8', ..] => ("a GIF file", "save the frame that you want as PNG"),
        [b'R', b'I', b'F', b'F', ..] => ("a RIFF file (WebP, for example)", "save it as PNG"),
        _ if pair::is_voxels(path) => return pair::header_missing(path),
        _ => {
            let start: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let found = format!("a file of unknown kind that begins with the bytes {}", start.join(" "));
            return unknown_format(&found, "check that the path is the image's; convert it to PNG or NIfTI if it is");
        }
    };
    unknown_format(found, remedy)
}

const CONVERT_DICOM: &str =
    "convert it to NIfTI with dcm2niix for example, or a single picture to PNG with dcm2img of DCMTK";

fn unknown_format(found: &str, remedy: &str) -> Error {
    Error::new(ErrorKind::UnknownFormat, found, "PNG, JPEG, or NIfTI-1 (.nii, .nii.gz, or .hdr with .img)", remedy)
}
