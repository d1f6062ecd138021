//! What cells ask for, answered by a session.

use crate::{
    drawing,
    opened::Opened,
    progress::CellWatch,
    screen::Screen,
    shelf::{Seen, Shelf, refusal},
};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{ClassIndex, Classifier, Device, Generator, ReluRule, Tensor};
use lacuna_runtime::{
    CancelToken, Grant, Limits, MeasureRequest, Need, Plugin, Role, Settings,
    cells::{
        Answered, Definition, DefinitionKind, Entry, Explain, Explanation, Form, Images, Interpreter, Kind, Measure,
        Notebook, Refusal, Selected, Standard, Tile,
    },
    measure,
};
use lacuna_session::{
    Answer, Chosen, DEFAULT_METHOD, DEFAULT_PERTURBATION, Explainer, Given, Models, Plugins, Provenance, Session,
};
use serde_json::json;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Instant};

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
    /// What cells defined.
    defined: BTreeMap<(Role, String), Plugin>,
}

/// The first line of a folder's mark, by which a folder that a cell wrote is known.
const MARK: &str = ".lacuna-saved";

impl Desk {
    pub fn new(means: Means) -> Desk {
        Desk {
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

    /// A session for one piece of work; what cells defined has the readback that cells have.
    fn session<'a>(&'a self, plugins: &'a Plugins, cancel: &CancelToken) -> Session<'a> {
        let readback = self.shelf.opened().readback;
        let defined = self.defined.keys().filter(|_| readback);
        Session {
            limits: self.limits.clone(),
            granted: defined.map(|(_, name)| Grant { plugin: name.clone(), need: Need::Readback }).collect(),
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
            Some(plugin) => Ok(plugin),
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
        self.screen.display(&forms, id, update)
    }

    fn clear(&mut self, wait: bool) -> Result<(), Refusal> {
        self.screen.clear(wait)
    }

    fn catalogue(&mut self) -> Vec<Entry> {
        let mut entries = self.shelf.entries();
        let defined = self.defined.values();
        let all = self.plugins.iter().filter(|plugin| !self.defined.contains_key(&key(plugin))).chain(defined);
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
        let (height, width, values) = self.shelf.lesion(name)?;
        Ok(Tensor::from_data(&self.device, &[1, 1, height, width], values)?)
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
        let answers = classifier.probabilities(&classifier.logits(images, ReluRule::Plain)?)?;
        let classes = classifier.info().classes.len().max(1);
        Ok(answers.read()?.chunks(classes).map(<[f32]>::to_vec).collect())
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
        explanation(&answers, &rows, classifier, &chosen, started, record.to_string())
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
            cancel: cancel.clone(),
            ..MeasureRequest::new(metric, &classifier, request.images, request.maps, targets)
        };
        measure(session.host(), wanted).map_err(|error| refusal(error.into()))
    }

    fn picture(&mut self, tiles: Vec<Tile>, columns: u32, width: u32) -> Result<Vec<u8>, Refusal> {
        drawing::picture(&tiles, columns as usize, width as usize)
    }

    fn define(&mut self, definition: Definition) -> Result<(), Refusal> {
        let role = match definition.kind {
            DefinitionKind::Perturbation => Role::Perturbation,
            DefinitionKind::Method => Role::Method,
            DefinitionKind::Metric => Role::Metric,
        };
        if self.plugins.iter().any(|plugin| plugin.role() == role && plugin.name() == definition.name) {
            let text = format!("there is a {role} `{}` already, which no cell defined", definition.name);
            return Err(Refusal::because(text, [Remedy::advice("give the definition another name")]));
        }
        let plugin = self.interpreter.define(&self.plugins.host, definition, self.shelf.opened().readback);
        let plugin = plugin.map_err(|error| Refusal::because(error.to_string(), []))?;
        self.defined.insert(key(&plugin), plugin);
        Ok(())
    }

    fn save(&mut self, name: &str, files: Vec<(String, String)>) -> Result<String, Refusal> {
        let opened = self.shelf.opened();
        let Some(parent) = &opened.save else {
            let advice = Remedy::advice("name a folder as `save` in the notebook's file of grants");
            return Err(Refusal::because("the notebook may not write files", [advice]));
        };
        let parent = opened.path(parent);
        write_folder(&parent, name, &files)
            .map_err(|problem| Refusal::because(format!("{}: {problem}", parent.join(name).display()), []))
    }
}

fn key(plugin: &Plugin) -> (Role, String) {
    (plugin.role(), plugin.name().to_owned())
}

fn entry(plugin: &Plugin) -> Option<Entry> {
    let kind = match plugin.role() {
        Role::Method => Kind::Method,
        Role::Perturbation => Kind::Perturbation,
        Role::Metric => Kind::Metric,
        Role::Classifier | Role::Interpreter => return None,
    };
    let info = plugin.info();
    Some(Entry { kind, name: info.name.clone(), summary: info.summary.clone(), parameters: info.parameters.clone() })
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
        return Ok(());
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
        let text = format!("the images have the value {found}, expected numbers in [0, 1]");
        return Err(Refusal::because(text, [Remedy::advice("clip them to [0, 1]")]));
    }
    Ok(values.chunks(length.max(1)).map(<[f32]>::to_vec).collect())
}

/// What came out, as tensors on the device.
fn explanation(
    answers: &[Answer],
    rows: &[Vec<f32>],
    classifier: &Classifier,
    chosen: &Chosen<'_>,
    started: Instant,
    record: String,
) -> Result<Explanation, Refusal> {
    let (device, shape) = (classifier.device(), classifier.info().shape(rows.len()));
    let one_channel: Vec<usize> =
        shape.iter().enumerate().map(|(axis, size)| if axis == 1 { 1 } else { *size }).collect();
    let map = answers.iter().flat_map(|answer| answer.map.iter().copied()).collect();
    let first = answers.first().map(|answer| answer.extras.as_slice()).unwrap_or_default();
    let mut extras = Vec::new();
    for (index, extra) in first.iter().enumerate() {
        let shape: Vec<usize> = std::iter::once(answers.len()).chain(extra.shape.iter().copied()).collect();
        let of_all = answers.iter().filter_map(|answer| answer.extras.get(index));
        let values = of_all.flat_map(|extra| extra.data.iter().copied()).collect();
        let role = match extra.name.as_str() {
            name @ ("perturbed" | "counterfactual" | "mask") => name,
            _ => "other",
        };
        extras.push((extra.name.clone(), role.to_owned(), Tensor::from_data(device, &shape, values)?));
    }
    let mut findings = Vec::new();
    for (row, answer) in answers.iter().enumerate() {
        for finding in &answer.findings {
            findings.push(lacuna_diagnostic::Finding { image: Some(row), ..finding.clone() });
        }
    }
    let answered = |answer: &Answer| Answered {
        target: answer.target.index,
        class_name: answer.target.name.clone(),
        probability: answer.target.probability_before,
        probability_after: answer.target.probability_after,
    };
    Ok(Explanation {
        images: Tensor::from_data(device, &shape, rows.iter().flatten().copied().collect())?,
        map: Tensor::from_data(device, &one_channel, map)?,
        extras,
        answers: answers.iter().map(answered).collect(),
        findings,
        method: chosen.method.name().to_owned(),
        perturbation: chosen.perturbation.map(|plugin| plugin.name().to_owned()),
        seconds: started.elapsed().as_secs_f64(),
        record,
    })
}

/// Writes a folder whole: beside its place, then renamed. Returns its path.
fn write_folder(parent: &Path, name: &str, files: &[(String, String)]) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return Err("a folder's name is made of letters, digits, `-` and `_`".to_owned());
    }
    let target = parent.join(name);
    if target.exists() && !target.join(MARK).is_file() {
        return Err("there is a folder of this name that no cell wrote; choose another name or move it away".to_owned());
    }
    fs::create_dir_all(parent).map_err(|error| error.to_string())?;
    let staged = tempfile::Builder::new().prefix(".lacuna-").tempdir_in(parent).map_err(|error| error.to_string())?;
    for (path, text) in files {
        let parts: Vec<&str> = path.split('/').collect();
        let fine =
            |part: &&str| !part.is_empty() && part.chars().all(|c| plain(c) || c == '.') && !part.starts_with('.');
        if !parts.iter().all(fine) {
            return Err(format!("`{path}` is no path of a file below it"));
        }
        let file = parts.iter().fold(staged.path().to_owned(), |folder, part| folder.join(part));
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        fs::write(&file, text).map_err(|error| error.to_string())?;
    }
    fs::write(staged.path().join(MARK), "a cell of a Lacuna notebook wrote this folder\n")
        .map_err(|e| e.to_string())?;
    if target.exists() {
        let old = tempfile::Builder::new().prefix(".lacuna-").tempdir_in(parent).map_err(|error| error.to_string())?;
        fs::rename(&target, old.path().join("old")).map_err(|error| error.to_string())?;
    }
    fs::rename(staged.keep(), &target).map_err(|error| error.to_string())?;
    Ok(target.display().to_string())
}
