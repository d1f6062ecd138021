//! Reads and writes medical images, with the geometry that puts every result back onto the pixels and voxels it came from.
//!
//! The path of the data, in the order of the modules:
//!
//! ```text
//! format   the kind of a file, by its content, never by its name
//! jpeg     the end of a JPEG, and its EXIF; png, dicom and gzip likewise
//! orientation  EXIF orientation, and pixels rotated by it
//! decode   PNG and JPEG                          -> Image
//! nifti    NIfTI header, affine, voxels          -> Volume -> Image of a slice, or WholeVolume
//! raster   Image: (C, H, W) in [0, 1], channels fitted to a classifier
//! grey     whether the three channels of a picture are equal
//! reader   Reader: all files of a command by one rule, with its warnings (warning)
//! resample images resized for a classifier, and maps resized back
//! affine   rotation, scale, shift and shear: augmentation and registration
//! map      Map: one attribution per pixel, larger is more evidence
//! overlay  the map laid over the image, the side-by-side panel
//! picture  Picture: RGB of 8 bit, for people
//! plot     curves over epochs or steps           -> Picture
//! sheet    many pictures in rows and columns     -> Picture
//! npy      NumPy's files                      -> Map, and back
//! npz      many arrays of any shape           -> NumPy's archives
//! export   PNG, NPY, NIfTI, each written beside its name and then renamed
//! ```
//!
//! [`read_image`] reads one file as an [`Image`], [`Reader`] reads many. A [`Map`] of the same height and width is written by
//! [`Map::write_png`], [`Map::write_npy`] and, for a slice of a volume, [`Map::write_nifti`].
//!
//! Deliberately absent: tensors, devices and classifiers (they live in the engine), and every global state but the one font
//! that `plotters` keeps. Nothing here prints; what is no error and still worth knowing is returned as a [`Warning`].

#![warn(missing_docs)]

mod affine;
mod axis;
mod canvas;
mod caption;
mod colormap;
mod decode;
mod dicom;
mod error;
mod export;
mod format;
mod grey;
mod gzip;
mod jpeg;
mod map;
mod nifti;
mod npy;
mod npz;
mod orientation;
mod overlay;
mod picture;
mod plot;
mod png;
mod raster;
mod reader;
mod regular;
mod resample;
mod sheet;
mod warning;

pub use affine::Affine2;
pub use error::{Error, ErrorKind};
pub use export::write_atomic;
pub use format::FileFormat;
pub use grey::Colour;
pub use map::Map;
pub use nifti::{
    AffineSource, ImageAxis, IntensityWindow, NonFinite, SliceAt, SliceGeometry, SlicePlane, Volume, VolumeGeometry,
    VolumeHeader, VolumeOrientation, WholeVolume, write_voxels,
};
pub use npz::{NamedArray, write_npz};
pub use orientation::{Orientation, Orienting};
pub use overlay::{OverlayStyle, overlay, panel};
pub use picture::Picture;
pub use plot::{Curve, Plot, plot};
pub use raster::{BitDepth, Geometry, Image, Intensity, RgbToGrey};
pub use reader::{Reader, refuse_on_its_side};
pub use regular::{open_regular, read_regular};
pub use resample::Interpolation;
pub use sheet::{Sheet, SheetRow, sheet};
pub use warning::{Note, Warning};

use std::path::Path;

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// How a file becomes an [`Image`]; the default suits a PNG or JPEG.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOptions {
    /// The slice of a volume; needed for NIfTI, refused for PNG and JPEG.
    pub slice: Option<SliceAt>,
    /// How values of a volume are scaled to [0, 1]; PNG and JPEG always use the full range of the file.
    pub window: IntensityWindow,
    /// Whether NaN and infinite voxels are refused or read as 0.
    pub non_finite: NonFinite,
    /// Whether a PNG or JPEG is rotated as its EXIF orientation says.
    pub orientation: Orienting,
}

/// Reads a PNG or JPEG, or one slice of a NIfTI volume, as an image (C, H, W) in [0, 1], with its warnings.
///
/// # Errors
/// Refuses what [`Image::read`], [`Volume::read`] and [`Volume::slice`] refuse, a volume without [`ReadOptions::slice`], and a
/// PNG or JPEG with it.
pub fn read_image(path: impl AsRef<Path>, options: &ReadOptions) -> Result<(Image, Vec<Warning>)> {
    let path = path.as_ref();
    match (FileFormat::detect(path)?, options.slice) {
        (FileFormat::Png | FileFormat::Jpeg, None) => Image::read_picture(path, options.orientation),
        (FileFormat::Nifti | FileFormat::NiftiGzip, Some(at)) => {
            let volume = Volume::read(path, options.non_finite)?;
            let image = volume.slice(at, options.window)?;
            Ok((image, volume.warnings))
        }
        (FileFormat::Nifti | FileFormat::NiftiGzip, None) => {
            let header = VolumeHeader::read(path)?;
            Err(error::slice_missing(path, &header))
        }
        (format @ (FileFormat::Png | FileFormat::Jpeg), Some(at)) => Err(error::slice_refused(path, format, at)),
    }
}
