//! What authors of Lacuna plugins use.
//!
//! The data of a run: the host gives [`Settings`] and images as a [`Tensor`] -> a [`Perturbation`]
//! answers Phi(x; m) for a mask m -> a [`Method`] optimises or samples masks against the
//! [`Classifier`] of its [`Request`], through a [`Phi`] it knows nothing else of -> an
//! [`Explanation`] goes back. Numbers stay on the host's device: a tensor is a handle.
//!
//! A whole perturbation:
//!
//! ```
//! use lacuna_plugin::{Error, Info, Parameter, Perturbation, Settings, Tensor};
//!
//! struct Constant { images: Tensor, reference: Tensor }
//!
//! impl Perturbation for Constant {
//!     fn describe() -> Info {
//!         Info::new("constant", env!("CARGO_PKG_VERSION"), "Replaces regions by one intensity")
//!             .parameter(Parameter::number("value", 0.5, 0.0..=1.0).summary("Intensity of R"))
//!     }
//!
//!     fn create(images: Tensor, settings: &Settings, _seed: u64) -> Result<Self, Error> {
//!         let reference = &images * 0.0 + settings.number("value")?;
//!         Ok(Self { images, reference })
//!     }
//!
//!     fn apply(&self, mask: &Tensor) -> Result<Tensor, Error> {
//!         Ok(self.images.blend(&self.reference, mask))
//!     }
//! }
//!
//! lacuna_plugin::export_perturbation!(Constant);
//! ```
//!
//! What methods that optimise a mask have in common stands in [`masks`], what methods that attribute the
//! score to pixels share in [`saliency`], and class activation maps in [`cam`].
//!
//! What is deliberately absent: files, network, clocks, true randomness ([`Random`] is seeded),
//! and tensor arithmetic in the guest.

mod autodiff;
#[doc(hidden)]
pub mod bindings;
pub mod cam;
mod classifier;
mod error;
pub mod evidence;
#[doc(hidden)]
pub mod export;
mod generator;
mod info;
pub mod log;
pub mod masks;
mod operators;
mod phi;
pub mod progress;
mod random;
pub mod saliency;
mod score;
mod settings;
mod tensor;

pub use autodiff::{Adam, Gradients};
pub use bindings::model::{Activation, ModelInfo};
pub use classifier::{ActivationFunction, Classifier, ClassifierInfo, ReluRule, Score};
pub use error::{Error, ExhaustedLimit, InvalidArgument, ShapeMismatch};
pub use generator::{Generator, GeneratorInfo};
pub use info::{Described, Info, Kind, Need, Parameter, PluginInfo};
pub use phi::Phi;
pub use random::Random;
pub use settings::{Settings, Value};
pub use tensor::{Interpolation, Tensor};

/// A way to delete regions of an image: the operator Phi (Uzunova 2019, Eq. 2).
///
/// Export it with [`export_perturbation!`].
pub trait Perturbation: Sized + 'static {
    /// Name, parameters and needs.
    fn describe() -> Info;

    /// Prepares the deletion of regions of `images` (N, C, H, W) in [0, 1], for example by
    /// computing the reference R once. Images of a batch must not influence each other.
    ///
    /// # Errors
    /// What the host refuses, or settings that do not fit the images.
    fn create(images: Tensor, settings: &Settings, seed: u64) -> Result<Self, Error>;

    /// Phi(x; m): the images (N, C, H, W) with what `mask` (N, 1, H, W) does not keep deleted.
    /// It is called in every step and must be differentiable in the mask.
    ///
    /// # Errors
    /// What the host refuses, for example a mask whose size is not the images'.
    fn apply(&self, mask: &Tensor) -> Result<Tensor, Error>;
}

/// An explanation method.
///
/// Export it with [`export_method!`].
pub trait Method {
    /// Name, parameters and needs.
    fn describe() -> Info;

    /// Explains one target class for each image.
    ///
    /// # Errors
    /// What the host refuses, and [`Error::Cancelled`] as soon as [`progress::report`] returns it.
    fn explain(request: Request<'_>) -> Result<Explanation, Error>;
}

/// What a method is asked to explain.
#[derive(Debug)]
pub struct Request<'a> {
    /// (N, C, H, W) in [0, 1].
    pub images: Tensor,
    /// One class index for each image.
    pub targets: Vec<u32>,
    /// The classifier; no call changes it.
    pub classifier: Classifier<'a>,
    /// Every parameter that the method described.
    pub settings: Settings,
    /// The same seed gives the same map.
    pub seed: u64,
}

