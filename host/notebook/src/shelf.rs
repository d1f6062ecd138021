//! The images and models that a notebook opened, read when a cell first names them.

use crate::{
    drawing::refused,
    opened::{DescribedImage, Opened},
    wording::refusal,
};
use lacuna_conformance::reference;
use lacuna_diagnostic::Remedy;
use lacuna_engine::{Classifier, Generator, Manifest};
use lacuna_imaging::{Image, IntensityWindow, Interpolation, NonFinite, ReadOptions, Reader, RgbToGrey, Volume};
use lacuna_phantom::{SIDE, phantom};
use lacuna_runtime::cells::{Entry, Kind, Refusal};
use lacuna_session::{GeneratorModel, Model, Session, Subject, Trust, VolumeSubject};
use std::collections::BTreeMap;

/// The classifier of the demo.
const DEMO: &str = "demo";
/// Decides the images of the demo; its classifier learnt from those of another seed.
const DEMO_SEED: u64 = 2024;
/// Images of the demo, every second one with a lesion.
const DEMO_IMAGES: u64 = 12;

/// What is opened, and what was read of it.
#[derive(Debug)]
pub struct Shelf {
    opened: Opened,
    classifiers: BTreeMap<String, OpenClassifier>,
    generators: BTreeMap<String, OpenGenerator>,
}

/// A classifier with the manifest that it was read from.
type OpenClassifier = (Model, Classifier);
/// A generator with the manifest that it was read from.
type OpenGenerator = (GeneratorModel, Generator);

/// Labels of a mask: 0 stays 0, whatever numbers the others are.
const LABELS: IntensityWindow = IntensityWindow::Fixed { low: 0.0, high: 1e-6 };

/// An image as it is, or a volume.
#[derive(Debug)]
pub enum Seen {
    Image(Image),
    /// (D, H, W) and its values.
    Volume([usize; 3], Vec<f32>),
}

