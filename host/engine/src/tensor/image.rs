//! Operations on images (N, C, H, W) and masks (N, 1, H, W), and on volumes (N, C, D, H, W) and their masks (N, 1, D, H, W).
//!
//! What is said once for each spatial axis comes as a list, in the order of the axes: rows and columns, or depth, rows and
//! columns.

use super::separable::Along;
use super::{Tensor, check_shape};
use crate::{Cells, Error, Result};

/// How a resized image is sampled along each axis; half-pixel centres, as `align_corners = false` elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    Nearest,
    /// Linear along each axis: between two neighbours of a row, four of an image, eight of a volume.
    Bilinear,
}

impl Tensor {
    /// (N, C, H, W) to (N, C, `sizes`), or the same of volumes; differentiable, its adjoint is exact.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the tensor has four or five dimensions and the sizes are above 0; [`Error::Argument`] unless
    /// there is one size for each spatial axis.
    pub fn resize(&self, sizes: &[usize], how: Interpolation) -> Result<Self> {
        let (n, c, spatial) = self.spatial_shape("resize")?;
        for_each_axis("resize", "sizes", sizes, &spatial)?;
        check_shape("resize", &[&[n, c], sizes].concat())?;
        if spatial == sizes {
            return Ok(self.clone());
        }
        let maps = sizes.iter().map(|to| Some(Along::Resize { to: *to, how })).collect::<Vec<_>>();
        self.separable("resize", &maps)
    }

    /// Cells (N, C, h, w) put on `sizes` pixels where they lie, along each axis: linear between them, the nearest one beyond
    /// them; or the same of volumes. Differentiable, its adjoint is exact.
    ///
    /// # Errors
    /// As [`Tensor::resize`], and [`Error::Argument`] for a spacing of 0 or a number of `cells` other than that of the axes.
    pub fn place(&self, sizes: &[usize], cells: &[Cells]) -> Result<Self> {
        let (n, c, spatial) = self.spatial_shape("place")?;
        for_each_axis("place", "sizes", sizes, &spatial)?;
        for_each_axis("place", "cells", cells, &spatial)?;
        check_shape("place", &[&[n, c], sizes].concat())?;
        let usable = |cells: &Cells| cells.first.is_finite() && cells.spacing.is_finite() && cells.spacing != 0.0;
        if !cells.iter().all(usable) {
            return Err(Error::argument("place", "cells", "places that differ", format!("{cells:?}")));
        }
        let along =
            |(to, cells): (&usize, &Cells)| Along::Place { to: *to, first: cells.first, spacing: cells.spacing };
        let maps = sizes.iter().zip(cells).map(|of_axis| Some(along(of_axis))).collect::<Vec<_>>();
        self.separable("place", &maps)
    }

    /// Separable Gaussian of standard deviation `sigmas` pixels along each spatial axis, cut at 4 sigma, edges replicated.
    /// 0 changes nothing along its axis.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the tensor has four or five dimensions; [`Error::Argument`] for a sigma below 0 or above 1000
    /// pixels, or for a number of them other than that of the spatial axes.
    pub fn gaussian_blur(&self, sigmas: &[f32]) -> Result<Self> {
        let (_, _, spatial) = self.spatial_shape("gaussian-blur")?;
        for_each_axis("gaussian-blur", "sigmas", sigmas, &spatial)?;
        if let Some(sigma) = sigmas.iter().find(|sigma| !(0.0..=1000.0).contains(*sigma)) {
            return Err(Error::argument("gaussian-blur", "sigmas", "0 to 1000 pixels", *sigma));
        }
        let along = |sigma: &f32| (*sigma != 0.0).then_some(Along::Blur { sigma: *sigma });
        self.separable("gaussian-blur", &sigmas.iter().map(along).collect::<Vec<_>>())
    }

    /// Moved by so many pixels along each spatial axis: down and right are positive, edges replicated.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the tensor has four or five dimensions; [`Error::Argument`] unless there is one number for each
    /// spatial axis.
    pub fn translate(&self, by: &[i32]) -> Result<Self> {
        let (_, _, spatial) = self.spatial_shape("translate")?;
        for_each_axis("translate", "offsets", by, &spatial)?;
        if by.iter().all(|by| *by == 0) {
            return Ok(self.clone());
        }
        self.separable("translate", &by.iter().map(|by| Some(Along::Move { by: *by })).collect::<Vec<_>>())
    }

