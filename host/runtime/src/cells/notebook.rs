//! What a notebook is to its cells: the names that it opened, the explanations that it runs, the place where things are shown.

use crate::{plugin::description::Parameter, plugin::settings::Value, run::cancel::CancelToken};
use lacuna_diagnostic::{Finding, Remedy};
use lacuna_engine::{Classifier, Generator, Tensor};

/// What a notebook does for its cells. A session is behind it; the runtime only carries questions and answers.
///
/// A function that takes long looks at `cancel` and gives [`Refusal::Cancelled`].
pub trait Notebook {
    /// Shows text below the cell at once.
    ///
    /// # Errors
    /// There is nobody to show it to any more.
    fn print(&mut self, to: Standard, text: &str) -> Result<(), Refusal>;

    /// Shows something below the cell. With an id, `update` replaces what was shown under it.
    ///
    /// # Errors
    /// It is too large, or there is nobody to show it to any more.
    fn display(&mut self, forms: Vec<Form>, id: Option<&str>, update: bool) -> Result<(), Refusal>;

    /// Empties what the cell shows, at once or when something new comes.
    ///
    /// # Errors
    /// There is nobody to show it to any more.
    fn clear(&mut self, wait: bool) -> Result<(), Refusal>;

    /// Everything that was opened, and every plugin with those that cells defined.
    fn catalogue(&mut self) -> Vec<Entry>;

    /// An image (1, C, H, W) or a volume (1, C, D, H, W) in [0, 1], at its own size.
    ///
    /// # Errors
    /// A name that was not opened, and a file that is no image.
    fn image(&mut self, name: &str) -> Result<Tensor, Refusal>;

    /// The same as a classifier takes it.
    ///
    /// # Errors
    /// Those of [`Notebook::image`], and a classifier that was not opened.
    fn fitted(&mut self, name: &str, classifier: Option<&str>) -> Result<Tensor, Refusal>;

    /// Where an expert drew the lesion of an image: 1 inside, at the image's own size with one channel.
    ///
    /// # Errors
    /// A name that was not opened, and an image whose lesion nobody drew.
    fn lesion(&mut self, name: &str) -> Result<Tensor, Refusal>;

    /// The classifier of that name; without a name the one that was opened first.
    ///
    /// # Errors
    /// There is none.
    fn classifier(&mut self, name: Option<&str>) -> Result<Classifier, Refusal>;

    /// The generator of that name; without a name the one that was opened first.
    ///
    /// # Errors
    /// There is none.
    fn generator(&mut self, name: Option<&str>) -> Result<Generator, Refusal>;

    /// Probabilities (N, K) of images as the classifier takes them.
    ///
    /// # Errors
    /// Images of another size.
    fn probabilities(&mut self, images: &Tensor, classifier: Option<&str>) -> Result<Vec<Vec<f32>>, Refusal>;

    /// Explains images.
    ///
    /// # Errors
    /// What was asked for cannot be done, and [`Refusal::Cancelled`].
    fn explain(&mut self, request: Explain, cancel: &CancelToken) -> Result<Explanation, Refusal>;

    /// Measures maps: one number for each image, none where it is not defined.
    ///
    /// # Errors
    /// Those of [`Notebook::explain`].
    fn measure(&mut self, request: Measure, cancel: &CancelToken) -> Result<Vec<Option<f64>>, Refusal>;

    /// Draws tiles side by side in rows of `columns`, each `width` pixels wide; 0 for what suits them. Returns a PNG.
    ///
    /// # Errors
    /// Tensors that are no images or maps.
    fn picture(&mut self, tiles: Vec<Tile>, columns: u32, width: u32) -> Result<Vec<u8>, Refusal>;

    /// Makes a definition usable by its name.
    ///
    /// # Errors
    /// A name that a plugin has that no cell defined, and a definition that cannot be a plugin.
    fn define(&mut self, definition: Definition, cancel: &CancelToken) -> Result<(), Refusal>;

    /// Writes a folder of that name; returns its path.
    ///
    /// # Errors
    /// The notebook may not write, or not there.
    fn save(&mut self, name: &str, files: Vec<(String, String)>) -> Result<String, Refusal>;
}

