//! Options that choose the plugins, set their parameters and bound what they may use.

use super::target::ChangedBy;
use crate::{
    failure::{Failure, Result},
    plugins::Plugins,
};
use lacuna_runtime::{Grant, Grants, Limits, Need, Plugin, Role, Settings, Value};

#[derive(Debug, clap::Args)]
pub struct MethodArguments {
    /// The explanation method; see `lacuna plugins list`
    #[arg(long, value_name = "NAME", default_value = "meaningful-perturbation")]
    method: String,
    /// How regions are deleted, for methods that delete; see `lacuna plugins list` [default: blur]
    #[arg(long, value_name = "NAME")]
    perturbation: Option<String>,
    /// A parameter of the method, for example steps=300; see `lacuna plugins inspect`
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// A parameter of the perturbation, for example sigma=10
    #[arg(long, value_name = "NAME=VALUE")]
    perturbation_param: Vec<String>,
    /// A preset of the method; --param changes it
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// A preset of the perturbation; --perturbation-param changes it
    #[arg(long, value_name = "NAME")]
    perturbation_preset: Option<String>,
}

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

impl MethodArguments {
    /// These plugins at their defaults but for `params` of the method.
    pub fn named(method: &str, perturbation: &str, params: Vec<String>) -> MethodArguments {
        MethodArguments::named_with((method, None, params), Some((perturbation, None, Vec::new())))
    }

    /// A method, and a perturbation if it uses one: name, preset and parameters of each.
    pub fn named_with(
        (method, preset, param): (&str, Option<String>, Vec<String>),
        perturbation: Option<(&str, Option<String>, Vec<String>)>,
    ) -> MethodArguments {
        let (perturbation, perturbation_preset, perturbation_param) = match perturbation {
            Some((name, preset, param)) => (Some(name.to_owned()), preset, param),
            None => (None, None, Vec::new()),
        };
        let method = method.to_owned();
        MethodArguments { method, perturbation, param, perturbation_param, preset, perturbation_preset }
    }

    /// Finds the plugins and reads their parameters.
    pub fn choose<'a>(&self, plugins: &'a Plugins, granted: &[Grant]) -> Result<Chosen<'a>> {
        let method = plugins.get(Role::Method, &self.method)?;
        let named = self.perturbation.as_deref();
        if !method.uses_perturbation()
            && (named.is_some() || !self.perturbation_param.is_empty() || self.perturbation_preset.is_some())
        {
            return Err(Failure::input(
                "--perturbation",
                format!("the method `{}` deletes nothing", method.name()),
                "leave out the options of the perturbation, or choose another --method",
            ));
        }
        let perturbation = match method.uses_perturbation() {
            true => Some(plugins.get(Role::Perturbation, named.unwrap_or("blur"))?),
            false => None,
        };
        let preset = self.perturbation_preset.as_deref();
        let settings = perturbation.map(|plugin| Settings::parse(plugin.info(), preset, &self.perturbation_param));
        let used: Vec<&Plugin> = std::iter::once(method).chain(perturbation).collect();
        Ok(Chosen {
            method_settings: Settings::parse(method.info(), self.preset.as_deref(), &self.param)?,
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

#[derive(Debug, clap::Args)]
pub struct GrantArguments {
    /// Grant a third-party plugin what it needs, for example my-method:readback, the right to read numbers of tensors
    #[arg(long = "grant", value_name = "PLUGIN:NEED")]
    pub granted: Vec<Grant>,
}

/// Each plugin of a run has its own account.
#[derive(Debug, Default, clap::Args)]
pub struct LimitArguments {
    /// Memory of a plugin's own, for example 512MiB
    #[arg(long, value_name = "SIZE")]
    guest_memory: Option<String>,
    /// Device memory that a plugin's handles keep alive, for example 8GiB
    #[arg(long, value_name = "SIZE")]
    device_memory: Option<String>,
    /// Live handles of a plugin
    #[arg(long, value_name = "COUNT")]
    handles: Option<String>,
    /// Time for a batch, for example 90s, 10min or 2h
    #[arg(long, value_name = "TIME")]
    wall_time: Option<String>,
    /// Numbers that a plugin may read back, where that is granted, for example 256MiB
    #[arg(long, value_name = "SIZE")]
    readback: Option<String>,
    /// The same limits by name, for example device-memory=8GiB
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    named: Vec<String>,
}

impl LimitArguments {
    /// The defaults, changed by what was given.
    pub fn read(&self) -> Result<Limits> {
        let own = [
            ("guest-memory", &self.guest_memory),
            ("device-memory", &self.device_memory),
            ("handles", &self.handles),
            ("wall-time", &self.wall_time),
            ("readback", &self.readback),
        ];
        let mut limits = Limits::default();
        for (name, value) in own {
            if let Some(value) = value {
                let set = limits.set(&format!("{name}={value}"));
                set.map_err(|error| Failure::Input(format!("--{name}: {error}")))?;
            }
        }
        for text in &self.named {
            limits.set(text)?;
        }
        Ok(limits)
    }
}