    /// Images with `count` channels: the mean of all channels becomes one, and one is repeated.
    ///
    /// # Errors
    /// [`Error::Shape`] for channels that are neither.
    pub fn with_channels(&self, count: usize) -> Result<Self> {
        let (_, channels, _) = self.spatial_shape("with-channels")?;
        match (channels, count) {
            (from, to) if from == to => Ok(self.clone()),
            (_, 1) => self.mean(&[1]),
            (1, _) => Self::concatenate(&vec![self.clone(); count], 1),
            _ => Err(Error::shape("with-channels", format!("1 or {count} channels"), &self.shape())),
        }
    }

    /// Phi(x; m) = m x + (1 - m) R (Uzunova 2019, Eq. 2) for images x and R (N, C, H, W) and a mask
    /// m (N, 1, H, W), or for volumes (N, C, D, H, W) and a mask (N, 1, D, H, W).
    ///
    /// # Errors
    /// [`Error::Shape`] when they do not fit together.
    pub fn blend(&self, reference: &Self, mask: &Self) -> Result<Self> {
        let (n, _, spatial) = self.spatial_shape("blend")?;
        if reference.shape() != self.shape() {
            return Err(Error::shape(
                "blend",
                format!("a reference of the images' shape {:?}", self.shape()),
                &reference.shape(),
            ));
        }
        let of_mask = [&[n, 1], spatial.as_slice()].concat();
        if mask.shape() != of_mask {
            return Err(Error::shape("blend", format!("a mask of shape {of_mask:?}"), &mask.shape()));
        }
        // R + m (x - R): one product with the mask instead of two.
        reference.add(&self.subtract(reference)?.multiply(mask)?)
    }

    /// Sum over u of ||grad x(u)||^beta for each image (Uzunova 2019, Eq. 1): isotropic, forward
    /// differences along every spatial axis, none across the edge. Shape (N).
    ///
    /// # Errors
    /// [`Error::Shape`] unless (N, 1, H, W) or (N, 1, D, H, W); [`Error::Argument`] unless 1 <= `beta` <= 10.
    pub fn total_variation(&self, beta: f32) -> Result<Self> {
        let (n, c, spatial) = self.spatial_shape("total-variation")?;
        if c != 1 {
            return Err(Error::shape("total-variation", "(N, 1, H, W) or (N, 1, D, H, W)", &self.shape()));
        }
        if !(1.0..=10.0).contains(&beta) {
            return Err(Error::argument("total-variation", "beta", "1 to 10", beta));
        }
        let over: Vec<usize> = (1..2 + spatial.len()).collect();
        let mut squares: Option<Self> = None;
        for (dimension, size) in (2..).zip(spatial) {
            if size < 2 {
                continue;
            }
            let here = self.slice(dimension, 0, size - 1)?;
            let next = self.slice(dimension, 1, size)?;
            let difference = next.subtract(&here)?;
            let mut edge = self.shape();
            edge[dimension] = 1;
            let nothing = Self::full(self.device(), &edge, 0.0)?;
            let square = Self::concatenate(&[difference.multiply(&difference)?, nothing], dimension)?;
            squares = Some(match squares {
                Some(other) => other.add(&square)?,
                None => square,
            });
        }
        let Some(squares) = squares else {
            return Self::full(self.device(), &[n], 0.0);
        };
        // Below beta = 2 the derivative at a flat place is infinite without a floor.
        let floored = if beta < 2.0 { squares.affine(1.0, 1e-12)? } else { squares };
        floored.power(beta / 2.0)?.sum(&over)?.reshape(&[n])
    }
}

/// Checks that a list has one element for each spatial axis.
fn for_each_axis<T>(operation: &str, argument: &str, list: &[T], spatial: &[usize]) -> Result<()> {
    if list.len() == spatial.len() {
        return Ok(());
    }
    let expected = format!("{} numbers, one for each spatial axis", spatial.len());
    Err(Error::argument(operation, argument, expected, format!("{} of them", list.len())))
}
