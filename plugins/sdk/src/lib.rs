//! The contract's side of a plugin: the types, the macros and the rules that any plugin needs, and that stay stable as long as
//! the contract does.
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
//! What is deliberately absent: files, network, clocks, true randomness ([`Random`] is seeded),
//! tensor arithmetic in the guest, and what methods share beyond the contract: masks and their
//! optimisation, saliency, class activation maps and ranked pixels are the crate `lacuna-toolkit`,
//! which this one does not know.

mod autodiff;
#[doc(hidden)]
pub mod bindings;
mod classifier;
mod error;
#[doc(hidden)]
pub mod export;
mod finding;
mod generator;
mod image_shape;
mod info;
pub mod log;
mod operators;
mod phi;
pub mod progress;
mod random;
mod score;
mod settings;
mod tensor;

pub use autodiff::{Adam, Gradients};
pub use bindings::method::Role;
pub use bindings::model::{Activation, ModelInfo};
pub use classifier::{ActivationFunction, Classifier, ClassifierInfo, ReluRule, Score};
pub use error::{Error, ExhaustedLimit, InvalidArgument, ShapeMismatch};
pub use finding::{Adjustment, Choice, Direction, Finding, Refusal, Remedy};
pub use generator::{Generator, GeneratorInfo};
pub use image_shape::ImageShape;
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
    /// Images (N, C, H, W) in [0, 1], or volumes (N, C, D, H, W).
    pub images: Tensor,
    /// One class index for each image.
    pub targets: Vec<u32>,
    /// The classifier; no call changes it.
    pub classifier: Classifier<'a>,
    /// Every parameter that the method described.
    pub settings: Settings,
    /// Seed of all randomness; the same seed gives the same map.
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
    /// Images (N, C, H, W) in [0, 1], or volumes (N, C, D, H, W).
    pub images: Tensor,
    /// The maps on the images' grid with one channel, finite; larger means more evidence for the target.
    pub maps: Tensor,
    /// The regions that an expert drew, of the maps' shape: 1 inside, 0 outside.
    pub masks: Option<Tensor>,
    /// One class index for each image.
    pub targets: Vec<u32>,
    /// The classifier; no call changes it.
    pub classifier: Classifier<'a>,
    /// Every parameter that the metric described.
    pub settings: Settings,
    /// Seed of all randomness; the same seed gives the same numbers.
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
/// Export it with [`export_classifier!`]; the file is then the classifier that a user names.
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
///         ModelInfo { classes, channels: 1, spatial: vec![64, 64], activation: Activation::Sigmoid }
///     }
///
///     fn logits(&self, images: &Tensor) -> Result<Tensor, Error> {
///         let shape = images.image_shape()?;
///         ((images.mean(&shape.inner()) - 0.5) * 20.0).reshape(&[shape.images(), 1]).check()
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
    /// The attribution map on the images' grid with one channel, finite; larger means more evidence for the target.
    pub map: Tensor,
    /// Other results that belong to the map, for example the mask at its own resolution.
    pub extras: Vec<Extra>,
    /// What the user should know of this result: likely causes and remedies.
    pub findings: Vec<Finding>,
}

/// Something that belongs to a map. The first dimension of its value is N, with an entry for each image.
#[derive(Debug)]
pub struct Extra {
    /// Lower-case words joined by hyphens; no two extras of an explanation have the same.
    pub name: &'static str,
    /// The role of the value for the user. All roles but [`Role::Other`] are shown, and occur once at most.
    pub role: Role,
    /// The value itself.
    pub value: Tensor,
}

impl Extra {
    /// The images with the evidence deleted, of the images' shape.
    pub fn perturbed(value: Tensor) -> Self {
        Self { name: "perturbed", role: Role::Perturbed, value }
    }

    /// Images of another class near the images, of the images' shape.
    pub fn counterfactual(value: Tensor) -> Self {
        Self { name: "counterfactual", role: Role::Counterfactual, value }
    }

    /// The mask that made the perturbed images, on their grid with one channel, in [0, 1].
    pub fn mask(value: Tensor) -> Self {
        Self { name: "mask", role: Role::Mask, value }
    }

    /// An extra of any other kind.
    pub fn other(name: &'static str, value: Tensor) -> Self {
        Self { name, role: Role::Other, value }
    }
}
