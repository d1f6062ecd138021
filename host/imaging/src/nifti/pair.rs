//! Finds the two files of a volume that is stored as header (`.hdr`) and voxels (`.img`), each of them gzipped or not.
//!
//! Voxels have no signature, so this is the one place where a file's name matters.

use std::path::{Path, PathBuf};

use super::header::MARK_AT;
use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::format::{FileFormat, head};

/// File ending of headers.
const HEADER: &str = "hdr";
/// File ending of voxels.
const VOXELS: &str = "img";

/// The header beside the voxels at `path`; `None` where the path does not end in `.img`, where there is no header, and where the
/// file is a single-file NIfTI volume in spite of its name.
pub(crate) fn header_of(path: &Path) -> Option<PathBuf> {
    if !is_voxels(path) {
        return None;
    }
    let start = head(path).ok()?;
    if start.get(MARK_AT..) == Some(b"n+1\0".as_slice()) && FileFormat::from_head(&start) == Some(FileFormat::Nifti) {
        return None;
    }
    beside(path, HEADER)
}

/// The voxel file of a pair: the file that the user named, or the one beside the header.
pub(super) fn voxels_of(named: &Path, header: &Path) -> Result<PathBuf> {
    if named != header {
        return Ok(named.to_owned());
    }
    let [plain, gzip] = names(header, VOXELS);
    beside(header, VOXELS).ok_or_else(|| {
        Error::new(
            ErrorKind::Unreadable,
            "the header of a two-file volume, and no voxels beside it",
            format!("`{}` or `{}`", plain.display(), gzip.display()),
            "put the .img beside the .hdr under the same name, or save the pair as one .nii",
        )
        .at(header)
    })
}

/// Whether a path has the ending of voxels.
pub(crate) fn is_voxels(path: &Path) -> bool {
    ending(path).is_some_and(|ending| ending == VOXELS)
}

/// Whether a path has the ending of voxels or of a header.
pub(super) fn is_named_so(path: &Path) -> bool {
    ending(path).is_some_and(|ending| ending == VOXELS || ending == HEADER)
}

/// The error for a file that is named like voxels and has no header beside it.
pub(crate) fn header_missing(voxels: &Path) -> Error {
    let [plain, _] = names(voxels, HEADER);
    Error::new(
        ErrorKind::UnknownFormat,
        "a file of unknown kind, named like the voxels of a two-file volume, without a header beside it",
        format!("`{}`, the header", plain.display()),
        "put the .hdr beside the .img under the same name; without it nobody knows what the voxels mean",
    )
}

/// The file ending in lower case, without a `.gz` behind it.
fn ending(path: &Path) -> Option<String> {
    let name = unpacked(path);
    Some(name.extension()?.to_string_lossy().to_ascii_lowercase())
}

/// The path without `.gz`.
fn unpacked(path: &Path) -> PathBuf {
    match path.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("gz") => path.with_extension(""),
        _ => path.to_owned(),
    }
}

/// The two possible names of the other file of a pair: plain and gzipped.
fn names(path: &Path, ending: &str) -> [PathBuf; 2] {
    let name = unpacked(path);
    [name.with_extension(ending), name.with_extension(format!("{ending}.gz"))]
}

/// The other file of a pair, if it exists, with its ending in lower or upper case.
fn beside(path: &Path, ending: &str) -> Option<PathBuf> {
    let capital = names(path, &ending.to_ascii_uppercase());
    names(path, ending).into_iter().chain(capital).find(|path| path.is_file())
}
