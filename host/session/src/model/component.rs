//! Classifiers that are no network of ours: a component (`.wasm`), or a program that a manifest names.

use crate::{
    error::{Error, Result},
    plugins::read_component,
    session::Session,
};
use lacuna_diagnostic::Remedy;
use lacuna_engine::Classifier;
use lacuna_runtime::{ClassifierRequest, Plugin, Role, Settings, open_classifier};
use std::path::Path;

/// What a user says of such a classifier.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Parameters of a component, `NAME=VALUE`.
    pub parameters: Vec<String>,
    /// A preset of a component, which the parameters change.
    pub preset: Option<String>,
    /// Whether the program that a manifest names is started; it runs with its user's rights.
    pub command: bool,
}

/// Whether a file is a component rather than a manifest.
pub fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wasm"))
}

/// Opens the classifier in a file, and gives what its record needs: the plugin and its settings.
pub fn open(path: &Path, trust: &Trust, session: &Session<'_>) -> Result<(Plugin, Settings, Classifier)> {
    let shown = path.display().to_string();
    let bytes = read_component(path).map_err(|error| {
        let remedy = Remedy::advice("give the path of a .wasm classifier or a .toml manifest");
        Error::input(&shown, format!("cannot be read ({error})"), [remedy])
    })?;
    let _waiting = session.watch.wait("opening the classifier");
    let plugin = Plugin::load(session.host(), &shown, &bytes)?;
    if plugin.role() != Role::Classifier {
        let remedy =
            Remedy::All { of: vec![Remedy::advice("put it into a folder of plugins"), Remedy::one("classifier")] };
        return Err(Error::input(&shown, format!("is {}, no classifier", plugin.id()), [remedy]));
    }
    let settings = Settings::parse(plugin.info(), trust.preset.as_deref(), &trust.parameters)?;
    let classifier = open_classifier(
        session.host(),
        &ClassifierRequest {
            settings: settings.clone(),
            limits: session.limits.clone(),
            grants: session.granted.iter().cloned().collect(),
            cancel: session.cancel.clone(),
            ..ClassifierRequest::new(&plugin, &session.device)
        },
    )?;
    Ok((plugin, settings, classifier))
}
