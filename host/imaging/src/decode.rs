//! Reads PNG and JPEG: 8 and 16 bit, grey and RGB, with or without alpha, as stored or upright.

use crate::regular::read_regular;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, ImageReader};

use crate::error::{Error, ErrorKind, damaged, unreadable};
use crate::format::{FileFormat, empty};
use crate::orientation::{Orientation, Orienting};
use crate::raster::{Geometry, Image, Intensity};
use crate::warning::Warning;
use crate::{Result, error, jpeg, png};

/// Bytes of a picture's file.
const LARGEST: u64 = 2 << 30;

impl Image {
    /// Reads a PNG or JPEG as (C, H, W). Values are divided by the full range of the file (255 or 65535), so that they lie in
    /// [0, 1] and two files of one kind stay comparable. Grey becomes one channel, RGB three; alpha is dropped. Pixels stay as
    /// stored, and there are no warnings; [`Reader`](crate::Reader) applies the EXIF orientation and collects warnings.
    ///
    /// # Errors
    /// Refuses an unreadable, empty or truncated file, one of another kind, and a volume (which needs a slice).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::read_picture(path.as_ref(), Orienting::Stored)?.0)
    }

    /// Reads a PNG or JPEG, upright where `orienting` says so, with its warnings.
    pub(crate) fn read_picture(path: &Path, orienting: Orienting) -> Result<(Self, Vec<Warning>)> {
        let found = FileFormat::detect(path)?;
        let format = match found {
            FileFormat::Png => ImageFormat::Png,
            FileFormat::Jpeg => ImageFormat::Jpeg,
            FileFormat::Nifti | FileFormat::NiftiGzip => {
                let header = crate::VolumeHeader::read(path)?;
                return Err(error::slice_missing(path, &header));
            }
        };
        let bytes = read_regular(path, LARGEST).map_err(|cause| unreadable(path, &cause))?;
        let contents = match format {
            ImageFormat::Jpeg => jpeg::contents(&bytes).ok_or_else(|| {
                let found = format!("a JPEG that ends after {} bytes without its end-of-image mark", bytes.len());
                damaged(path, found, "a complete JPEG")
            })?,
            _ => png::contents(&bytes),
        };
        let (whole, behind) = bytes.split_at(contents.end);
        let image = Self::decode(whole, format, path)?;
        let mut warnings = Vec::new();
        let asked = contents.exif.and_then(Orientation::of_exif).unwrap_or_default();
        let image = match orienting {
            Orienting::Upright => image.turn(asked)?,
            Orienting::Stored if asked == Orientation::Upright => image,
            Orienting::Stored => {
                warnings.push(Warning::NotTurned { asked });
                image
            }
        };
        if !behind.is_empty() {
            let all_zero = behind.iter().all(|&byte| byte == 0);
            warnings.push(Warning::BytesBehind { format: found, bytes: behind.len() as u64, all_zero });
        }
        Ok((image, warnings))
    }

    /// Decodes a picture; `path` is for errors.
    fn decode(bytes: &[u8], format: ImageFormat, path: &Path) -> Result<Self> {
        if bytes.is_empty() {
            return Err(empty().at(path));
        }
        let reader = || ImageReader::with_format(Cursor::new(bytes), format);
        let broken = |cause| refusal(path, bytes.len(), format, &cause);
        check_unpacked(reader().into_dimensions().map_err(broken)?, bytes.len()).map_err(|error| error.at(path))?;
        let decoded = reader().decode().map_err(broken)?;
        let (height, width) = (decoded.height() as usize, decoded.width() as usize);
        let (channels, full_range, interleaved) =
            samples(decoded).map_err(|found| Error::new(ErrorKind::Unsupported, found, PIXELS, SAVE_AGAIN).at(path))?;
        let data = planes(&interleaved, channels, full_range);
        let intensity = Intensity { low: 0.0, high: full_range };
        Ok(Self::new(channels, height, width, data)?.with_origin(Geometry::Pixels, intensity, Some(path.to_owned())))
    }
}

