//! Medical images in and out, with the geometry that leads every result back onto the pixels and voxels it came from.
//!
//! The path of the data, in the order of the modules:
//!
//! ```text
//! format   which kind of file this is, told by its content, never by its name
//! jpeg     where a JPEG ends, and its EXIF; png, dicom and gzip likewise
//! orientation  EXIF's orientation, and pixels turned by it
//! decode   PNG and JPEG                          -> Image
//! nifti    NIfTI header, affine, voxels          -> Volume -> Image of a slice, or WholeVolume
//! raster   Image: (C, H, W) in [0, 1], channels fitted to a classifier
//! grey     whether three channels are a grey picture
//! reader   Reader: all files of a command by one rule, and what its user should be told (warning)
//! resample sizes fitted to a classifier, and maps brought back
//! affine   turned, scaled, moved and sheared: augmentation and registration
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
//! [`read_image`] is the short way from a file to an [`Image`], and [`Reader`] that for many; a [`Map`] of the same height and width goes back through
//! [`Map::write_png`], [`Map::write_npy`] and, for a slice of a volume, [`Map::write_nifti`].
//!
//! Deliberately absent: tensors, devices and classifiers (they live in the engine), and every global state but the one font
//! that `plotters` keeps. Nothing here prints; what a user should know without it being an error comes back as a [`Warning`].

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
pub use resample::Interpolation;
pub use sheet::{Sheet, SheetRow, sheet};
pub use warning::{Note, Warning};

use std::path::Path;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What to take out of a file and how; the default suits a PNG or JPEG.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOptions {
    /// The slice of a volume; needed for NIfTI, refused for PNG and JPEG.
    pub slice: Option<SliceAt>,
    /// How the values of a volume become [0, 1]; PNG and JPEG always use the full range of the file.
    pub window: IntensityWindow,
    /// What a NaN or an infinity in a volume means.
    pub non_finite: NonFinite,
    /// Whether a PNG or JPEG is turned as its EXIF orientation says.
    pub orientation: Orienting,
}

/// Reads a PNG or JPEG, or one slice of a NIfTI volume, and what the reader should be told about it.
///
/// # Errors
/// Everything that [`Image::read`], [`Volume::read`] and [`Volume::slice`] refuse; a volume without a slice to take, and a
/// slice asked of a file that has none.
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
