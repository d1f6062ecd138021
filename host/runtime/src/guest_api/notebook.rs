//! `notebook` as a cell imports it: forwarded to what the door put behind the interpreter.

use super::{
    fault::{Fault, check_length, sizes},
    handles::{ClassifierHandle, GeneratorHandle, TensorHandle},
};
use crate::{
    bindings::{
        cells::lacuna::cells::notebook as wit,
        method::lacuna::explain::{errors, findings as wit_findings, parameters, remedies as wit_remedies},
    },
    cells::{
        adopted::MOST_TENSORS,
        notebook::{
            self, Definition, DefinitionKind, Explain, Form, Images, Kind, Measure, Notebook, Refusal, Selected,
            Standard, Tile,
        },
    },
    plugin::{
        description::{MOST_PARAMETERS, Parameter, ParameterKind},
        settings::Value,
    },
    run::{cancel::CancelToken, record::MessageLevel, state::PluginState},
    text,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use lacuna_diagnostic::{Change, Finding, Remedy};
use lacuna_engine::Tensor;
use std::time::Instant;
use wasmtime::component::Resource;

/// Forms of one thing that is shown.
const MOST_FORMS: usize = 16;
/// Tiles of one picture.
const MOST_TILES: usize = 256;
/// Files of one folder that is saved.
const MOST_FILES: usize = 64;
/// Characters of a name.
const LONGEST_NAME: usize = 200;

impl wit::Host for PluginState {
    fn print(&mut self, to: wit::Standard, text: String) -> Result<(), Fault> {
        self.begin()?;
        let to = match to {
            wit::Standard::Output => Standard::Output,
            wit::Standard::Error => Standard::Error,
        };
        self.ask(|notebook, _| notebook.print(to, &text))
    }

    fn display(&mut self, forms: Vec<wit::Form>, id: Option<String>, update: bool) -> Result<(), Fault> {
        self.begin()?;
        check_length("notebook.display", "forms", forms.len(), MOST_FORMS)?;
        let (forms, id) = (forms.into_iter().map(Form::from).collect(), id.map(|id| name(&id)));
        self.ask(|notebook, _| notebook.display(forms, id.as_deref(), update))
    }

    fn clear(&mut self, wait: bool) -> Result<(), Fault> {
        self.begin()?;
        self.ask(|notebook, _| notebook.clear(wait))
    }

    fn catalogue(&mut self) -> wasmtime::Result<Vec<wit::Entry>> {
        self.begin_query()?;
        let entries = self.notebook.as_mut().map(|notebook| notebook.catalogue()).unwrap_or_default();
        Ok(entries.into_iter().map(entry).collect())
    }

    fn open_image(&mut self, image: String) -> Result<Resource<TensorHandle>, Fault> {
        self.begin()?;
        let image = self.ask(|notebook, _| notebook.image(&name(&image)))?;
        self.keep(image, [])
    }

    fn fitted(&mut self, image: String, classifier: Option<String>) -> Result<Resource<TensorHandle>, Fault> {
        self.begin()?;
        let classifier = classifier.map(|classifier| name(&classifier));
        let image = self.ask(|notebook, _| notebook.fitted(&name(&image), classifier.as_deref()))?;
        self.keep(image, [])
    }

    fn lesion(&mut self, image: String) -> Result<Resource<TensorHandle>, Fault> {
        self.begin()?;
        let lesion = self.ask(|notebook, _| notebook.lesion(&name(&image)))?;
        self.keep(lesion, [])
    }

    fn open_classifier(&mut self, classifier: Option<String>) -> Result<Resource<ClassifierHandle>, Fault> {
        self.begin()?;
        let classifier = classifier.map(|classifier| name(&classifier));
        let classifier = self.ask(|notebook, _| notebook.classifier(classifier.as_deref()))?;
        self.push(ClassifierHandle(classifier))
    }

    fn open_generator(&mut self, generator: Option<String>) -> Result<Resource<GeneratorHandle>, Fault> {
        self.begin()?;
        let generator = generator.map(|generator| name(&generator));
        let generator = self.ask(|notebook, _| notebook.generator(generator.as_deref()))?;
        self.push(GeneratorHandle(generator))
    }

    fn probabilities(
        &mut self,
        images: Resource<TensorHandle>,
        classifier: Option<String>,
    ) -> Result<Vec<Vec<f32>>, Fault> {
        self.begin()?;
        let (images, classifier) = (self.tensor(&images)?.tensor, classifier.map(|classifier| name(&classifier)));
        let images = outside("notebook.probabilities", images)?;
        self.ask(|notebook, _| notebook.probabilities(&images, classifier.as_deref()))
    }

    fn explain(&mut self, request: wit::Request) -> Result<wit::Explanation, Fault> {
        self.begin()?;
        let images = match request.subject {
            wit::Subject::Named(image) => Images::Named(name(&image)),
            wit::Subject::Values(images) => Images::Values(Box::new(self.taken("notebook.explain", images)?)),
        };
        let wanted = Explain {
            images,
            target: request.target.map(|target| name(&target)),
            classifier: request.classifier.map(|classifier| name(&classifier)),
            generator: request.generator.map(|generator| name(&generator)),
            method: request.method.map(selected).transpose()?,
            perturbation: request.perturbation.map(selected).transpose()?,
            seed: request.seed,
            watched: request.watched,
        };
        let found = self.ask(|notebook, cancel| notebook.explain(wanted, cancel))?;
        let mut extras = Vec::with_capacity(found.extras.len());
        for (name, role, value) in found.extras {
            extras.push(wit::Extra { name, role, value: self.keep(value, [])? });
        }
        Ok(wit::Explanation {
            images: self.keep(found.images, [])?,
            map: self.keep(found.map, [])?,
            extras,
            answers: found.answers.into_iter().map(answered).collect(),
            findings: found.findings.into_iter().map(finding).collect(),
            method: found.method,
            perturbation: found.perturbation,
            seconds: found.seconds,
            record: found.record,
        })
    }

    fn measure(&mut self, request: wit::Measurement) -> Result<Vec<Option<f64>>, Fault> {
        self.begin()?;
        let wanted = Measure {
            metric: selected(request.metric)?,
            images: self.taken("notebook.measure", request.images)?,
            maps: self.taken("notebook.measure", request.maps)?,
            masks: request.masks.map(|masks| self.taken("notebook.measure", masks)).transpose()?,
            targets: request.targets.into_iter().map(|target| target as usize).collect(),
            classifier: request.classifier.map(|classifier| name(&classifier)),
            seed: request.seed,
        };
        self.ask(|notebook, cancel| notebook.measure(wanted, cancel))
    }

    fn picture(&mut self, tiles: Vec<wit::Tile>, columns: u32, width: u32) -> Result<Vec<u8>, Fault> {
        self.begin()?;
        check_length("notebook.picture", "tiles", tiles.len(), MOST_TILES)?;
        let mut drawn = Vec::with_capacity(tiles.len());
        for tile in tiles {
            drawn.push(Tile {
                title: text::clean(&tile.title, LONGEST_NAME),
                image: tile.image.map(|image| self.taken("notebook.picture", image)).transpose()?,
                map: tile.map.map(|map| self.taken("notebook.picture", map)).transpose()?,
            });
        }
        self.ask(|notebook, _| notebook.picture(drawn, columns, width))
    }

    fn define(
        &mut self,
        kind: wit::DefinitionKind,
        defined: String,
        code: String,
        tensors: Vec<Resource<TensorHandle>>,
        deletes: bool,
    ) -> Result<(), Fault> {
        self.begin()?;
        check_length("notebook.define", "tensors", tensors.len(), MOST_TENSORS)?;
        let kind = match kind {
            wit::DefinitionKind::Perturbation => DefinitionKind::Perturbation,
            wit::DefinitionKind::Method => DefinitionKind::Method,
            wit::DefinitionKind::Metric => DefinitionKind::Metric,
        };
        let tensors = tensors.iter().map(|tensor| Ok(self.tensor(tensor)?.tensor)).collect::<Result<_, Fault>>()?;
        let refused =
            |error: base64::DecodeError| Fault::argument("notebook.define", "code", "Base64", error.to_string());
        let code = BASE64_STANDARD.decode(&code).map_err(refused)?;
        let definition = Definition { kind, name: name(&defined), code, tensors, deletes };
        self.ask(|notebook, cancel| notebook.define(definition, cancel))
    }

    fn save(&mut self, folder: String, files: Vec<wit::File>) -> Result<String, Fault> {
        self.begin()?;
        check_length("notebook.save", "files", files.len(), MOST_FILES)?;
        let files = files.into_iter().map(|file| (name(&file.path), file.text)).collect();
        self.ask(|notebook, _| notebook.save(&name(&folder), files))
    }
}

impl PluginState {
    /// Asks the notebook. What it does has clocks of its own and does not count as the cell's.
    fn ask<R>(&mut self, work: impl FnOnce(&mut dyn Notebook, &CancelToken) -> Result<R, Refusal>) -> Result<R, Fault> {
        let shared = self.shared().clone();
        let none =
            || Fault::unsupported("a definition runs without its notebook: it gets what it is called with alone");
        let notebook = self.notebook.as_deref_mut().ok_or_else(none)?;
        let start = Instant::now();
        let answer = work(notebook, shared.watch.cancel());
        shared.watch.extend(start.elapsed());
        answer.map_err(|refusal| match refusal {
            Refusal::Cancelled => Fault::Guest(errors::Error::Cancelled),
            Refusal::Because { text, remedies } => Fault::Guest(errors::Error::Unsupported(errors::Refusal {
                text,
                remedies: remedies.into_iter().map(remedy).collect(),
            })),
        })
    }

    /// A tensor that the guest gave away, outside the gradient graph.
    fn taken(&mut self, operation: &'static str, handle: Resource<TensorHandle>) -> Result<Tensor, Fault> {
        let handle = self.table().delete(handle)?;
        outside(operation, handle.tensor)
    }

    /// Shows what the interpreter said by other ways than the notebook's.
    pub(crate) fn show_messages(&mut self) {
        let messages = self.shared().journal.take().into_messages();
        if let Some(notebook) = &mut self.notebook {
            for message in messages {
                let to = if message.level == MessageLevel::Warning { Standard::Error } else { Standard::Output };
                // Who has nobody to show it to has ended already.
                let _ = notebook.print(to, &format!("{}\n", message.text));
            }
        }
    }
}

fn outside(operation: &'static str, tensor: Tensor) -> Result<Tensor, Fault> {
    tensor.detach().map_err(|error| Fault::of_engine(operation, error))
}

fn name(text: &str) -> String {
    text::clean(text, LONGEST_NAME)
}

fn selected(selection: wit::Selection) -> Result<Selected, Fault> {
    check_length("notebook.explain", "settings", selection.settings.len(), MOST_PARAMETERS)?;
    let settings = selection.settings.into_iter().map(|setting| (name(&setting.name), Value::from(setting.value)));
    Ok(Selected { name: name(&selection.name), settings: settings.collect() })
}

fn answered(answered: notebook::Answered) -> wit::Answered {
    wit::Answered {
        target: sizes(&[answered.target]).first().copied().unwrap_or_default(),
        class_name: answered.class_name,
        probability: answered.probability,
        probability_after: answered.probability_after,
    }
}

fn entry(entry: notebook::Entry) -> wit::Entry {
    let kind = match entry.kind {
        Kind::Image => wit::Kind::Image,
        Kind::Volume => wit::Kind::Volume,
        Kind::Classifier => wit::Kind::Classifier,
        Kind::Generator => wit::Kind::Generator,
        Kind::Method => wit::Kind::Method,
        Kind::Perturbation => wit::Kind::Perturbation,
        Kind::Metric => wit::Kind::Metric,
    };
    let parameters = entry.parameters.into_iter().map(parameter).collect();
    wit::Entry { kind, name: entry.name, summary: entry.summary, parameters, deletes: entry.deletes }
}

fn parameter(parameter: Parameter) -> wit::Parameter {
    let (default, range, options) = match parameter.kind {
        ParameterKind::Number { default, minimum, maximum } => {
            (parameters::Value::Number(default), Some((minimum, maximum)), Vec::new())
        }
        ParameterKind::Integer { default, minimum, maximum } => {
            (parameters::Value::Integer(default), Some((minimum as f64, maximum as f64)), Vec::new())
        }
        ParameterKind::Choice { default, options } => (parameters::Value::Choice(default), None, options),
        ParameterKind::Flag { default } => (parameters::Value::Flag(default), None, Vec::new()),
        ParameterKind::Text { default } => (parameters::Value::Text(default), None, Vec::new()),
    };
    wit::Parameter {
        name: parameter.name,
        summary: parameter.summary,
        default,
        minimum: range.map(|range| range.0),
        maximum: range.map(|range| range.1),
        options,
        unit: parameter.unit,
        source: parameter.source,
    }
}

fn finding(finding: Finding) -> wit_findings::Finding {
    wit_findings::Finding {
        image: finding.image.and_then(|image| u32::try_from(image).ok()),
        code: finding.code,
        text: finding.text,
        remedies: finding.remedies.into_iter().map(remedy).collect(),
    }
}

/// What to change, as the contract has it. What the contract has no word for becomes advice.
fn remedy(remedy: Remedy) -> wit_remedies::Remedy {
    use wit_remedies::{Adjustment, Choice, Direction, Remedy as Wit};
    let adjust = |parameter: &str, direction| Wit::Adjust(Adjustment { parameter: parameter.to_owned(), direction });
    match &remedy {
        Remedy::Set { plugin: Some(_), name, to } => match to {
            Change::Value(value) => Wit::Set(parameters::Setting { name: name.clone(), value: typed(value) }),
            Change::Larger => adjust(name, Direction::Larger),
            Change::Smaller => adjust(name, Direction::Smaller),
            Change::Another | Change::One => adjust(name, Direction::Another),
            Change::On => Wit::Set(parameters::Setting { name: name.clone(), value: parameters::Value::Flag(true) }),
        },
        Remedy::Set { plugin: None, name, to: Change::Another | Change::One } => match name.as_str() {
            "target" => Wit::Choose(Choice::Target),
            "method" => Wit::Choose(Choice::Method),
            "perturbation" => Wit::Choose(Choice::Perturbation),
            "classifier" => Wit::Choose(Choice::Classifier),
            "generator" => Wit::Choose(Choice::Generator),
            _ => Wit::Advice(remedy.to_string()),
        },
        // An option of the run is what a cell gives as an argument, as it gives parameters.
        Remedy::Set { plugin: None, name, to: Change::Value(value) } => {
            Wit::Set(parameters::Setting { name: name.clone(), value: typed(value) })
        }
        other => Wit::Advice(other.to_string()),
    }
}

/// A value that a remedy has as text.
fn typed(text: &str) -> parameters::Value {
    let integer = text.parse().map(parameters::Value::Integer).ok();
    let number = || text.parse().map(parameters::Value::Number).ok();
    let flag = || text.parse().map(parameters::Value::Flag).ok();
    integer.or_else(number).or_else(flag).unwrap_or_else(|| parameters::Value::Text(text.to_owned()))
}