impl Shelf {
    pub fn new(opened: Opened) -> Shelf {
        Shelf { opened, classifiers: BTreeMap::new(), generators: BTreeMap::new() }
    }

    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Images, volumes and models by name; of each kind first what is taken where nothing is named.
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |kind, name: &str, summary: String| Entry {
            kind,
            name: name.to_owned(),
            summary,
            parameters: Vec::new(),
            deletes: false,
        };
        let mut entries = Vec::new();
        for (name, image) in &self.opened.images {
            entries.push(entry(Kind::Image, name, image.described().file.display().to_string()));
        }
        if self.opened.demo {
            entries.extend((0..DEMO_IMAGES).map(|index| {
                let summary = format!(
                    "made image, {SIDE} x {SIDE} pixels, {}",
                    if index % 2 == 1 { "with a lesion" } else { "healthy" }
                );
                entry(Kind::Image, &demo_name(index), summary)
            }));
        }
        for (name, volume) in &self.opened.volumes {
            entries.push(entry(Kind::Volume, name, volume.described().file.display().to_string()));
        }
        for name in self.classifier_names() {
            let summary = match self.opened.classifiers.get(&name) {
                Some(file) => file.display().to_string(),
                None => "healthy or lesion, on the made images".to_owned(),
            };
            entries.push(entry(Kind::Classifier, &name, summary));
        }
        for name in first(&self.opened.generator, self.opened.generators.keys().cloned()) {
            let summary = self.opened.generators.get(&name).map(|file| file.display().to_string());
            entries.push(entry(Kind::Generator, &name, summary.unwrap_or_default()));
        }
        entries
    }

    fn classifier_names(&self) -> Vec<String> {
        let demo = self.opened.demo.then(|| DEMO.to_owned());
        let own = self.opened.classifiers.keys().cloned();
        first(&self.opened.classifier, own.chain(demo.filter(|demo| !self.opened.classifiers.contains_key(demo))))
    }

    /// The name of a classifier that a cell names or leaves out.
    ///
    /// # Errors
    /// There is none.
    pub fn classifier_name(&self, name: Option<&str>) -> Result<String, Refusal> {
        named(name, self.classifier_names(), "classifier")
    }

    /// A classifier, read when it is first asked for.
    ///
    /// # Errors
    /// A name that was not opened, and a model that cannot be used.
    pub fn classifier(&mut self, name: Option<&str>, session: &Session<'_>) -> Result<&OpenClassifier, Refusal> {
        let name = self.classifier_name(name)?;
        if !self.classifiers.contains_key(&name) {
            let model = match self.opened.classifiers.get(&name) {
                Some(file) => Model::read(&self.opened.path(file), &Trust::default(), session),
                None => Model::new(reference::NAME, reference::MANIFEST, reference::files()),
            };
            let model = model.map_err(refusal)?;
            let classifier = model.load(session.watch, &session.device).map_err(refusal)?;
            self.classifiers.insert(name.clone(), (model, classifier));
        }
        self.classifiers.get(&name).ok_or_else(|| Refusal::because(format!("`{name}` is gone"), []))
    }

    /// A generator, read when it is first asked for.
    ///
    /// # Errors
    /// A name that was not opened, and a model that cannot be used.
    pub fn generator(&mut self, name: Option<&str>, session: &Session<'_>) -> Result<&OpenGenerator, Refusal> {
        let names = first(&self.opened.generator, self.opened.generators.keys().cloned());
        let name = named(name, names, "generator")?;
        if !self.generators.contains_key(&name) {
            let file = self.opened.generators.get(&name).map(|file| self.opened.path(file)).unwrap_or_default();
            let model = GeneratorModel::read(&file).map_err(refusal)?;
            let generator = model.load(session.watch, &session.device).map_err(refusal)?;
            self.generators.insert(name.clone(), (model, generator));
        }
        self.generators.get(&name).ok_or_else(|| Refusal::because(format!("`{name}` is gone"), []))
    }

    /// The generator of a run that names none: the first, or none where none was opened.
    ///
    /// # Errors
    /// Those of [`Shelf::generator`].
    pub fn default_generator(&mut self, name: Option<&str>, session: &Session<'_>) -> Result<(), Refusal> {
        if name.is_some() || !self.opened.generators.is_empty() {
            self.generator(name, session)?;
        }
        Ok(())
    }

    /// What was read before by [`Shelf::classifier`] and [`Shelf::generator`].
    pub fn loaded(
        &self,
        classifier: &str,
        generator: Option<&str>,
    ) -> Option<(&OpenClassifier, Option<&OpenGenerator>)> {
        let names = first(&self.opened.generator, self.opened.generators.keys().cloned());
        let generator = generator.map(str::to_owned).or_else(|| names.first().cloned());
        let generator = generator.and_then(|name| self.generators.get(&name));
        Some((self.classifiers.get(classifier)?, generator))
    }

    /// An image or a volume at its own size.
    ///
    /// # Errors
    /// A name that was not opened, and a file that is none.
    pub fn image(&self, name: &str) -> Result<Seen, Refusal> {
        if let Some(volume) = self.opened.volumes.get(name) {
            let described = volume.described();
            let reader = reader(&described)?;
            let options = reader.options();
            let volume = Volume::read(self.opened.path(&described.file), options.non_finite).map_err(refused)?;
            let whole = volume.whole(None, options.window).map_err(refused)?;
            let sizes = whole.geometry.sizes();
            return Ok(Seen::Volume(sizes, whole.fitted(sizes)));
        }
        if let Some(index) = self.demo_index(name) {
            let made = phantom(DEMO_SEED, index);
            return Ok(Seen::Image(Image::new(1, SIDE, SIDE, made.image).map_err(refused)?));
        }
        let described = self.described(name)?;
        let reader = reader(&described)?;
        let (image, _) = reader.read_with_warnings(self.opened.path(&described.file)).map_err(refused)?;
        Ok(Seen::Image(image))
    }

    /// An image or a volume as a classifier takes it: all channels on its grid.
    ///
    /// # Errors
    /// Those of [`Shelf::image`], and colours for a grey classifier that nobody allowed to lose.
    pub fn fitted(&self, name: &str, manifest: &Manifest) -> Result<Vec<f32>, Refusal> {
        if let Some(volume) = self.opened.volumes.get(name) {
            let described = volume.described();
            let reader = reader(&described)?;
            let subject = VolumeSubject::read(&self.opened.path(&described.file), manifest, &reader);
            return Ok(subject.map_err(refusal)?.fitted);
        }
        if let (Some(depth), _) = (manifest.input.depth, name) {
            let text = format!("the classifier takes volumes of {depth} slices, and `{name}` is an image");
            return Err(Refusal::because(text, [Remedy::another("classifier")]));
        }
        if self.demo_index(name).is_some() {
            let Seen::Image(image) = self.image(name)? else {
                return Err(Refusal::because(format!("`{name}` is no image"), []));
            };
            let taken = &manifest.input;
            let fitted = image.to_channels(taken.channels, RgbToGrey::OnlyIfGrey).map_err(refused)?;
            let fitted = fitted.resize(taken.height, taken.width, Interpolation::BilinearAntialias);
            return Ok(fitted.map_err(refused)?.into_data());
        }
        let described = self.described(name)?;
        let rule = match described.to_grey {
            true => RgbToGrey::Luminance,
            false => RgbToGrey::OnlyIfGrey,
        };
        let path = self.opened.path(&described.file);
        let subject = Subject::read(&path, manifest, rule, &reader(&described)?);
        Ok(subject.map_err(refusal)?.fitted.into_data())
    }

    /// Where the lesion of an image or a volume is: its sizes, and 1 inside, which is everywhere but where the mask is 0.
    ///
    /// # Errors
    /// A name that was not opened, and an image whose lesion nobody drew.
    pub fn lesion(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), Refusal> {
        let inside = |values: &[f32]| values.iter().map(|value| f32::from(*value > 0.0)).collect();
        if let Some(index) = self.demo_index(name) {
            return Ok((vec![SIDE, SIDE], phantom(DEMO_SEED, index).mask));
        }
        let volume = self.opened.volumes.get(name).map(|entry| entry.described());
        let (described, is_volume) = match volume {
            Some(described) => (described, true),
            None => (self.described(name)?, false),
        };
        let Some(mask) = &described.lesion else {
            let text = format!("nobody drew the lesion of `{name}`: its entry names no `lesion`");
            return Err(Refusal::because(text, [Remedy::advice("name a mask as `lesion` of its entry")]));
        };
        let path = self.opened.path(mask);
        if is_volume {
            let volume = Volume::read(&path, NonFinite::Refuse).map_err(refused)?;
            let whole = volume.whole(None, LABELS).map_err(refused)?;
            let sizes = whole.geometry.sizes();
            return Ok((sizes.to_vec(), inside(&whole.fitted(sizes))));
        }
        let drawn = DescribedImage { file: mask.clone(), window: None, ..described.clone() };
        let options = ReadOptions { window: LABELS, ..reader(&drawn)?.options().clone() };
        let (mask, _) = Reader::new(options).read_with_warnings(path).map_err(refused)?;
        let mask = mask.to_channels(1, RgbToGrey::Luminance).map_err(refused)?;
        Ok((vec![mask.height(), mask.width()], inside(mask.data())))
    }

    fn described(&self, name: &str) -> Result<DescribedImage, Refusal> {
        let entry = self.opened.images.get(name).map(|entry| entry.described());
        entry.ok_or_else(|| {
            let own = self.opened.images.keys().chain(self.opened.volumes.keys()).cloned();
            let demo = (0..DEMO_IMAGES).filter(|_| self.opened.demo).map(demo_name);
            unknown(name, &own.chain(demo).collect::<Vec<_>>(), "image")
        })
    }

    /// An image of the demo, unless an image of that name was opened.
    fn demo_index(&self, name: &str) -> Option<u64> {
        let demo = self.opened.demo && !self.opened.images.contains_key(name);
        (0..DEMO_IMAGES).filter(|_| demo).find(|index| demo_name(*index) == name)
    }
}

