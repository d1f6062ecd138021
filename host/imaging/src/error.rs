//! The error type of this crate. Every error has the four parts that a user needs: file, found, expected, remedy.

use std::io;
use std::path::{Path, PathBuf};

use crate::format::FileFormat;
use crate::nifti::{SliceAt, SlicePlane, VolumeHeader};

/// A fault that the user can correct, with its remedy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}{found}; expected {expected}. Remedy: {remedy}.", prefix(.path))]
pub struct Error {
    /// The kind of error, for programs.
    pub kind: ErrorKind,
    /// The file, where there is one.
    pub path: Option<PathBuf>,
    /// What was found.
    pub found: String,
    /// What was expected instead.
    pub expected: String,
    /// How to correct it, as an imperative without a full stop.
    pub remedy: String,
}

/// The kind of an error, in the order of the steps of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The file does not exist or cannot be opened or read.
    Unreadable,
    /// The file has no bytes.
    Empty,
    /// The content is of no kind that this crate reads.
    UnknownFormat,
    /// The content ends early or contradicts itself.
    Damaged,
    /// The content is valid and of a kind that this crate does not read.
    Unsupported,
    /// A value is NaN or infinite.
    NonFinite,
    /// A slice, a window or a size that the input does not have.
    OutOfRange,
    /// The number of channels does not fit.
    Channels,
    /// Two things that must be of the same shape are not.
    Shape,
    /// A text that should name a slice, a window or the like does not.
    Syntax,
    /// The output cannot be written.
    Unwritable,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { kind, path: None, found: found.into(), expected: expected.into(), remedy: remedy.into() }
    }

    /// The error with the file that it is about.
    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// The error with the file that it is about, if there is one.
    pub(crate) fn at_maybe(mut self, path: Option<&Path>) -> Self {
        self.path = path.map(Path::to_owned);
        self
    }
}

/// The error for a file that cannot be opened or read.
pub(crate) fn unreadable(path: &Path, cause: &io::Error) -> Error {
    let remedy = match cause.kind() {
        io::ErrorKind::NotFound => "check the spelling and the folder of the path",
        io::ErrorKind::PermissionDenied => "give yourself the right to read the file",
        io::ErrorKind::IsADirectory => "name one file inside the folder",
        _ => "check the disk or network share that holds the file, or copy the file to a local disk",
    };
    Error::new(ErrorKind::Unreadable, format!("cannot be read ({cause})"), "a readable PNG, JPEG or NIfTI file", remedy)
        .at(path)
}

/// The error for a file that ends early or contradicts itself.
pub(crate) fn damaged(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::new(
        ErrorKind::Damaged,
        found,
        expected,
        "copy or download the file again, and compare its size with the original's",
    )
    .at(path)
}

/// The error for a volume that is read as an image without a slice.
pub(crate) fn slice_missing(path: &Path, header: &VolumeHeader) -> Error {
    let choices = SlicePlane::ALL.map(|plane| format!("{plane}:0 to {plane}:{}", header.slices(plane) - 1)).join(", ");
    Error::new(
        ErrorKind::OutOfRange,
        "a volume, and no slice of it named",
        format!("one slice: {choices}"),
        format!("name a slice, such as axial:{}", header.slices(SlicePlane::Axial) / 2),
    )
    .at(path)
}

/// The error for a slice of a PNG or JPEG.
pub(crate) fn slice_refused(path: &Path, format: FileFormat, at: SliceAt) -> Error {
    Error::new(
        ErrorKind::OutOfRange,
        format!("a {format} image, which has no slice {at}"),
        "a NIfTI volume wherever a slice is named",
        "leave the slice out, or name the volume's file",
    )
    .at(path)
}

fn prefix(path: &Option<PathBuf>) -> String {
    path.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default()
}
