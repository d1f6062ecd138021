//! A classifier's manifest and files: read once, hashed, loaded. [`component`] does so where a classifier is a component,
//! [`generator`] with models of healthy images.

mod component;
mod generator;

pub use component::Trust;
pub use generator::GeneratorModel;

use crate::{
    error::{Error, Result},
    hash,
    session::Session,
    watch::Watch,
};
use lacuna_diagnostic::{Place, Remedy};
use lacuna_engine::{ClassIndex, Classifier, Device, Manifest, ModelFiles};
use lacuna_imaging::read_regular;
use lacuna_runtime::{CancelToken, Settings};
use schemars::JsonSchema;
use serde::Serialize;
use std::{io, path::Path};

/// A manifest that was read, before its network is loaded.
#[derive(Debug)]
pub struct Model {
    manifest: Manifest,
    files: ModelFiles,
    record: ModelRecord,
    allow_command: bool,
    /// Ends a program.
    cancel: CancelToken,
    /// A component is opened to learn what it is.
    opened: Option<Classifier>,
}

/// What the record of a run says of the classifier.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModelRecord {
    pub name: String,
    pub source: String,
    pub manifest: String,
    /// SHA-256 of the manifest.
    pub sha256: String,
    /// The graph, or the weights; of a program the files among its arguments.
    pub files: Vec<FileRecord>,
    /// Parameters of a component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileRecord {
    pub name: String,
    pub sha256: String,
}

impl Model {
    /// Reads a manifest from a file, or opens a component.
    ///
    /// # Errors
    /// A file that cannot be read or used; [`Error::Stopped`].
    pub fn read(path: &Path, trust: &Trust, session: &Session<'_>) -> Result<Model> {
        if component::is_component(path) {
            return Model::component(path, trust, session);
        }
        let shown = path.display().to_string();
        let text = read_manifest(path, "a classifier's .toml manifest, or a .wasm classifier", "classifier")?;
        let mut model = Model::new(&shown, &text, folder_of(path))?;
        model.allow_command = trust.command;
        model.cancel = session.cancel.clone();
        if let (true, Some(command), ModelFiles::Folder(folder)) =
            (trust.command, &model.manifest.model.command, &model.files)
        {
            // Files among a program's arguments, its script for example.
            let files = command.iter().map(|argument| (argument, folder.join(argument)));
            for (name, file) in files.filter(|(_, file)| file.is_file()) {
                let sha256 = hash::of_file(&file).map_err(|error| {
                    let found = format!("`{name}` cannot be read ({error})");
                    Error::input(&shown, found, [Remedy::advice("make the file readable")])
                })?;
                model.record.files.push(FileRecord { name: name.clone(), sha256 });
            }
        }
        Ok(model)
    }

    fn component(path: &Path, trust: &Trust, session: &Session<'_>) -> Result<Model> {
        let (plugin, settings, classifier) = component::open(path, trust, session)?;
        let info = classifier.info();
        let name = plugin.name();
        let one = info.shape(1);
        let manifest =
            Manifest::of_black_box((name, plugin.origin()), info.classes.clone(), info.activation, &one[1..])?;
        let record = ModelRecord {
            name: name.to_owned(),
            source: format!("classifier plugin {} {}", name, plugin.info().version),
            manifest: plugin.origin().to_owned(),
            sha256: plugin.sha256().to_owned(),
            files: Vec::new(),
            settings: Some(settings),
        };
        let files = folder_of(path);
        Ok(Model {
            manifest,
            files,
            record,
            allow_command: false,
            cancel: CancelToken::new(),
            opened: Some(classifier),
        })
    }

    /// The manifest in `text`; `shown` names it in messages.
    ///
    /// # Errors
    /// A manifest that says something wrong, and files of it that cannot be read.
    pub fn new(shown: &str, text: &str, files: ModelFiles) -> Result<Model> {
        let manifest = Manifest::parse(shown, text)?;
        let parts = [&manifest.model.graph, &manifest.model.weights];
        let record = ModelRecord::new(shown, text, (&manifest.name, &manifest.source), &parts, &files)?;
        Ok(Model { manifest, files, record, allow_command: false, cancel: CancelToken::new(), opened: None })
    }

    /// Loads the network onto a device, or starts the program.
    ///
    /// # Errors
    /// A network that cannot be used, a program that is not allowed or does not start, and [`Error::Stopped`].
    pub fn load(&self, watch: &dyn Watch, device: &Device) -> Result<Classifier> {
        if let Some(classifier) = &self.opened {
            return Ok(classifier.clone());
        }
        let waiting = watch.wait(&format!("loading the model `{}`", self.manifest.name));
        if self.manifest.model.command.is_some() && self.allow_command {
            let stop = self.cancel.clone();
            let stop = Box::new(move || stop.is_cancelled());
            let started = Classifier::start(&self.record.manifest, &self.manifest, &self.files, device, stop);
            return started.map_err(|error| match self.cancel.is_cancelled() {
                true => Error::Stopped,
                false => Error::Start(error),
            });
        }
        let classifier = Classifier::from_manifest(&self.record.manifest, &self.manifest, &self.files, device);
        let classifier = classifier.map_err(|error| match &self.manifest.model.command {
            Some(_) => match error {
                lacuna_engine::Error::Model(found) => Error::not_allowed(&self.record.manifest, &found),
                other => other.into(),
            },
            None => error.into(),
        })?;
        self.record.unchanged(&self.files)?;
        drop(waiting);
        for note in &classifier.info().notes {
            watch.warn(&format!("{}: {note}", self.manifest.name));
        }
        Ok(classifier)
    }

