//! NIfTI-1: header and affine, voxels, intensity window, and the slice that becomes an image and goes back.

mod affine;
mod header;
pub(crate) mod pair;
mod slice;
mod volume;
mod window;
mod write;

pub use affine::AffineSource;
pub use header::VolumeHeader;
pub use slice::{ImageAxis, SliceAt, SliceGeometry, SlicePlane};
pub use volume::{NonFinite, Volume};
pub use window::IntensityWindow;
