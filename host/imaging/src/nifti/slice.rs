//! Shows a slice of a volume as an image, and maps every pixel back to its voxel.
//!
//! Slices are shown in the radiological convention, whatever the order in which a volume stores its voxels:
//!
//! | plane | top of the picture | left of the picture |
//! |---|---|---|
//! | axial | front of the patient | right side of the patient |
//! | coronal | top of the patient | right side of the patient |
//! | sagittal | top of the patient | front of the patient |

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::header::VolumeHeader;
use super::volume::Volume;
use super::window::IntensityWindow;
use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::raster::{Geometry, Image};

/// A plane of the patient's body, not of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlicePlane {
    /// Perpendicular to the top-bottom line.
    Axial,
    /// Perpendicular to the front-back line.
    Coronal,
    /// Perpendicular to the right-left line.
    Sagittal,
}

/// One slice: the plane, and the 0-based voxel index along the voxel axis that is closest to the plane's normal. Written
/// `axial:90`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SliceAt {
    /// The plane of the slice.
    pub plane: SlicePlane,
    /// The voxel index along the plane's normal, from 0 on.
    pub index: usize,
}

/// The voxel that every pixel of a slice shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceGeometry {
    header: Arc<VolumeHeader>,
    at: SliceAt,
    /// The voxel axis along which `at.index` counts.
    normal: usize,
    down: ImageAxis,
    across: ImageAxis,
}

/// A voxel axis as an axis of a picture or an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageAxis {
    /// The voxel axis: 0, 1 or 2 for i, j or k.
    pub voxel_axis: usize,
    /// Number of pixels along the axis.
    pub length: usize,
    /// Whether the first pixel shows the last voxel.
    pub reversed: bool,
}

impl Volume {
    /// Takes one slice as a grey image (1, H, W) in [0, 1], in the radiological convention: the front of the patient is at the top
    /// of an axial slice and at the left of a sagittal one, the top of the patient at the top of the others, and the patient's
    /// right at the left.
    ///
    /// # Errors
    /// Refuses an index that the volume does not have, and what [`IntensityWindow::limits`] refuses.
    pub fn slice(&self, at: SliceAt, window: IntensityWindow) -> Result<Image> {
        let geometry = SliceGeometry::new(Arc::clone(&self.header), at)?;
        let intensity = window.limits(&self.data).map_err(|error| error.at(self.header.path()))?;
        let (height, width) = (geometry.down.length, geometry.across.length);
        let data = (0..height)
            .flat_map(|row| (0..width).map(move |column| (row, column)))
            .map(|(row, column)| intensity.to_unit(self.data[geometry.offset(row, column)]))
            .collect();
        let path = self.header.path().to_owned();
        Ok(Image::new(1, height, width, data)?.with_origin(Geometry::Slice(geometry), intensity, Some(path)))
    }
}

impl SlicePlane {
    /// The three planes.
    pub const ALL: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];

    /// The patient's axis that is perpendicular to the plane: 0 right-left, 1 front-back, 2 top-bottom.
    pub(super) fn normal(self) -> usize {
        match self {
            Self::Axial => 2,
            Self::Coronal => 1,
            Self::Sagittal => 0,
        }
    }

    /// The patient's axes that run down and across the picture. Both run from the positive end (right, front, top) to the
    /// negative one, in every plane.
    fn down_across(self) -> [usize; 2] {
        match self {
            Self::Axial => [1, 0],
            Self::Coronal => [2, 0],
            Self::Sagittal => [2, 1],
        }
    }
}

impl SliceGeometry {
    /// The geometry of one slice.
    ///
    /// # Errors
    /// Refuses an index that the volume does not have.
    pub fn new(header: Arc<VolumeHeader>, at: SliceAt) -> Result<Self> {
        let slices = header.slices(at.plane);
        if at.index >= slices {
            let last = slices - 1;
            return Err(Error::new(
                ErrorKind::OutOfRange,
                format!("slice {at} of a volume with {slices} {} slices", at.plane),
                format!("an index from 0 to {last}"),
                format!("name a slice from {}:0 to {}:{last}", at.plane, at.plane),
            )
            .at(header.path()));
        }
        let axes = header.axes();
        let image_axis = |world: usize| {
            let voxel_axis = axes[world];
            let reversed = header.affine()[(world, voxel_axis)] > 0.0;
            ImageAxis { voxel_axis, length: header.dims()[voxel_axis], reversed }
        };
        let [down, across] = at.plane.down_across().map(image_axis);
        let normal = axes[at.plane.normal()];
        Ok(Self { header, at, normal, down, across })
    }

    /// The header of the volume.
    pub fn header(&self) -> &VolumeHeader {
        &self.header
    }

    /// The plane and the index of the slice.
    pub fn at(&self) -> SliceAt {
        self.at
    }

    /// The voxel axis that runs down the picture.
    pub fn down(&self) -> ImageAxis {
        self.down
    }

    /// The voxel axis that runs across the picture, left to right.
    pub fn across(&self) -> ImageAxis {
        self.across
    }

    /// The voxel (i, j, k) that a pixel shows; `None` outside the slice.
    pub fn voxel(&self, row: usize, column: usize) -> Option<[usize; 3]> {
        (row < self.down.length && column < self.across.length).then(|| self.voxel_of(row, column))
    }

    /// Height and width of a pixel in millimetres.
    pub fn spacing(&self) -> [f64; 2] {
        let spacing = self.header.spacing();
        [spacing[self.down.voxel_axis], spacing[self.across.voxel_axis]]
    }

    /// Index of a pixel's voxel in the volume's data; the pixel must be one of the slice.
    pub(super) fn offset(&self, row: usize, column: usize) -> usize {
        let [width, height, _] = self.header.dims();
        let [i, j, k] = self.voxel_of(row, column);
        i + width * (j + height * k)
    }

    /// The voxel (i, j, k) of a pixel; the pixel must be one of the slice.
    fn voxel_of(&self, row: usize, column: usize) -> [usize; 3] {
        let mut voxel = [0; 3];
        voxel[self.normal] = self.at.index;
        voxel[self.down.voxel_axis] = self.down.voxel_index(row);
        voxel[self.across.voxel_axis] = self.across.voxel_index(column);
        voxel
    }
}

impl ImageAxis {
    /// The voxel index of a pixel along this axis.
    pub(super) fn voxel_index(self, pixel: usize) -> usize {
        if self.reversed { self.length - 1 - pixel } else { pixel }
    }
}

impl fmt::Display for SlicePlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Axial => "axial",
            Self::Coronal => "coronal",
            Self::Sagittal => "sagittal",
        })
    }
}

impl fmt::Display for SliceAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.plane, self.index)
    }
}

impl FromStr for SliceAt {
    type Err = Error;

    /// Reads `axial:90`, `coronal:12` or `sagittal:0`.
    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once(':').and_then(|(name, index)| {
            let plane = SlicePlane::ALL.into_iter().find(|plane| plane.to_string() == name)?;
            Some(Self { plane, index: index.parse().ok()? })
        });
        parsed.ok_or_else(|| {
            Error::new(
                ErrorKind::Syntax,
                format!("the slice `{text}`"),
                "axial, coronal or sagittal, a colon, and a 0-based index",
                "write it like axial:90",
            )
        })
    }
}
