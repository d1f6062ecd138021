//! Images with a lesion of known position: lesions of patients, pasted into images of healthy people.
//!
//! Equation 3 of Uzunova, Ehrhardt, Kepp and Handels (2019, "Interpretable explanations of black box classifiers applied on
//! medical images by meaningful perturbations using variational autoencoders", Proc. SPIE 10949):
//!
//! ```text
//! I_patho = HE(T(I_L)) * M_L + I * (1 - M_L)
//! ```
//!
//! I is a healthy image, I_L an image with a lesion (of a *donor*), M_L its mask. The path of the data, in the order of the
//! modules:
//!
//! ```text
//! foreground  I, I_L            -> the brain mask of each
//! donor       a folder          -> I_L with the experts' mask of its lesion, ready for registration
//! donor_folds all I_L, a patient -> the I_L that this patient's images may get: lesions, too, are split by person
//! register    both brains       -> T, an affine map
//! matching    T(I_L), I         -> HE, histogram matching
//! blend       Eq. 3, M_L smooth -> I_patho and its lesion mask
//! paster      I and a seed      -> several I_patho, each with the lesion of another donor
//! dataset     a table           -> a folder of images, masks and a table that a classifier can be trained on
//! ```
//!
//! Additions of this implementation to the equation:
//!
//! - Nothing is pasted outside the brain or into its fluid (ventricles, sulci). An affine map aligns outlines but not ventricles
//!   of another shape, and a lesion does not float in one.
//! - Components of a lesion of fewer than 5 pixels in an image of 128 are left out: nobody could see them.
//! - The default [`Contrast`], whose documentation gives the reason.

mod blend;
mod contrast;
mod dataset;
mod donor;
mod donor_folds;
mod foreground;
mod matching;
mod paster;
mod register;
mod smooth;

pub use contrast::Contrast;
pub use dataset::{DatasetReport, Spread, write_dataset};
pub use donor_folds::DonorFold;
pub use paster::{PasteOptions, Pasted, Paster, Pastes};
