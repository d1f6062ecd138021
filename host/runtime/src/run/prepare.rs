//! Before a run: what was asked for is checked, and the plugins get their stores.

use super::{partner::Partner, record::PluginRecord, shared::Shared, state::PluginState};
use crate::{
    bindings::perturbation::PerturbationPluginPre,
    error::{Role, RunError},
    host::Host,
    plugin::{
        description::Need,
        load::{Plugin, Program},
        settings::Settings,
    },
    policy::{grants::Grants, limits::Limits},
};
use lacuna_engine::{ClassIndex, Classifier, Generator};
use std::rc::Rc;

/// What a run has for its plugins, each of which gets the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup<'a> {
    pub(super) host: &'a Host,
    pub(super) classifier: &'a Classifier,
    pub(super) generator: Option<&'a Generator>,
    pub(super) limits: &'a Limits,
    pub(super) grants: &'a Grants,
}

/// A perturbation that can be started.
pub(super) struct ReadyPerturbation<'a> {
    plugin: &'a Plugin,
    program: &'a PerturbationPluginPre<PluginState>,
    /// Every parameter, those at their defaults too.
    settings: Settings,
}

impl ReadyPerturbation<'_> {
    /// What a record says of it.
    pub(super) fn record(&self) -> PluginRecord {
        PluginRecord::of(self.plugin, &self.settings)
    }
}

impl<'a> Setup<'a> {
    /// Whether a plugin was loaded by this host and finds everything that it needs.
    pub(super) fn check(&self, plugin: &Plugin, engine: &wasmtime::Engine) -> Result<(), RunError> {
        check_host(self.host, engine)?;
        let info = self.classifier.info();
        for need in &plugin.info().needs {
            let missing = match need {
                Need::Gradients => !info.differentiable,
                Need::Activations => info.layers.is_empty(),
                Need::Generator => self.generator.is_none(),
                Need::Readback if !self.grants.contains(plugin.name(), Need::Readback) => {
                    return Err(RunError::NotGranted { plugin: plugin.id().clone(), need: Need::Readback });
                }
                Need::Readback => false,
            };
            if missing {
                return Err(RunError::Unavailable { plugin: plugin.id().clone(), need: *need });
            }
        }
        Ok(())
    }

    /// The same of a perturbation, with all of its parameters.
    pub(super) fn perturbation(
        &self,
        plugin: &'a Plugin,
        settings: &Settings,
    ) -> Result<ReadyPerturbation<'a>, RunError> {
        let Program::Perturbation(program) = plugin.program() else {
            return Err(wrong_role(plugin, Role::Perturbation));
        };
        self.check(plugin, program.engine())?;
        Ok(ReadyPerturbation { plugin, program, settings: complete(plugin, settings)? })
    }

    /// What a plugin of the run has in its store.
    pub(super) fn state(&self, plugin: &Plugin, shared: &Rc<Shared>) -> PluginState {
        let (device, needs) = (self.classifier.device().clone(), &plugin.info().needs);
        let id = plugin.id().clone();
        let mut state = PluginState::new(id, Some(device), self.limits, self.grants, needs, shared.clone());
        state.generator = self.generator.cloned();
        state
    }

    /// The perturbation in a store of its own.
    pub(super) fn start(&self, ready: ReadyPerturbation<'_>, shared: &Rc<Shared>) -> Result<Partner, RunError> {
        let ReadyPerturbation { plugin, program, settings } = ready;
        Partner::start(plugin, program, settings, self.state(plugin, shared))
    }
}

/// Whether what `engine` compiled was loaded by this host.
pub(crate) fn check_host(host: &Host, engine: &wasmtime::Engine) -> Result<(), RunError> {
    match wasmtime::Engine::same(host.engine(), engine) {
        true => Ok(()),
        false => Err(wrong_request("a plugin was loaded by another host", "Load it with the host that runs it")),
    }
}

/// One class of the classifier for each of `count` images.
pub(super) fn check_targets(targets: &[ClassIndex], count: usize, classifier: &Classifier) -> Result<(), RunError> {
    if targets.len() != count {
        let what = format!("there are {} targets for {count} images", targets.len());
        return Err(wrong_request(&what, "Give one class for each image"));
    }
    let classes = classifier.info().classes.len();
    match targets.iter().find(|target| target.0 >= classes) {
        Some(ClassIndex(target)) => {
            let what = format!("the target class {target} does not exist");
            Err(wrong_request(&what, &format!("The classifier has the classes 0 to {}", classes.saturating_sub(1))))
        }
        None => Ok(()),
    }
}

/// Every parameter of a plugin: the user's, and the defaults of the others.
pub(super) fn complete(plugin: &Plugin, settings: &Settings) -> Result<Settings, RunError> {
    let completed = settings.complete(plugin.info());
    completed.map_err(|error| wrong_request(&error.to_string(), "Change the parameters of the request"))
}

pub(super) fn wrong_role(plugin: &Plugin, wanted: Role) -> RunError {
    let what = format!("{} was given as {wanted}", plugin.id());
    wrong_request(&what, &format!("Choose a {wanted} plugin"))
}

pub(super) fn wrong_request(what: &str, remedy: &str) -> RunError {
    RunError::Request { what: what.to_owned(), remedy: remedy.to_owned() }
}