impl Request<'_> {
    /// The perturbation operator that the user chose, for the images, with the user's settings.
    ///
    /// # Errors
    /// What the perturbation refuses.
    pub fn phi(&self) -> Result<Phi, Error> {
        Phi::create(&self.images, self.seed)
    }
}

/// A number that says how good a map is.
///
/// Export it with [`export_metric!`].
pub trait Metric {
    /// Name, parameters and needs.
    fn describe() -> Info;

    /// One number for each image; `None` where it is not defined, for example without a mask.
    ///
    /// # Errors
    /// What the host refuses.
    fn measure(measured: Measured<'_>) -> Result<Vec<Option<f64>>, Error>;
}

/// What a metric is asked to measure.
#[derive(Debug)]
pub struct Measured<'a> {
    /// (N, C, H, W) in [0, 1].
    pub images: Tensor,
    /// (N, 1, H, W), finite; larger means more evidence for the target.
    pub maps: Tensor,
    /// What an expert drew, (N, 1, H, W): 1 in it, 0 out of it.
    pub masks: Option<Tensor>,
    /// One class index for each image.
    pub targets: Vec<u32>,
    /// The classifier; no call changes it.
    pub classifier: Classifier<'a>,
    /// Every parameter that the metric described.
    pub settings: Settings,
    /// The same seed gives the same numbers.
    pub seed: u64,
}

impl Measured<'_> {
    /// The perturbation operator that the user chose, for the images, with the user's settings.
    ///
    /// # Errors
    /// What the perturbation refuses.
    pub fn phi(&self) -> Result<Phi, Error> {
        Phi::create(&self.images, self.seed)
    }
}

/// A classifier: images in, logits out. A black box for methods, which get no gradients of it.
///
/// Export it with [`export_classifier!`], and explain it with `lacuna explain --classifier FILE.wasm`.
///
/// ```
/// use lacuna_plugin::{Activation, Error, Info, Model, ModelInfo, Settings, Tensor};
///
/// /// Is the image brighter than grey?
/// struct Brightness;
///
/// impl Model for Brightness {
///     fn describe() -> Info {
///         Info::new("brightness", env!("CARGO_PKG_VERSION"), "Tells bright images from dark ones")
///     }
///
///     fn open(_settings: &Settings) -> Result<Self, Error> {
///         Ok(Self)
///     }
///
///     fn info(&self) -> ModelInfo {
///         let classes = vec!["bright".to_owned()];
///         ModelInfo { classes, channels: 1, height: 64, width: 64, activation: Activation::Sigmoid }
///     }
///
///     fn logits(&self, images: &Tensor) -> Result<Tensor, Error> {
///         let [count, ..] = images.image_shape()?;
///         ((images.mean(&[1, 2, 3]) - 0.5) * 20.0).reshape(&[count, 1]).check()
///     }
/// }
///
/// lacuna_plugin::export_classifier!(Brightness);
/// ```
pub trait Model: Sized + 'static {
    /// Name, parameters and needs; [`Need::Readback`] to compute with numbers of its own.
    fn describe() -> Info;

    /// Makes the classifier ready, for example by putting weights that the plugin carries onto the device.
    ///
    /// # Errors
    /// What the host refuses.
    fn open(settings: &Settings) -> Result<Self, Error>;

    /// Classes, and the size of the images that it takes.
    fn info(&self) -> ModelInfo;

    /// Logits (N, K) of `images` (N, C, H, W) in [0, 1]. Images of a batch must not influence each other.
    ///
    /// # Errors
    /// What the host refuses.
    fn logits(&self, images: &Tensor) -> Result<Tensor, Error>;
}

/// What a method found.
#[derive(Debug)]
pub struct Explanation {
    /// (N, 1, H, W), finite; larger means more evidence for the target.
    pub map: Tensor,
    /// What belongs to the map, by name: for example the mask at its own resolution. The first dimension is N, with an
    /// entry for each image. `perturbed` or `counterfactual`, of the images' shape, and `mask`, (N, 1, H, W), are shown to
    /// the user; all of them are written to `extras.npz`.
    pub extras: Vec<(&'static str, Tensor)>,
    /// What the user should know of this result: likely causes and remedies.
    pub findings: Vec<String>,
}