/// Number of pixels that any file may have, whatever its size.
const UNCHECKED: u64 = 1 << 26;
/// Largest number of pixels per byte of a larger picture. A PNG of one colour has some 1000, a JPEG some 85; a file that claims
/// more is a decompression bomb or is damaged.
const MOST_PACKED: u64 = 2000;

/// Refuses a picture with more pixels than its file can hold.
fn check_unpacked((width, height): (u32, u32), bytes: usize) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels <= UNCHECKED || pixels <= (bytes as u64).saturating_mul(MOST_PACKED) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        format!("{width} x {height} pixels in {} KiB", bytes >> 10),
        format!("at most {MOST_PACKED} pixels for each byte of a file"),
        SAVE_AGAIN,
    ))
}

const PIXELS: &str = "8 or 16 bit grey or RGB, with or without alpha";
const SAVE_AGAIN: &str = "save the image as an 8 or 16 bit PNG";

/// (channels without alpha, full range of the file, samples pixel by pixel); the error names pixels of another type.
fn samples(decoded: DynamicImage) -> std::result::Result<(usize, f32, Vec<f32>), String> {
    const BYTE: f32 = u8::MAX as f32;
    const WORD: f32 = u16::MAX as f32;
    Ok(match decoded {
        DynamicImage::ImageLuma8(pixels) => (1, BYTE, floats(&pixels)),
        DynamicImage::ImageLumaA8(pixels) => (1, BYTE, floats(&without_alpha(&pixels, 2))),
        DynamicImage::ImageRgb8(pixels) => (3, BYTE, floats(&pixels)),
        DynamicImage::ImageRgba8(pixels) => (3, BYTE, floats(&without_alpha(&pixels, 4))),
        DynamicImage::ImageLuma16(pixels) => (1, WORD, floats(&pixels)),
        DynamicImage::ImageLumaA16(pixels) => (1, WORD, floats(&without_alpha(&pixels, 2))),
        DynamicImage::ImageRgb16(pixels) => (3, WORD, floats(&pixels)),
        DynamicImage::ImageRgba16(pixels) => (3, WORD, floats(&without_alpha(&pixels, 4))),
        other => return Err(format!("pixels of type {:?}", other.color())),
    })
}

/// Samples as float32.
fn floats<T: Copy + Into<f32>>(samples: &[T]) -> Vec<f32> {
    samples.iter().map(|&sample| sample.into()).collect()
}

/// Drops the last of every `stride` samples.
fn without_alpha<T: Copy>(samples: &[T], stride: usize) -> Vec<T> {
    samples.chunks_exact(stride).flat_map(|pixel| pixel[..stride - 1].iter().copied()).collect()
}

/// Samples (H, W, C) as planes (C, H, W), divided by the full range.
fn planes(interleaved: &[f32], channels: usize, full_range: f32) -> Vec<f32> {
    (0..channels)
        .flat_map(|channel| interleaved.iter().skip(channel).step_by(channels).map(move |sample| sample / full_range))
        .collect()
}

/// The error for a picture that the decoder refuses.
fn refusal(path: &Path, length: usize, format: ImageFormat, cause: &image::ImageError) -> Error {
    match cause {
        image::ImageError::Unsupported(_) => {
            Error::new(ErrorKind::Unsupported, cause.to_string(), PIXELS, SAVE_AGAIN).at(path)
        }
        image::ImageError::Limits(_) => Error::new(
            ErrorKind::Unsupported,
            format!("an image too large to decode ({cause})"),
            "an image that needs at most 512 MiB when decoded",
            "crop the image or save it smaller",
        )
        .at(path),
        _ => {
            let format = if format == ImageFormat::Png { "PNG" } else { "JPEG" };
            damaged(path, format!("a broken {format} of {length} bytes ({cause})"), format!("a complete {format}"))
        }
    }
}
