//! The affine map from voxel index (i, j, k) to millimetres (x to the right, y to the front, z to the top of the patient).

use nalgebra::{Matrix4, Quaternion, UnitQuaternion, Vector3, Vector4};
use nifti::NiftiHeader;

/// The part of the header that gives the affine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AffineSource {
    /// `srow_x`, `srow_y`, `srow_z`, with the value of `sform_code`.
    Sform(i16),
    /// The quaternion, offsets, `pixdim` and qfac, with the value of `qform_code`.
    Qform(i16),
    /// Neither code is set: the voxel sizes alone, centred, the first axis towards the left, as nibabel reads such a file. The
    /// file itself does not say which side of the patient is which.
    Pixdim,
}

/// The affine of a header: sform if its code is positive, else qform if its code is positive, else the voxel sizes.
///
/// # Errors
/// Says what was found, where the affine is singular or not finite.
pub(super) fn affine(header: &NiftiHeader, dims: [usize; 3]) -> Result<(Matrix4<f64>, AffineSource), String> {
    let (affine, source) = if header.sform_code > 0 {
        (sform(header), AffineSource::Sform(header.sform_code))
    } else if header.qform_code > 0 {
        (qform(header)?, AffineSource::Qform(header.qform_code))
    } else {
        (voxel_sizes(header, dims), AffineSource::Pixdim)
    };
    let columns = Vector3::from_fn(|axis, _| affine.fixed_view::<3, 1>(0, axis).norm());
    let volume = affine.fixed_view::<3, 3>(0, 0).determinant().abs();
    // The volume of the voxel's parallelepiped against that of a box with the same edges: 0 where axes coincide.
    let is_regular = affine.iter().all(|value| value.is_finite()) && volume > 1e-6 * columns.product();
    if is_regular { Ok((affine, source)) } else { Err(format!("an affine that cannot be inverted ({source:?})")) }
}

/// The voxel axes that run closest to the patient's right-left, front-back and top-bottom line, in this order: the assignment
/// that uses each axis once and has the largest sum of cosines.
pub(super) fn axes(affine: &Matrix4<f64>) -> [usize; 3] {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let cosine = |world: usize, axis: usize| {
        let column = affine.fixed_view::<3, 1>(0, axis);
        column[world].abs() / column.norm()
    };
    let fit = |order: &[usize; 3]| (0..3).map(|world| cosine(world, order[world])).sum::<f64>();
    // The first of equally good ones is kept, so that an exactly diagonal affine is still read in one way only.
    ORDERS
        .into_iter()
        .reduce(|best, order| if fit(&order) > fit(&best) + 1e-9 { order } else { best })
        .unwrap_or(ORDERS[0])
}

/// Method 3 of the NIfTI-1 standard: the three rows of the header.
fn sform(header: &NiftiHeader) -> Matrix4<f64> {
    let rows = [header.srow_x, header.srow_y, header.srow_z];
    Matrix4::from_fn(|row, column| match rows.get(row) {
        Some(values) => f64::from(values[column]),
        None if column == 3 => 1.0,
        None => 0.0,
    })
}

/// Method 2 of the NIfTI-1 standard: rotation by the quaternion (a, b, c, d) with a >= 0, voxel sizes, and qfac, which
/// reverses the third axis if negative.
fn qform(header: &NiftiHeader) -> Result<Matrix4<f64>, String> {
    let [b, c, d] = [header.quatern_b, header.quatern_c, header.quatern_d].map(f64::from);
    let squared = b * b + c * c + d * d;
    // Rounding of b, c, d to f32 moves the sum by some 1e-7; more than this is no rotation.
    if !squared.is_finite() || squared > 1.0 + 1e-3 {
        return Err(format!("a qform whose quaternion ({b}, {c}, {d}) is longer than 1"));
    }
    let a = (1.0 - squared).max(0.0).sqrt();
    let rotation = UnitQuaternion::from_quaternion(Quaternion::new(a, b, c, d)).to_rotation_matrix();
    let qfac = if header.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let [x, y, z] = sizes(header);
    let linear = rotation.matrix() * nalgebra::Matrix3::from_diagonal(&Vector3::new(x, y, z * qfac));
    let offset = [header.quatern_x, header.quatern_y, header.quatern_z].map(f64::from);
    let mut affine = linear.to_homogeneous();
    affine.set_column(3, &Vector4::new(offset[0], offset[1], offset[2], 1.0));
    Ok(affine)
}

/// The affine of a header without sform and qform; see [`AffineSource::Pixdim`].
fn voxel_sizes(header: &NiftiHeader, dims: [usize; 3]) -> Matrix4<f64> {
    let [x, y, z] = sizes(header);
    let step = Vector3::new(-x, y, z);
    let mut affine = Matrix4::from_diagonal(&step.push(1.0));
    for (axis, length) in dims.into_iter().enumerate() {
        affine[(axis, 3)] = -step[axis] * (length as f64 - 1.0) / 2.0;
    }
    affine
}

/// Voxel sizes in millimetres; a sign is dropped and 0 means 1, as in other readers.
fn sizes(header: &NiftiHeader) -> [f64; 3] {
    [1, 2, 3].map(|axis| match f64::from(header.pixdim[axis]).abs() {
        0.0 => 1.0,
        size => size,
    })
}
