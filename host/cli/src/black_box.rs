//! Classifiers that are no network of ours: a component (`.wasm`), or a program that a manifest names.

use crate::{
    console::Console,
    failure::{Failure, Result},
    plugins::read_component,
};
use lacuna_engine::{Classifier, Device};
use lacuna_runtime::{CancelToken, ClassifierRequest, Grant, Host, Limits, Plugin, Role, Settings, open_classifier};
use std::path::Path;

/// What a user says of such a classifier.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct BlackBoxArguments {
    /// A parameter of a classifier that is a .wasm component
    #[arg(long, value_name = "NAME=VALUE")]
    classifier_param: Vec<String>,
    /// A preset of a classifier that is a .wasm component; --classifier-param changes it
    #[arg(long, value_name = "NAME")]
    classifier_preset: Option<String>,
    /// Start the program that the classifier's manifest names in `command`; it runs with your rights
    #[arg(long)]
    pub allow_command: bool,
}

/// What a component is opened with.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    pub console: &'a Console,
    pub host: &'a Host,
    pub device: &'a Device,
    pub limits: &'a Limits,
    pub granted: &'a [Grant],
    pub cancel: &'a CancelToken,
}

/// Whether a file is a component rather than a manifest.
pub fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wasm"))
}

/// Opens the classifier in a file, and gives what its record needs: the plugin and its settings.
pub fn open(
    path: &Path,
    arguments: &BlackBoxArguments,
    opening: &Opening<'_>,
) -> Result<(Plugin, Settings, Classifier)> {
    let shown = path.display().to_string();
    let bytes = read_component(path).map_err(|error| {
        Failure::input(
            &shown,
            format!("cannot be read ({error})"),
            "give the path of a .wasm classifier or a .toml manifest",
        )
    })?;
    let _waiting = opening.console.wait("opening the classifier");
    let plugin = Plugin::load(opening.host, &shown, &bytes)?;
    if plugin.role() != Role::Classifier {
        let remedy = "give it with --plugins, and a classifier with --classifier";
        return Err(Failure::input(&shown, format!("is {}, no classifier", plugin.id()), remedy));
    }
    let preset = arguments.classifier_preset.as_deref();
    let settings = Settings::parse(plugin.info(), preset, &arguments.classifier_param)?;
    let classifier = open_classifier(
        opening.host,
        &ClassifierRequest {
            settings: settings.clone(),
            limits: opening.limits.clone(),
            grants: opening.granted.iter().cloned().collect(),
            cancel: opening.cancel.clone(),
            ..ClassifierRequest::new(&plugin, opening.device)
        },
    )?;
    Ok((plugin, settings, classifier))
}
