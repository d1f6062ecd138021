//! Lesions of known place: cut out of patients' images and pasted into healthy ones.
//!
//! Equation 3 of Uzunova, Ehrhardt, Kepp and Handels (2019, "Interpretable explanations of black box classifiers applied on
//! medical images by meaningful perturbations using variational autoencoders", Proc. SPIE 10949):
//!
//! ```text
//! I_patho = HE(T(I_L)) * M_L + I * (1 - M_L)
//! ```
//!
//! I is a healthy image, I_L an image with a lesion. The path of the data, in the order of the modules:
//!
//! ```text
//! foreground  I, I_L            -> where the brain is in each
//! donor       a folder          -> I_L with the experts' mask of its lesion, ready to be laid over any I
//! deal        all I_L, a patient -> the I_L that this patient's images may get: lesions, too, are divided by person
//! register    both brains       -> T, an affine map
//! matching    T(I_L), I         -> HE, the intensities of one picture brought to those of the other
//! blend       Eq. 3, M_L smooth -> I_patho and the mask of what was pasted
//! paster      I and a seed      -> I_patho several times, each from another donor
//! dataset     a table           -> a folder of images, masks and a table that a classifier can be trained on
//! ```
//!
//! What is ours and not in the equation:
//!
//! - Nothing is pasted outside the brain and into its fluid (ventricles, sulci). An affine map lays outlines over each other but
//!   not ventricles of another shape, and a lesion does not float in one.
//! - Specks of a lesion, of fewer than 5 pixels of an image of 128, are left out: nobody could see them.
//! - The default [`Contrast`]. See there.

mod blend;
mod contrast;
mod dataset;
mod deal;
mod donor;
mod foreground;
mod matching;
mod paster;
mod register;
mod smooth;

pub use contrast::Contrast;
pub use dataset::{DatasetReport, Spread, write_dataset};
pub use deal::DonorFold;
pub use paster::{PasteOptions, Pasted, Paster, Pastes};
