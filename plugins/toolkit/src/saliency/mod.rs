//! What methods that attribute the score of a class to pixels share.
//!
//! The data of a run: the images (N, C, H, W) -> [`Passes`] cut the work into passes that one call of
//! the classifier can take -> [`Stack`] holds many versions of every image for a pass and sums their
//! gradients, or [`Perturbed`] deletes through many masks and [`MaskAverage`] averages what that
//! does -> [`Channels`] reduce an attribution (N, C, H, W) to a map (N, 1, H, W) -> [`explain_zeros`]
//! says why a map shows nothing.
//!
//! Conventions of every method here: the score is the logit of the target unless `score` says
//! otherwise; images are not normalised, so a gradient is in units of the score for each unit of
//! intensity in [0, 1]; the extra `attribution` is signed and not reduced; no image influences another.
//!
//! A whole method, but for its description:
//!
//! ```
//! use lacuna_toolkit::saliency::{Channels, explain_zeros};
//! use lacuna_plugin::{Error, Explanation, Extra, ReluRule, Request, Score};
//!
//! fn explain(request: Request<'_>) -> Result<Explanation, Error> {
//!     let score = Score::from_settings(&request.settings)?;
//!     let Request { images, targets, classifier, .. } = &request;
//!     let attribution = classifier.gradient(images, targets, score, ReluRule::Plain).check()?;
//!     let map = Channels::from_settings(&request.settings)?.reduce(&attribution);
//!     let findings = explain_zeros(&request, score, &map)?;
//!     Ok(Explanation { map, extras: vec![Extra::other("attribution", attribution)], findings })
//! }
//! ```

mod channels;
mod mask_average;
mod passes;
mod perturbed;
mod stack;
mod zeros;

pub use channels::Channels;
pub use mask_average::MaskAverage;
pub use passes::Passes;
pub use perturbed::Perturbed;
pub use stack::Stack;
pub use zeros::{all_zero, explain_zeros, findings_for, image_prefix};

/// The source of `score=logit` as a default.
pub const CAPTUM: &str = "as in Captum: the output of the last layer";
