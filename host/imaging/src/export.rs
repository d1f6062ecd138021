//! Encodes PNG files, and writes any file atomically: never half of it under its name.

use std::fs::{self, OpenOptions};
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::raster::BitDepth;

/// Writes a file atomically: into a hidden file beside it, which is then renamed. A process that is killed leaves at most the
/// hidden file (`.NAME.PID-COUNT.partial`), and an older file of the name stays as it was until the rename.
///
/// # Errors
/// Fails where the folder does not exist or cannot be written, and on a full disk.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let partial = partial(path);
    let written = write_new(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    written.map_err(|cause| {
        // The remains of a failed attempt are useless; a failure to remove them changes nothing for the user.
        let _ = fs::remove_file(&partial);
        unwritable(path, &cause)
    })
}

/// The error for a path that cannot be written.
pub(crate) fn unwritable(path: &Path, cause: &io::Error) -> Error {
    let folder = folder(path);
    let remedy = match cause.kind() {
        io::ErrorKind::NotFound => format!("create the folder `{}`, or choose another", folder.display()),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("give yourself the right to write in `{}`, or choose another folder", folder.display())
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or choose another disk".to_owned()
        }
        io::ErrorKind::IsADirectory => "choose a file name that is no folder".to_owned(),
        io::ErrorKind::NotADirectory => {
            format!("choose a folder; `{}` is a file", folder.display())
        }
        _ => format!("check `{}` and its disk, or choose another folder", folder.display()),
    };
    Error::new(ErrorKind::Unwritable, format!("cannot be written ({cause})"), "a folder that can be written", remedy)
        .at(path)
}

/// Encodes values in [0, 1] (clamped), pixel by pixel with `channels` values each (1 grey, 3 RGB), as PNG.
pub(crate) fn encode_png(
    interleaved: &[f32],
    channels: usize,
    height: usize,
    width: usize,
    depth: BitDepth,
) -> Result<Vec<u8>> {
    use BitDepth::{Eight, Sixteen};
    let color = match (channels, depth) {
        (1, Eight) => ExtendedColorType::L8,
        (1, Sixteen) => ExtendedColorType::L16,
        (3, Eight) => ExtendedColorType::Rgb8,
        (3, Sixteen) => ExtendedColorType::Rgb16,
        _ => {
            return Err(Error::new(
                ErrorKind::Channels,
                format!("an image of {channels} channels to be written as PNG"),
                "1 or 3 channels",
                "choose the channels to be shown",
            ));
        }
    };
    let scaled = |full: u16| interleaved.iter().map(move |value| (value.clamp(0.0, 1.0) * f32::from(full)).round());
    let bytes: Vec<u8> = match depth {
        Eight => scaled(u8::MAX.into()).map(|value| value as u8).collect(),
        // The encoder takes 16-bit samples in the machine's own byte order.
        Sixteen => scaled(u16::MAX).flat_map(|value| (value as u16).to_ne_bytes()).collect(),
    };
    encode_png_bytes(&bytes, height, width, color)
}

/// Encodes samples that are the bytes of the file's pixels as PNG.
pub(crate) fn encode_png_bytes(bytes: &[u8], height: usize, width: usize, color: ExtendedColorType) -> Result<Vec<u8>> {
    let too_large = |found: String| {
        let remedy = "explain a smaller image, or a crop of it";
        Error::new(ErrorKind::Unwritable, found, "a picture that fits into a PNG", remedy)
    };
    let (Ok(columns), Ok(rows)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(too_large(format!("a picture of {height} x {width} pixels")));
    };
    let mut png = Cursor::new(Vec::new());
    PngEncoder::new(&mut png).write_image(bytes, columns, rows, color).map_err(|cause| {
        too_large(format!("a picture of {height} x {width} pixels that cannot be encoded ({cause})"))
    })?;
    Ok(png.into_inner())
}

/// Writes a file that must not exist, and waits until it is on the disk.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The name of a hidden file beside `path` that no other write of this or of another process uses.
fn partial(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    folder(path).join(format!(".{name}.{}-{count}.partial", std::process::id()))
}

/// The folder of a path, `.` where it names none.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
