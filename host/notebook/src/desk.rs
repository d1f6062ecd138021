//! What cells ask for, answered by a session.

use crate::{
    answer, drawing,
    opened::Opened,
    pictures::Pictures,
    progress::CellWatch,
    saving,
    screen::Screen,
    shelf::{Seen, Shelf},
    wording::{refusal, undefined},
};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{ClassIndex, Classifier, Device, Generator, ReluRule, Tensor};
use lacuna_runtime::{
    CancelToken, Grant, Limits, MeasureRequest, Need, Plugin, Role, Settings,
    cells::{
        Definition, DefinitionKind, Entry, Explain, Explanation, Form, Images, Interpreter, Kind, Measure, Notebook,
        Refusal, Selected, Standard, Tile,
    },
    measure,
};
use lacuna_session::{
    Chosen, DEFAULT_METHOD, DEFAULT_PERTURBATION, Explainer, Given, Models, Plugins, Provenance, Session, Watch,
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Instant};

/// What a notebook works with.
#[derive(Clone, Debug)]
pub struct Means {
    pub plugins: Arc<Plugins>,
    pub interpreter: Interpreter,
    pub device: Device,
    pub limits: Limits,
    pub opened: Opened,
    pub screen: Arc<dyn Screen>,
}

/// Answers cells.
#[derive(Debug)]
pub struct Desk {
    plugins: Arc<Plugins>,
    interpreter: Interpreter,
    device: Device,
    limits: Limits,
    shelf: Shelf,
    watch: CellWatch,
    screen: Arc<dyn Screen>,
    pictures: Arc<Pictures>,
    /// What cells defined, and the device bytes of the tensors that it refers to.
    defined: BTreeMap<(Role, String), (Plugin, u64)>,
}

/// Definitions of one notebook.
const MOST_DEFINITIONS: usize = 256;
/// Bytes of the code of one definition.
const LARGEST_CODE: usize = 16 << 20;
/// Images that a cell gives at a time.
const MOST_IMAGES: usize = 256;
/// Images that the classifier answers at once.
const PART: usize = 16;

impl Desk {
    /// Answers with these means; `pictures` are shared with whoever shows what cells end with.
    pub fn new(means: Means, pictures: Arc<Pictures>) -> Desk {
        Desk {
            pictures,
            plugins: means.plugins,
            interpreter: means.interpreter,
            device: means.device,
            limits: means.limits,
            shelf: Shelf::new(means.opened),
            watch: CellWatch::new(&means.screen),
            screen: means.screen,
            defined: BTreeMap::new(),
        }
    }

    /// A session for one piece of work; what cells defined has the readback that cells have, and a plugin what the file grants.
    fn session<'a>(&'a self, plugins: &'a Plugins, cancel: &CancelToken) -> Session<'a> {
        let opened = self.shelf.opened();
        let defined = self.defined.keys().filter(|_| opened.readback);
        // No cell can take the name of a plugin that the file opens, so that a grant is that plugin's alone.
        let is_opened = |name: &str| plugins.iter().any(|plugin| plugin.name() == name && !plugin.is_built_in());
        let of_plugins = opened.granted().unwrap_or_default().into_iter().filter(|grant| is_opened(&grant.plugin));
        Session {
            limits: self.limits.clone(),
            granted: defined
                .map(|(_, name)| Grant { plugin: name.clone(), need: Need::Readback })
                .chain(of_plugins)
                .collect(),
            cancel: cancel.clone(),
            ..Session::new(&self.watch, plugins, self.device.clone())
        }
    }

