//! Reads NIfTI-1 (header, affine, voxels, intensity window), turns a slice into an image or a volume into an array, and writes
//! maps of both back.

mod affine;
mod header;
mod orientation;
pub(crate) mod pair;
mod slice;
mod volume;
mod whole;
mod window;
mod write;

pub use affine::AffineSource;
pub use header::VolumeHeader;
pub use orientation::VolumeOrientation;
pub use slice::{ImageAxis, SliceAt, SliceGeometry, SlicePlane};
pub use volume::{NonFinite, Volume};
pub use whole::{VolumeGeometry, WholeVolume};
pub use window::IntensityWindow;
pub use write::write_voxels;