/// Why a notebook does not do what a cell asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Because {
        text: String,
        remedies: Vec<Remedy>,
    },
    /// Its user asked to stop.
    Cancelled,
}

impl Refusal {
    /// A reason, and what may help.
    pub fn because(text: impl Into<String>, remedies: impl IntoIterator<Item = Remedy>) -> Refusal {
        Refusal::Because { text: text.into(), remedies: remedies.into_iter().collect() }
    }
}

impl From<lacuna_engine::Error> for Refusal {
    fn from(error: lacuna_engine::Error) -> Refusal {
        match error {
            lacuna_engine::Error::Interrupted => Refusal::Cancelled,
            lacuna_engine::Error::External { what, remedies } => Refusal::Because { text: what, remedies },
            other => Refusal::because(other.to_string(), []),
        }
    }
}

/// Where a program writes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    Output,
    Error,
}

/// One form of something shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// For example `text/plain`, `text/html`, `image/png`.
    pub mime: String,
    /// Text is UTF-8.
    pub data: Vec<u8>,
}

/// What an entry of the catalogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Image,
    Volume,
    Classifier,
    Generator,
    Method,
    Perturbation,
    Metric,
}

/// Something that a cell can name.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub kind: Kind,
    pub name: String,
    pub summary: String,
    /// Of plugins; empty elsewhere.
    pub parameters: Vec<Parameter>,
    /// Whether a method or a metric uses the perturbation that the user chose.
    pub deletes: bool,
}

/// What is to be explained.
#[derive(Clone, Debug)]
pub enum Images {
    /// An image or a volume that was opened.
    Named(String),
    /// Images as the classifier takes them, (N, C, H, W).
    Values(Box<Tensor>),
}

/// A plugin by its name, with typed values; the other parameters have their defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected {
    pub name: String,
    pub settings: Vec<(String, Value)>,
}

/// What a cell wants explained.
#[derive(Clone, Debug)]
pub struct Explain {
    pub images: Images,
    /// A class by its name or index; none for each image's most probable one.
    pub target: Option<String>,
    pub classifier: Option<String>,
    pub generator: Option<String>,
    pub method: Option<Selected>,
    pub perturbation: Option<Selected>,
    pub seed: u64,
    /// Whether progress is shown below the cell.
    pub watched: bool,
}

/// What a cell wants measured.
#[derive(Clone, Debug)]
pub struct Measure {
    pub metric: Selected,
    pub images: Tensor,
    pub maps: Tensor,
    pub masks: Option<Tensor>,
    pub targets: Vec<usize>,
    pub classifier: Option<String>,
    pub seed: u64,
}

/// What came out, on the classifier's grid.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub images: Tensor,
    pub map: Tensor,
    /// Name, role and value; a role is `perturbed`, `counterfactual`, `mask` or `other`.
    pub extras: Vec<(String, String, Tensor)>,
    /// One for each image.
    pub answers: Vec<Answered>,
    pub findings: Vec<Finding>,
    pub method: String,
    pub perturbation: Option<String>,
    pub seconds: f64,
    /// The record of the run, as JSON.
    pub record: String,
}

/// What the classifier said of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub target: usize,
    pub class_name: String,
    pub probability: f32,
    /// With the evidence deleted, where there is such an image.
    pub probability_after: Option<f32>,
}

/// A part of a picture.
#[derive(Clone, Debug)]
pub struct Tile {
    pub title: String,
    /// (1, C, H, W) in [0, 1], or a volume.
    pub image: Option<Tensor>,
    /// (1, 1, H, W).
    pub map: Option<Tensor>,
}

/// What a cell defined, as another instance takes it.
#[derive(Clone, Debug)]
pub struct Definition {
    pub kind: DefinitionKind,
    pub name: String,
    pub code: Vec<u8>,
    /// What the code refers to by its place in this list.
    pub tensors: Vec<Tensor>,
    /// Whether a method or a metric uses the perturbation that the user chose.
    pub deletes: bool,
}

/// What a definition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinitionKind {
    Perturbation,
    Method,
    Metric,
}