    /// Loads it for work on images.
    ///
    /// # Errors
    /// Those of [`Model::load`], and a classifier of volumes.
    pub fn load_for_images(&self, watch: &dyn Watch, device: &Device) -> Result<Classifier> {
        match self.manifest.input.depth {
            None => self.load(watch, device),
            Some(depth) => Err(Error::input(
                &self.record.manifest,
                format!("it takes volumes of {depth} slices, expected a classifier of images"),
                [
                    Remedy::advice("choose a classifier of images"),
                    Remedy::All { of: vec![Remedy::advice("explain whole volumes"), Remedy::on("volume")] },
                ],
            )),
        }
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub fn record(&self) -> &ModelRecord {
        &self.record
    }

    /// The class that a user names, by its name or its index.
    ///
    /// # Errors
    /// A text that names none.
    pub fn class(&self, text: &str) -> Result<ClassIndex> {
        let classes = &self.manifest.output.classes;
        let same = |name: &&String| name.eq_ignore_ascii_case(text);
        let by_name = classes.iter().position(|name| name == text);
        let by_index = || text.parse().ok().filter(|index| *index < classes.len());
        let by_case = || match classes.iter().filter(same).count() {
            1 => classes.iter().position(|name| name.eq_ignore_ascii_case(text)),
            _ => None,
        };
        let found = by_name.or_else(by_index).or_else(by_case);
        found.map(ClassIndex).ok_or_else(|| {
            const SHOWN: usize = 12;
            let mut listed: Vec<String> =
                classes.iter().enumerate().take(SHOWN).map(|(index, name)| format!("{index} `{name}`")).collect();
            if classes.len() > SHOWN {
                listed.push(format!("and {} more", classes.len() - SHOWN));
            }
            Error::input(
                Place::option("target"),
                format!("`{text}` is no class of {}; expected one of {}", self.record.manifest, listed.join(", ")),
                [Remedy::advice("give a name or an index of this list")],
            )
        })
    }
}

impl ModelRecord {
    /// Makes sure that the files have the hashes of the record still, after they were read.
    fn unchanged(&self, files: &ModelFiles) -> Result<()> {
        let changed = |file: &&FileRecord| hash_of(files, &file.name).ok().as_ref() != Some(&file.sha256);
        match self.files.iter().find(changed) {
            None => Ok(()),
            Some(file) => Err(Error::changed(&format!("{}: `{}`", self.manifest, file.name))),
        }
    }

    /// Hashes the manifest and the files that it names.
    fn new(
        shown: &str,
        text: &str,
        (name, source): (&str, &str),
        parts: &[&Option<String>],
        files: &ModelFiles,
    ) -> Result<ModelRecord> {
        let hashed = parts.iter().copied().flatten().map(|name| {
            let sha256 = hash_of(files, name).map_err(|error| {
                let remedies = [
                    Remedy::advice("put the file there"),
                    Remedy::advice("correct the name in the manifest; `$NAME/...` starts at an environment variable"),
                ];
                Error::input(shown, format!("`{name}` cannot be read ({error})"), remedies)
            })?;
            Ok(FileRecord { name: name.clone(), sha256 })
        });
        let mut hashed: Vec<FileRecord> = hashed.collect::<Result<_>>()?;
        // A graph may keep its weights in files of its own. Those that are missing are refused when the graph is loaded.
        let graphs = parts.iter().copied().flatten().filter_map(|name| files.named_in_graph(name).ok());
        for name in graphs.flatten() {
            if let Ok(sha256) = hash_of(files, &name) {
                hashed.push(FileRecord { name, sha256 });
            }
        }
        Ok(ModelRecord {
            name: name.to_owned(),
            source: source.to_owned(),
            manifest: shown.to_owned(),
            sha256: hash::of_bytes(text.as_bytes()),
            files: hashed,
            settings: None,
        })
    }
}

/// Bytes of a manifest.
const LARGEST_MANIFEST: u64 = 16 << 20;

/// `option` is what the path was given for.
fn read_manifest(path: &Path, expected: &str, option: &str) -> Result<String> {
    let text =
        read_regular(path, LARGEST_MANIFEST).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    text.map_err(|error| {
        let found = format!("the manifest cannot be read ({error}); expected {expected}");
        Error::input(path.display(), found, [Remedy::another(option), Remedy::advice("make the file readable")])
    })
}

/// A manifest's files lie beside it.
fn folder_of(path: &Path) -> ModelFiles {
    ModelFiles::Folder(path.parent().map(Path::to_path_buf).unwrap_or_default())
}

fn hash_of(files: &ModelFiles, name: &str) -> std::io::Result<String> {
    match files {
        ModelFiles::Folder(_) => hash::of_file(&files.path(name)?),
        ModelFiles::Embedded(_) | ModelFiles::InMemory(_) => Ok(hash::of_bytes(&files.read(name)?)),
    }
}
