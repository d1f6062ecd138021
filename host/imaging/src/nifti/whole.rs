//! Turns a whole volume into the array that a network takes, and maps every value back to its voxel.

use std::sync::Arc;

use super::header::VolumeHeader;
use super::orientation::VolumeOrientation;
use super::slice::{ImageAxis, SliceGeometry};
use super::volume::Volume;
use super::window::IntensityWindow;
use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::raster::Intensity;
use crate::resample::{Interpolation, resize_plane};

/// A volume as an array (D, H, W) in [0, 1].
#[derive(Debug, Clone, PartialEq)]
pub struct WholeVolume {
    /// The voxel of each value.
    pub geometry: VolumeGeometry,
    /// The file's values at 0 and 1.
    pub intensity: Intensity,
    /// The values; W runs fastest, then H, then D.
    pub data: Vec<f32>,
}

/// The voxel of each value of an array (D, H, W).
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeGeometry {
    header: Arc<VolumeHeader>,
    orientation: VolumeOrientation,
    /// The voxel axes along which D, H and W run.
    axes: [ImageAxis; 3],
}

impl Volume {
    /// Takes all voxels as an array (D, H, W) in [0, 1] of the given orientation in the patient. `None` keeps the stored order,
    /// the last voxel axis first, which is the order of the file in memory.
    ///
    /// # Errors
    /// Refuses what [`IntensityWindow::limits`] refuses.
    pub fn whole(&self, orientation: Option<VolumeOrientation>, window: IntensityWindow) -> Result<WholeVolume> {
        let intensity = window.limits(&self.data).map_err(|error| error.at(self.header.path()))?;
        let geometry = VolumeGeometry::new(Arc::clone(&self.header), orientation);
        let data = geometry.offsets().map(|offset| intensity.to_unit(self.data[offset])).collect();
        Ok(WholeVolume { geometry, intensity, data })
    }
}

impl WholeVolume {
    /// Resamples the array to other sizes (D, H, W), trilinear, with antialiasing where it shrinks.
    pub fn fitted(&self, sizes: [usize; 3]) -> Vec<f32> {
        resize(&self.data, self.geometry.sizes(), sizes, Interpolation::BilinearAntialias)
    }
}

impl VolumeGeometry {
    fn new(header: Arc<VolumeHeader>, orientation: Option<VolumeOrientation>) -> Self {
        let stored = VolumeOrientation::of_voxels(&header);
        let orientation = orientation.unwrap_or(stored.reversed());
        let (voxels, dims) = (stored.directions(), header.dims());
        let axes = orientation.directions().map(|wanted| {
            let voxel_axis = voxels.iter().position(|found| found.world == wanted.world).unwrap_or_default();
            let reversed = voxels[voxel_axis].positive != wanted.positive;
            ImageAxis { voxel_axis, length: dims[voxel_axis], reversed }
        });
        Self { header, orientation, axes }
    }

    /// The header of the volume.
    pub fn header(&self) -> &VolumeHeader {
        &self.header
    }

    /// The orientation of the array in the patient.
    pub fn orientation(&self) -> VolumeOrientation {
        self.orientation
    }

    /// Sizes D, H and W of the array at the volume's own resolution.
    pub fn sizes(&self) -> [usize; 3] {
        self.axes.map(|axis| axis.length)
    }

    /// Resamples values on a grid of `sizes` (D, H, W) over the volume to its voxels, trilinear. The result has one value for
    /// each voxel in the file's order: i runs fastest, then j, then k.
    ///
    /// # Errors
    /// Refuses a number of values other than that of the grid.
    pub fn voxels(&self, values: &[f32], sizes: [usize; 3]) -> Result<Vec<f32>> {
        if sizes.iter().product::<usize>() != values.len() || values.is_empty() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("{} values for a grid of {sizes:?}", values.len()),
                "a value for each cell of the grid",
                "give the sizes of the grid as depth, height and width",
            ));
        }
        let own = resize(values, sizes, self.sizes(), Interpolation::Bilinear);
        let mut voxels = vec![0.0; own.len()];
        for (offset, value) in self.offsets().zip(own) {
            voxels[offset] = value;
        }
        Ok(voxels)
    }

    /// Index of each value's voxel in the volume's data, in the order of the array.
    fn offsets(&self) -> impl Iterator<Item = usize> {
        let [width, height, _] = self.header.dims();
        let strides = [1, width, width * height];
        let along = self.axes.map(|axis| {
            let stride = strides[axis.voxel_axis];
            (0..axis.length).map(move |index| axis.voxel_index(index) * stride).collect::<Vec<usize>>()
        });
        let [depth, rows, columns] = along;
        depth.into_iter().flat_map(move |d| {
            let columns = columns.clone();
            rows.clone().into_iter().flat_map(move |r| columns.clone().into_iter().map(move |c| d + r + c))
        })
    }
}

impl SliceGeometry {
    /// Takes the values of a slice, row by row, from values for every voxel in the file's order.
    ///
    /// # Errors
    /// Refuses a number of values other than that of the voxels.
    pub fn pick(&self, voxels: &[f32]) -> Result<Vec<f32>> {
        let expected: usize = self.header().dims().iter().product();
        if voxels.len() != expected {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("{} values for a volume of {expected} voxels", voxels.len()),
                "a value for each voxel",
                "bring them to the volume's own grid first",
            ));
        }
        let (height, width) = (self.down().length, self.across().length);
        let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        Ok(pixels.map(|(row, column)| voxels[self.offset(row, column)]).collect())
    }
}

/// Resamples an array from sizes (D, H, W) to others: rows and columns of each slice first, then the slices.
fn resize(values: &[f32], from: [usize; 3], to: [usize; 3], how: Interpolation) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let [depth, height, width] = from;
    let slices = values.chunks_exact(height * width);
    let slices: Vec<f32> = slices.flat_map(|slice| resize_plane(slice, (height, width), (to[1], to[2]), how)).collect();
    // Each slice is now one row of a plane.
    resize_plane(&slices, (depth, to[1] * to[2]), (to[0], to[1] * to[2]), how)
}
