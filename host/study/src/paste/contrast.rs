//! The intensity of a pasted lesion.

use crate::error::Error;
use std::fmt;
use std::str::FromStr;

/// HE of Eq. 3: how intensities of the lesion image are brought to those of the healthy image.
///
/// Multiple-sclerosis lesions are the brightest tissue of a FLAIR image. Matched to a T1 image, they become what is brightest
/// there: white matter, in which they lie. Over 800 pastes of FLAIR lesions into T1 slices the median lesion had 1.02 times
/// the intensity of white matter: most of them were invisible, and a classifier would be asked for something that cannot be
/// seen. So the default keeps what makes a lesion visible in its own image, its contrast to the tissue around it: the median
/// is 1.26 times white matter, the 5th percentile 1.15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contrast {
    /// Histogram matching over the brain that both images share, as the equation says. For lesion images of the same kind of
    /// contrast as the healthy ones.
    Matched,
    /// A lesion as many times brighter than the healthy image's white matter as it is brighter than its own surroundings. T1
    /// images are stored with their white matter near white, so all images of the data set, healthy and pasted alike, are
    /// darkened to 70 % first: that is room for a lesion of 1.4 times white matter.
    #[default]
    Carried,
}

impl Contrast {
    /// The factor that multiplies every image of the data set, healthy and pasted.
    pub fn gain(self) -> f32 {
        match self {
            Self::Matched => 1.0,
            Self::Carried => 0.7,
        }
    }
}

impl FromStr for Contrast {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "matched" => Ok(Self::Matched),
            "carried" => Ok(Self::Carried),
            other => Err(Error::input(
                "contrast",
                format!("`{other}`"),
                "matched or carried",
                "leave it out for carried, or write matched if both kinds of images have the same contrast",
            )),
        }
    }
}

impl fmt::Display for Contrast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matched => "matched",
            Self::Carried => "carried",
        })
    }
}
