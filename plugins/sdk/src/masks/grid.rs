//! The mask's own grid, and the way from it to the image's.

use crate::masks::{FONG, PROTOTYPE, config::unknown};
use crate::{Error, Interpolation, Parameter, Settings, Tensor};

/// The low resolution at which a mask is optimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// S: rows and columns of the mask, in cells.
    pub size: u32,
    /// How the mask reaches the image's grid.
    pub upsampling: Upsampling,
}

/// From the mask's own resolution to the image's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Upsampling {
    /// Between the centres of the cells.
    Bilinear,
    /// Nearest neighbour, then a Gaussian (Fong and Vedaldi 2017, Sec. 4.3).
    NearestBlur {
        /// Standard deviation in pixels of the image.
        sigma: f32,
    },
}

impl Grid {
    /// `mask-size`, `upsampling` and `upsampling-blur`.
    pub fn parameters() -> [Parameter; 3] {
        [
            Parameter::integer("mask-size", 28, 2..=1024)
                .summary("Rows and columns of the mask that is optimised")
                .unit("cells")
                .source(FONG),
            Parameter::choice("upsampling", ["bilinear", "nearest-blur"])
                .summary("How the mask reaches the image's grid; inside the gradient")
                .source(PROTOTYPE),
            Parameter::number("upsampling-blur", 5.0, 0.0..=200.0)
                .summary("Standard deviation of the Gaussian after nearest-blur upsampling")
                .unit("pixels")
                .source(FONG),
        ]
    }

    /// The user's choice.
    ///
    /// # Errors
    /// A method that does not describe [`Grid::parameters`].
    pub fn from_settings(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            size: settings.count("mask-size")?,
            upsampling: match settings.choice("upsampling")? {
                "bilinear" => Upsampling::Bilinear,
                "nearest-blur" => Upsampling::NearestBlur { sigma: settings.number("upsampling-blur")? },
                other => return Err(unknown("upsampling", other)),
            },
        })
    }

    /// (N, 1, S, S): the shape of the masks of `images` images.
    pub fn shape(&self, images: u32) -> [u32; 4] {
        [images, 1, self.size, self.size]
    }
}

impl Upsampling {
    /// The mask (N, 1, S, S) as (N, 1, height, width); differentiable.
    pub fn apply(self, low: &Tensor, height: u32, width: u32) -> Tensor {
        match self {
            Self::Bilinear => low.resize(height, width, Interpolation::Bilinear),
            Self::NearestBlur { sigma } => low.resize(height, width, Interpolation::Nearest).gaussian_blur(sigma),
        }
    }
}
