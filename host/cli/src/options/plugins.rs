//! Options that say where plugins are, choose those that explain, and set their parameters.

use crate::{console::Console, failure::Result};
use lacuna_runtime::Grant;
use lacuna_session::{Choice, Chosen, Plugins, Selection};
use std::path::PathBuf;

/// The option of every command that uses plugins.
#[derive(Debug, Default, clap::Args)]
pub struct PluginArguments {
    /// A folder of .wasm plugins, or one such file; can be given several times. Further folders: those in LACUNA_PLUGINS,
    /// and `lacuna/plugins` in your data folder
    #[arg(long, value_name = "DIR")]
    plugins: Vec<PathBuf>,
}

impl PluginArguments {
    /// Finds and compiles every plugin.
    pub fn load(&self, console: &Console) -> Result<Plugins> {
        Ok(Plugins::load(console, &self.plugins)?)
    }
}

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
