//! Which plugins explain, with which values.

use crate::{
    error::{Error, Result},
    explain::ChangedBy,
    plugins::Plugins,
};
use lacuna_diagnostic::{Place, Remedy};
use lacuna_runtime::{Grant, Grants, Need, Plugin, Role, Settings, Value};

/// The method and the perturbation that its user wants.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub method: Selection,
    /// The perturbation, for methods that delete.
    pub perturbation: Selection,
}

/// A plugin by its name, and its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// None for [`DEFAULT_METHOD`] or [`DEFAULT_PERTURBATION`].
    pub name: Option<String>,
    pub preset: Option<String>,
    /// `NAME=VALUE`; they change the preset.
    pub parameters: Vec<String>,
}

/// The method of a user who names none.
pub const DEFAULT_METHOD: &str = "meaningful-perturbation";
/// The perturbation of a user who names none.
pub const DEFAULT_PERTURBATION: &str = "blur";

/// The plugins of a run with every value that they get.
#[derive(Debug)]
pub struct Chosen<'a> {
    pub method: &'a Plugin,
    pub method_settings: Settings,
    /// None for a method that deletes nothing.
    pub perturbation: Option<&'a Plugin>,
    pub perturbation_settings: Settings,
    pub grants: Grants,
}

impl Selection {
    /// A plugin at its defaults.
    pub fn named(name: impl Into<String>) -> Selection {
        Selection { name: Some(name.into()), ..Selection::default() }
    }

    /// This selection with these parameters, `NAME=VALUE`.
    #[must_use]
    pub fn with(self, parameters: impl IntoIterator<Item = impl Into<String>>) -> Selection {
        Selection { parameters: parameters.into_iter().map(Into::into).collect(), ..self }
    }

    /// This selection with this preset, as far as there is one.
    #[must_use]
    pub fn preset(self, preset: Option<String>) -> Selection {
        Selection { preset, ..self }
    }

    fn settings(&self, plugin: &Plugin) -> Result<Settings> {
        Ok(Settings::parse(plugin.info(), self.preset.as_deref(), &self.parameters)?)
    }
}

impl Choice {
    /// Finds the plugins and reads their parameters.
    ///
    /// # Errors
    /// A plugin or a parameter that does not exist, a perturbation for a method that deletes nothing, and a plugin of others
    /// that needs what was not granted.
    pub fn choose<'a>(&self, plugins: &'a Plugins, granted: &[Grant]) -> Result<Chosen<'a>> {
        let method = plugins.get(Role::Method, self.method.name.as_deref().unwrap_or(DEFAULT_METHOD))?;
        if !method.uses_perturbation() && self.perturbation != Selection::default() {
            return Err(Error::input(
                Place::option("perturbation"),
                format!("the method `{}` deletes nothing", method.name()),
                [Remedy::advice("leave out everything about the perturbation"), Remedy::another("method")],
            ));
        }
        let named = self.perturbation.name.as_deref().unwrap_or(DEFAULT_PERTURBATION);
        let perturbation = match method.uses_perturbation() {
            true => Some(plugins.get(Role::Perturbation, named)?),
            false => None,
        };
        let settings = perturbation.map(|plugin| self.perturbation.settings(plugin));
        let used: Vec<&Plugin> = std::iter::once(method).chain(perturbation).collect();
        Ok(Chosen {
            method_settings: self.method.settings(method)?,
            perturbation_settings: settings.transpose()?.unwrap_or_default(),
            grants: plugins.grants(granted, &used)?,
            method,
            perturbation,
        })
    }
}

impl Chosen<'_> {
    /// Whether the image that the method perturbed is the one without the evidence: a game of preservation, as the SDK
    /// names it, keeps the evidence and deletes the rest.
    pub fn deletes(&self) -> bool {
        !matches!(self.method_settings.get("game"), Some(Value::Choice(game)) if game == "preservation")
    }

    /// How the method changes the image; `given` says whether there is a generator.
    pub fn changed_by(&self, given: bool) -> ChangedBy {
        let uses = |plugin: &Plugin| plugin.info().needs.contains(&Need::Generator);
        match self.perturbation {
            Some(perturbation) if uses(perturbation) => ChangedBy::HealthyDeletion,
            Some(_) => ChangedBy::Deletion { generator: given },
            None => ChangedBy::Counterfactual { generator: uses(self.method) },
        }
    }
}
