//! Operations on images (N, C, H, W) and masks (N, 1, H, W).

use super::separable::Along;
use super::{Tensor, check_shape};
use crate::{Cells, Error, Result};

/// How a resized image is sampled; half-pixel centres, as `align_corners = false` elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    Nearest,
    Bilinear,
}

impl Tensor {
    /// (N, C, H, W) to (N, C, `height`, `width`); differentiable, its adjoint is exact.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the tensor has four dimensions and the sizes are above 0.
    pub fn resize(&self, height: usize, width: usize, how: Interpolation) -> Result<Self> {
        let [n, c, h, w] = self.image_shape("resize")?;
        check_shape("resize", &[n, c, height, width])?;
        if (h, w) == (height, width) {
            return Ok(self.clone());
        }
        self.separable("resize", Along::Resize { to: height, how }, Along::Resize { to: width, how })
    }

    /// Cells (N, C, h, w) put on `height` x `width` pixels where they lie, along rows and along columns: bilinear between
    /// them, the nearest one beyond them. Differentiable, its adjoint is exact.
    ///
    /// # Errors
    /// [`Error::Shape`] as [`Tensor::resize`], [`Error::Argument`] for a spacing of 0.
    pub fn place(&self, height: usize, width: usize, [rows, columns]: [Cells; 2]) -> Result<Self> {
        let [n, c, ..] = self.image_shape("place")?;
        check_shape("place", &[n, c, height, width])?;
        let usable = |cells: Cells| cells.first.is_finite() && cells.spacing.is_finite() && cells.spacing != 0.0;
        if !usable(rows) || !usable(columns) {
            return Err(Error::argument("place", "cells", "places that differ", format!("{rows:?} and {columns:?}")));
        }
        let along = |to: usize, cells: Cells| Along::Place { to, first: cells.first, spacing: cells.spacing };
        self.separable("place", along(height, rows), along(width, columns))
    }

    /// Separable Gaussian of standard deviation `sigma` pixels, cut at 4 sigma, edges replicated.
    /// 0 changes nothing.
    ///
    /// # Errors
    /// [`Error::Argument`] for a sigma below 0 or above 1000 pixels.
    pub fn gaussian_blur(&self, sigma: f32) -> Result<Self> {
        self.image_shape("gaussian-blur")?;
        if !(0.0..=1000.0).contains(&sigma) {
            return Err(Error::argument("gaussian-blur", "sigma", "0 to 1000 pixels", sigma));
        }
        if sigma == 0.0 {
            return Ok(self.clone());
        }
        self.separable("gaussian-blur", Along::Blur { sigma }, Along::Blur { sigma })
    }

    /// Moved down by `rows` and right by `columns`, edges replicated.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the tensor has four dimensions.
    pub fn translate(&self, rows: i32, columns: i32) -> Result<Self> {
        self.image_shape("translate")?;
        if (rows, columns) == (0, 0) {
            return Ok(self.clone());
        }
        self.separable("translate", Along::Move { by: rows }, Along::Move { by: columns })
    }

    /// Images with `count` channels: the mean of all channels becomes one, and one is repeated.
    ///
    /// # Errors
    /// [`Error::Shape`] for channels that are neither.
    pub fn with_channels(&self, count: usize) -> Result<Self> {
        let [_, channels, ..] = self.image_shape("with-channels")?;
        match (channels, count) {
            (from, to) if from == to => Ok(self.clone()),
            (_, 1) => self.mean(&[1]),
            (1, _) => Self::concatenate(&vec![self.clone(); count], 1),
            _ => Err(Error::shape("with-channels", format!("(N, 1, H, W) or (N, {count}, H, W)"), &self.shape())),
        }
    }

    /// Phi(x; m) = m x + (1 - m) R (Uzunova 2019, Eq. 2) for images x and R (N, C, H, W) and a mask
    /// m (N, 1, H, W).
    ///
    /// # Errors
    /// [`Error::Shape`] when they do not fit together.
    pub fn blend(&self, reference: &Self, mask: &Self) -> Result<Self> {
        let [n, _, h, w] = self.image_shape("blend")?;
        if reference.shape() != self.shape() {
            return Err(Error::shape(
                "blend",
                format!("a reference of the images' shape {:?}", self.shape()),
                &reference.shape(),
            ));
        }
        if mask.shape() != [n, 1, h, w] {
            return Err(Error::shape("blend", format!("a mask of shape {:?}", [n, 1, h, w]), &mask.shape()));
        }
        // R + m (x - R): one product with the mask instead of two.
        reference.add(&self.subtract(reference)?.multiply(mask)?)
    }

    /// Sum over u of ||grad x(u)||^beta for each image (Uzunova 2019, Eq. 1): isotropic, forward
    /// differences, none across the edge. Shape (N).
    ///
    /// # Errors
    /// [`Error::Shape`] unless (N, 1, H, W); [`Error::Argument`] unless 1 <= `beta` <= 10.
    pub fn total_variation(&self, beta: f32) -> Result<Self> {
        let [n, c, h, w] = self.image_shape("total-variation")?;
        if c != 1 {
            return Err(Error::shape("total-variation", "(N, 1, H, W)", &self.shape()));
        }
        if !(1.0..=10.0).contains(&beta) {
            return Err(Error::argument("total-variation", "beta", "1 to 10", beta));
        }
        let mut squares: Option<Self> = None;
        for (dimension, size) in [(2, h), (3, w)] {
            if size < 2 {
                continue;
            }
            let here = self.slice(dimension, 0, size - 1)?;
            let next = self.slice(dimension, 1, size)?;
            let difference = next.subtract(&here)?;
            let mut edge = [n, 1, h, w];
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
        floored.power(beta / 2.0)?.sum(&[1, 2, 3])?.reshape(&[n])
    }
}
