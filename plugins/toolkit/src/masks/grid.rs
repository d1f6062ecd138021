//! The mask's own grid, and the way from it to the image's.

use crate::masks::{FONG, PROTOTYPE, config::unknown};
use lacuna_plugin::{Error, Interpolation, Parameter, Settings, Tensor};

/// The low resolution at which a mask is optimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// S: rows and columns of the mask, and slices of a volume's, in cells.
    pub size: u32,
    /// The way from the mask's grid to the image's.
    pub upsampling: Upsampling,
}

/// The interpolation from the mask's own grid to the image's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Upsampling {
    /// Bilinear between the centres of the cells.
    Bilinear,
    /// Nearest neighbour, then a Gaussian (Fong and Vedaldi 2017, Sec. 4.3).
    NearestBlur {
        /// Standard deviation in pixels of the image.
        sigma: f32,
    },
}

impl Grid {
    /// The parameters `mask-size`, `upsampling` and `upsampling-blur`.
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
}

impl Upsampling {
    /// The mask on a grid of the spatial `sizes`; differentiable.
    pub fn apply(self, low: &Tensor, sizes: &[u32]) -> Tensor {
        match self {
            Self::Bilinear => low.resize(sizes, Interpolation::Bilinear),
            Self::NearestBlur { sigma } => low.resize(sizes, Interpolation::Nearest).gaussian_blur(sigma),
        }
    }
}