    /// Works on the shelf, with a session beside it.
    fn with_shelf<R>(
        &mut self,
        cancel: &CancelToken,
        work: impl FnOnce(&mut Shelf, &Session<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let mut shelf = std::mem::replace(&mut self.shelf, Shelf::new(Opened::default()));
        let plugins = self.plugins.clone();
        let result = work(&mut shelf, &self.session(&plugins, cancel));
        self.shelf = shelf;
        result
    }

    /// What a cell defined of that name, or the plugin.
    fn plugin(&self, role: Role, name: &str) -> Result<&Plugin, Refusal> {
        match self.defined.get(&(role, name.to_owned())) {
            Some((plugin, _)) => Ok(plugin),
            None => self.plugins.get(role, name).map_err(refusal),
        }
    }

    fn chosen(&self, request: &Explain, session: &Session<'_>) -> Result<Chosen<'_>, Refusal> {
        let name = |selected: &Option<Selected>, default: &str| match selected {
            Some(selected) => selected.name.clone(),
            None => default.to_owned(),
        };
        let method = self.plugin(Role::Method, &name(&request.method, DEFAULT_METHOD))?;
        if !method.uses_perturbation() && request.perturbation.is_some() {
            let text = format!("the method `{}` deletes nothing, and a perturbation was named", method.name());
            let leave = Remedy::advice("leave the perturbation out");
            return Err(Refusal::because(text, [leave, Remedy::another("method")]));
        }
        let perturbation = match method.uses_perturbation() {
            true => Some(self.plugin(Role::Perturbation, &name(&request.perturbation, DEFAULT_PERTURBATION))?),
            false => None,
        };
        let used: Vec<&Plugin> = std::iter::once(method).chain(perturbation).collect();
        let perturbation_settings = perturbation.map(|plugin| settings(plugin, request.perturbation.as_ref()));
        Ok(Chosen {
            method,
            method_settings: settings(method, request.method.as_ref())?,
            perturbation,
            perturbation_settings: perturbation_settings.transpose()?.unwrap_or_default(),
            grants: self.plugins.grants(&session.granted, &used).map_err(refusal)?,
        })
    }
}

impl Notebook for Desk {
    fn print(&mut self, to: Standard, text: &str) -> Result<(), Refusal> {
        self.screen.print(to, text)
    }

    fn display(&mut self, forms: Vec<Form>, id: Option<&str>, update: bool) -> Result<(), Refusal> {
        let forms: Vec<Form> = forms.into_iter().map(|form| self.pictures.fill(form)).collect();
        self.screen.display(&forms, id, update)
    }

    fn clear(&mut self, wait: bool) -> Result<(), Refusal> {
        self.screen.clear(wait)
    }

    fn catalogue(&mut self) -> Vec<Entry> {
        let mut entries = self.shelf.entries();
        let defined = self.defined.values().map(|(plugin, _)| plugin);
        let all = self
            .plugins
            .iter()
            .filter(|plugin| !self.defined.contains_key(&(plugin.role(), plugin.name().to_owned())))
            .chain(defined);
        let mut plugins: Vec<Entry> = all.filter_map(entry).collect();
        // What is taken where nothing is named comes first.
        plugins.sort_by_key(|entry| ![DEFAULT_METHOD, DEFAULT_PERTURBATION].contains(&entry.name.as_str()));
        entries.extend(plugins);
        entries
    }

    fn image(&mut self, name: &str) -> Result<Tensor, Refusal> {
        match self.shelf.image(name)? {
            Seen::Image(image) => {
                let shape = [1, image.channels(), image.height(), image.width()];
                Ok(Tensor::from_data(&self.device, &shape, image.into_data())?)
            }
            Seen::Volume([depth, height, width], values) => {
                Ok(Tensor::from_data(&self.device, &[1, 1, depth, height, width], values)?)
            }
        }
    }

    fn fitted(&mut self, name: &str, classifier: Option<&str>) -> Result<Tensor, Refusal> {
        self.with_shelf(&CancelToken::new(), |shelf, session| {
            let (model, classifier) = shelf.classifier(classifier, session)?;
            let (manifest, shape) = (model.manifest().clone(), classifier.info().shape(1));
            Ok(Tensor::from_data(&session.device, &shape, shelf.fitted(name, &manifest)?)?)
        })
    }

    fn lesion(&mut self, name: &str) -> Result<Tensor, Refusal> {
        let (sizes, values) = self.shelf.lesion(name)?;
        Ok(Tensor::from_data(&self.device, &[&[1, 1], &sizes[..]].concat(), values)?)
    }

    fn classifier(&mut self, name: Option<&str>) -> Result<Classifier, Refusal> {
        self.with_shelf(&CancelToken::new(), |shelf, session| Ok(shelf.classifier(name, session)?.1.clone()))
    }

    fn generator(&mut self, name: Option<&str>) -> Result<Generator, Refusal> {
        self.with_shelf(&CancelToken::new(), |shelf, session| Ok(shelf.generator(name, session)?.1.clone()))
    }

    fn probabilities(&mut self, images: &Tensor, classifier: Option<&str>) -> Result<Vec<Vec<f32>>, Refusal> {
        let classifier = self.classifier(classifier)?;
        check_size(images, &classifier)?;
        let (classes, count) = (classifier.info().classes.len().max(1), images.shape().first().copied().unwrap_or(0));
        let mut rows = Vec::with_capacity(count);
        for start in (0..count).step_by(PART) {
            let part = images.slice(0, start, count.min(start + PART))?;
            let answers = classifier.probabilities(&classifier.logits(&part, ReluRule::Plain)?)?;
            rows.extend(answers.read()?.chunks(classes).map(<[f32]>::to_vec));
        }
        Ok(rows)
    }

    fn explain(&mut self, request: Explain, cancel: &CancelToken) -> Result<Explanation, Refusal> {
        let started = Instant::now();
        let name = self.shelf.classifier_name(request.classifier.as_deref())?;
        self.with_shelf(cancel, |shelf, session| {
            shelf.classifier(Some(&name), session)?;
            shelf.default_generator(request.generator.as_deref(), session)
        })?;
        self.watch.show(request.watched);
        let plugins = self.plugins.clone();
        let session = self.session(&plugins, cancel);
        let loaded = self.shelf.loaded(&name, request.generator.as_deref());
        let Some(((model, classifier), generator)) = loaded else {
            return Err(Refusal::because(format!("`{name}` is gone"), []));
        };
        let (shown, rows) = match &request.images {
            Images::Named(image) => (image.as_str(), vec![self.shelf.fitted(image, model.manifest())?]),
            Images::Values(images) => ("the images of the cell", rows_of(images, classifier)?),
        };
        let target = request.target.as_deref().map(|class| model.class(class)).transpose().map_err(refusal)?;
        let chosen = self.chosen(&request, &session)?;
        let generator = generator.map(|(model, generator)| (model, generator.clone()));
        let models = Models { model, classifier: classifier.clone(), generator };
        let explainer = Explainer { session: &session, models: &models, chosen: &chosen, seed: request.seed, started };
        let given: Vec<Given<'_>> = rows.iter().map(|values| Given { name: shown, values }).collect();
        let label = format!("explaining by {}", chosen.method.name());
        let answers = explainer.run(&label, &given, target).map_err(refusal)?;
        let record = json!({
            "images": shown,
            "classifier": model.record(),
            "generator": models.generator.as_ref().map(|(model, _)| model.record()),
            "run": answers.first().map(|answer| &answer.batch.run),
            "program": Provenance::now(Some(&self.device)),
        });
        answer::explanation(&answers, &rows, classifier, &chosen, started, record.to_string())
    }

    fn measure(&mut self, request: Measure, cancel: &CancelToken) -> Result<Vec<Option<f64>>, Refusal> {
        let classifier = self.classifier(request.classifier.as_deref())?;
        check_size(&request.images, &classifier)?;
        let plugins = self.plugins.clone();
        let session = self.session(&plugins, cancel);
        let metric = self.plugin(Role::Metric, &request.metric.name)?;
        let perturbation = match metric.uses_perturbation() {
            true => Some(self.plugin(Role::Perturbation, DEFAULT_PERTURBATION)?),
            false => None,
        };
        let used: Vec<&Plugin> = std::iter::once(metric).chain(perturbation).collect();
        let targets = request.targets.iter().map(|target| ClassIndex(*target)).collect();
        let wanted = MeasureRequest {
            perturbation,
            masks: request.masks,
            metric_settings: settings(metric, Some(&request.metric))?,
            seed: request.seed,
            limits: self.limits.clone(),
            grants: self.plugins.grants(&session.granted, &used).map_err(refusal)?,
            messages: self.watch.messages(),
            cancel: cancel.clone(),
            ..MeasureRequest::new(metric, &classifier, request.images, request.maps, targets)
        };
        measure(session.host(), wanted).map_err(|error| refusal(error.into()))
    }

    fn picture(&mut self, tiles: Vec<Tile>, columns: u32, width: u32) -> Result<Vec<u8>, Refusal> {
        let picture = drawing::picture(&tiles, columns as usize, width as usize)?;
        // Its bytes have every pixel in them.
        Ok(if self.shelf.opened().readback { picture } else { self.pictures.keep(picture) })
    }

    fn define(&mut self, definition: Definition, cancel: &CancelToken) -> Result<(), Refusal> {
        let role = match definition.kind {
            DefinitionKind::Perturbation => Role::Perturbation,
            DefinitionKind::Method => Role::Method,
            DefinitionKind::Metric => Role::Metric,
        };
        if self.plugins.iter().any(|plugin| plugin.role() == role && plugin.name() == definition.name) {
            let text = format!("there is a {role} `{}` already, which no cell defined", definition.name);
            return Err(Refusal::because(text, [Remedy::advice("give the definition another name")]));
        }
        let foreign = |plugin: &&Plugin| plugin.name() == definition.name && !plugin.is_built_in();
        if let Some(plugin) = self.plugins.iter().find(foreign) {
            // What cells may read is granted by name.
            let text = format!("{} has the name `{}` already", plugin.id(), definition.name);
            return Err(Refusal::because(text, [Remedy::advice("give the definition another name")]));
        }
        let refused =
            |text: String| Err(Refusal::because(text, [Remedy::advice("start the kernel anew, or define less")]));
        let key = (role, definition.name.clone());
        if !self.defined.contains_key(&key) && self.defined.len() >= MOST_DEFINITIONS {
            return refused(format!("cells defined {MOST_DEFINITIONS} plugins, and no more are kept"));
        }
        if definition.code.len() > LARGEST_CODE {
            let bytes = definition.code.len();
            return refused(format!("the definition has {bytes} bytes of code, at most {LARGEST_CODE} are carried"));
        }
        // The definition keeps its tensors alive, whatever becomes of the cell's own.
        let bytes: u64 = definition.tensors.iter().map(Tensor::bytes).sum();
        let others: u64 = self.defined.iter().filter(|(other, _)| **other != key).map(|(_, (_, bytes))| bytes).sum();
        let (wanted, allowed) = (others.saturating_add(bytes), self.limits.device_bytes);
        if wanted > allowed {
            return refused(format!(
                "the tensors that definitions refer to would take {wanted} bytes, and the limit `device-memory` is {allowed}"
            ));
        }
        let readback = self.shelf.opened().readback;
        let plugin = self.interpreter.define(&self.plugins.host, definition, readback, cancel);
        let plugin = plugin.map_err(|error| match cancel.is_cancelled() {
            true => Refusal::Cancelled,
            false => undefined(&error),
        })?;
        self.watch.hear(&key.1);
        self.defined.insert(key, (plugin, bytes));
        Ok(())
    }

    fn save(&mut self, name: &str, files: Vec<(String, String)>) -> Result<String, Refusal> {
        let opened = self.shelf.opened();
        let Some(parent) = &opened.save else {
            let advice = Remedy::advice("name a folder as `save` in the notebook's lacuna.toml");
            return Err(Refusal::because("the notebook may not write files", [advice]));
        };
        let parent = opened.path(parent);
        saving::write_folder(&parent, name, &files)
            .map_err(|problem| Refusal::because(format!("{}: {problem}", parent.join(name).display()), []))
    }
}

fn entry(plugin: &Plugin) -> Option<Entry> {
    let kind = match plugin.role() {
        Role::Method => Kind::Method,
        Role::Perturbation => Kind::Perturbation,
        Role::Metric => Kind::Metric,
        Role::Classifier | Role::Interpreter => return None,
    };
    let info = plugin.info();
    Some(Entry {
        kind,
        name: info.name.clone(),
        summary: info.summary.clone(),
        parameters: info.parameters.clone(),
        deletes: plugin.uses_perturbation(),
    })
}

fn settings(plugin: &Plugin, selected: Option<&Selected>) -> Result<Settings, Refusal> {
    let given = selected.map(|selected| selected.settings.as_slice()).unwrap_or_default();
    let texts: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let parsed = Settings::parse(plugin.info(), None, &texts);
    parsed.map_err(|error| Refusal::because(format!("{}: {error}", plugin.id()), []))
}

/// Images that a cell made have to be what the classifier takes.
fn check_size(images: &Tensor, classifier: &Classifier) -> Result<(), Refusal> {
    let shape = images.shape();
    let expected = classifier.info().shape(1);
    if shape.get(1..) == expected.get(1..) && shape.first().is_some_and(|count| *count > 0) {
        return match shape.first() {
            Some(count) if *count > MOST_IMAGES => {
                let text = format!("there are {count} images, at most {MOST_IMAGES} are taken at a time");
                Err(Refusal::because(text, [Remedy::advice("give them in parts")]))
            }
            _ => Ok(()),
        };
    }
    let sizes: Vec<String> = expected.iter().skip(1).map(usize::to_string).collect();
    let text = format!("the images have shape {shape:?}, and the classifier takes (N, {})", sizes.join(", "));
    Err(Refusal::because(text, [Remedy::advice("resize them, or take the image as the classifier takes it")]))
}

fn rows_of(images: &Tensor, classifier: &Classifier) -> Result<Vec<Vec<f32>>, Refusal> {
    check_size(images, classifier)?;
    let length = images.elements() / images.shape().first().copied().unwrap_or(1).max(1);
    let values = images.read()?;
    if let Some(found) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        // The value itself would be a number that was read back.
        let side = if *found < 0.0 { "below 0" } else { "above 1, or not a number" };
        let text = format!("the images have values {side}, expected numbers in [0, 1]");
        return Err(Refusal::because(text, [Remedy::advice("clip them to [0, 1]")]));
    }
    Ok(values.chunks(length.max(1)).map(<[f32]>::to_vec).collect())
}
