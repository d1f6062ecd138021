//! Options that choose the plugins, set their parameters and bound what they may use.

use crate::failure::{Failure, Result};
use lacuna_runtime::{Grant, Limits};
use lacuna_session::{Choice, Chosen, Plugins, Selection};

#[derive(Debug, clap::Args)]
pub struct MethodArguments {
    /// The explanation method; see `lacuna plugins list`
    #[arg(long, value_name = "NAME", default_value = lacuna_session::DEFAULT_METHOD)]
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

impl MethodArguments {
    /// Finds the plugins and reads their parameters.
    pub fn choose<'a>(&self, plugins: &'a Plugins, granted: &[Grant]) -> Result<Chosen<'a>> {
        let method = Selection::named(&self.method).with(&self.param).preset(self.preset.clone());
        let perturbation = Selection { name: self.perturbation.clone(), ..Selection::default() };
        let perturbation = perturbation.with(&self.perturbation_param).preset(self.perturbation_preset.clone());
        Ok(Choice { method, perturbation }.choose(plugins, granted)?)
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