fn demo_name(index: u64) -> String {
    match index % 2 {
        0 => format!("healthy-{index}"),
        _ => format!("lesion-{index}"),
    }
}

/// The names with the chosen one first.
fn first(chosen: &Option<String>, names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_by_key(|name| Some(name) != chosen.as_ref());
    names
}

fn named(name: Option<&str>, names: Vec<String>, what: &str) -> Result<String, Refusal> {
    match name {
        Some(name) if names.iter().any(|known| known == name) => Ok(name.to_owned()),
        Some(name) => Err(unknown(name, &names, what)),
        None => names.into_iter().next().ok_or_else(|| {
            let advice = Remedy::advice(format!("name one in the notebook's lacuna.toml, under [{what}s]"));
            Refusal::because(format!("the notebook opened no {what}"), [advice])
        }),
    }
}

fn unknown(name: &str, names: &[String], what: &str) -> Refusal {
    const SHOWN: usize = 20;
    let known = match names.len() {
        0 => "none".to_owned(),
        count if count > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
        _ => names.join(", "),
    };
    let advice = Remedy::advice(format!("name it in the notebook's lacuna.toml, under [{what}s]"));
    Refusal::because(format!("the notebook opened no {what} `{name}`; there is {known}"), [advice])
}

fn reader(image: &DescribedImage) -> Result<Reader, Refusal> {
    let slice = image.slice.as_deref().map(str::parse).transpose();
    let window = image.window.as_deref().map(str::parse).transpose();
    let wrong = |error: lacuna_imaging::Error| Refusal::because(error.to_string(), []);
    Ok(Reader::new(ReadOptions {
        slice: slice.map_err(wrong)?,
        window: window.map_err(wrong)?.unwrap_or_default(),
        non_finite: NonFinite::Refuse,
        ..ReadOptions::default()
    }))
}
