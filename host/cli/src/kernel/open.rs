//! What a notebook opens before its first cell: its grants, the plugins, the device, the interpreter.

use super::component;
use crate::{
    console::Console,
    failure::{Failure, Result},
    options::open_device,
    words,
};
use lacuna_diagnostic::Remedy;
use lacuna_notebook::{Means, Opened, Screen};
use lacuna_runtime::{RunError, cells::Interpreter};
use lacuna_session::{Plugins, read_component};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Clone, Debug, clap::Args)]
pub struct OpenArguments {
    /// The file that says what the cells may use [default: lacuna.toml in the folder of the script or notebook; without
    /// one, the demo's images and classifier]
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// The interpreter's component [default: the one that `lacuna kernel install` built]
    #[arg(long, value_name = "FILE.wasm")]
    interpreter: Option<PathBuf>,
}

/// Why the cells do not start, with what to change in the notebook's grants.
pub fn unstarted(error: &RunError) -> Failure {
    Failure::Run(error.in_words(|remedy| match remedy {
        Remedy::Raise { limit, to } => {
            format!("write `{limit} = \"{to}\"` under [limits] in the notebook's lacuna.toml")
        }
        other => words::remedy(other),
    }))
}

impl OpenArguments {
    /// Opens everything. `folder` is where the cells' file lies.
    pub fn open(&self, console: &Console, folder: &Path, screen: Arc<dyn Screen>) -> Result<Means> {
        let beside = folder.join("lacuna.toml");
        let opened = match &self.grants {
            Some(file) => Opened::read(file),
            // A link that leads nowhere is an error and no demo.
            None if beside.symlink_metadata().is_ok() => Opened::read(&beside),
            None => Ok(Opened::demo()),
        };
        let opened = opened.map_err(|error| Failure::Input(error.to_string()))?;
        let limits = opened.limits().map_err(Failure::Input)?;
        let file = match &self.interpreter {
            Some(file) => file.clone(),
            None => component::file()?,
        };
        if self.interpreter.is_none() && !file.is_file() {
            let remedy = "build it once with `lacuna kernel install`, or give one with `--interpreter FILE.wasm`";
            return Err(Failure::input("the interpreter of cells", "this version's is not built yet", remedy));
        }
        let bytes = read_component(&file).map_err(|error| {
            let remedy = "give the component of the interpreter";
            Failure::input(file.display(), format!("cannot be read ({error})"), remedy)
        })?;
        let plugins = Plugins::load(console, &opened.plugin_folders())?;
        let interpreter = {
            let _waiting = console.wait("loading the interpreter");
            Interpreter::load(&plugins.host, &file.display().to_string(), &bytes)?
        };
        let device = open_device(
            console,
            opened.device.as_deref().unwrap_or("auto"),
            "`device` in the notebook's lacuna.toml",
            "device = \"cpu\"",
        )?;
        Ok(Means { plugins: Arc::new(plugins), interpreter, device, limits, opened, screen })
    }
}
