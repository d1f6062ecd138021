//! Which kind of file this is, told by its first bytes.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::Result;
use crate::error::{Error, ErrorKind, unreadable};

/// The kinds of file that this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    Png,
    Jpeg,
    /// NIfTI, uncompressed.
    Nifti,
    /// A gzip stream; the only kind read here is one that holds NIfTI.
    NiftiGzip,
}

impl FileFormat {
    /// Looks at the first bytes of the file; its name plays no part.
    ///
    /// # Errors
    /// A file that cannot be read, an empty one, and one of another kind, which is named where it is a common one.
    pub fn detect(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let head = head(path).map_err(|cause| unreadable(path, &cause))?;
        if head.is_empty() {
            return Err(empty().at(path));
        }
        Self::from_head(&head).ok_or_else(|| unknown(&head).at(path))
    }

    /// The same for bytes in memory; `None` where they are of no known kind.
    pub(crate) fn from_head(head: &[u8]) -> Option<Self> {
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

/// Bytes of a NIfTI-1 header, and the first field of one.
pub(crate) const NIFTI1_HEADER: i32 = 348;
/// The first field of a NIfTI-2 header.
pub(crate) const NIFTI2_HEADER: i32 = 540;

/// As many bytes as the furthest mark lies in: DICOM's at 128.
const HEAD: u64 = 132;

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

pub(crate) fn empty() -> Error {
    Error::new(
        ErrorKind::Empty,
        "the file is empty (0 bytes)",
        "a PNG, JPEG or NIfTI file",
        "copy or download the file again",
    )
}

fn unknown(head: &[u8]) -> Error {
    let (found, remedy) = match head {
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => ("a TIFF file", "save it as PNG"),
        [b'B', b'M', ..] => ("a BMP file", "save it as PNG"),
        [b'G', b'I', b'F', b'8', ..] => ("a GIF file", "save the frame that you want as PNG"),
        [b'R', b'I', b'F', b'F', ..] => ("a RIFF file (WebP, for example)", "save it as PNG"),
        _ if head.get(128..132) == Some(b"DICM") => ("a DICOM file", "convert it to NIfTI, with dcm2niix for example"),
        _ => {
            let start: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let found = format!("a file of unknown kind that begins with the bytes {}", start.join(" "));
            return unknown_format(&found, "check that the path is the image's; convert it to PNG or NIfTI if it is");
        }
    };
    unknown_format(found, remedy)
}

fn unknown_format(found: &str, remedy: &str) -> Error {
    Error::new(ErrorKind::UnknownFormat, found, "PNG, JPEG, or NIfTI-1 (.nii or .nii.gz)", remedy)
}
