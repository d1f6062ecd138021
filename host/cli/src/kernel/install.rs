//! `lacuna kernel install` and `uninstall`.

use super::component;
use crate::{
    console::Console,
    failure::{Failure, Result},
    options::PluginArguments,
};
use lacuna_imaging::write_atomic;
use lacuna_kernel::install::{self, Kernelspec, Place};
use lacuna_runtime::cells::Interpreter;
use lacuna_session::read_component;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct InstallArguments {
    /// The Python that builds the interpreter, once [default: python3]
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// An interpreter that was built elsewhere, in place of building one
    #[arg(long, value_name = "FILE.wasm", conflicts_with = "python")]
    component: Option<PathBuf>,
    /// Build the interpreter again although it is there
    #[arg(long)]
    rebuild: bool,
    /// What the cells of every notebook may use [default: lacuna.toml beside each notebook]
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArguments,
}

#[derive(Debug, clap::Args)]
pub struct UninstallArguments {
    #[command(flatten)]
    place: PlaceArguments,
}

#[derive(Debug, clap::Args)]
struct PlaceArguments {
    /// The kernel's name
    #[arg(long, value_name = "NAME", default_value = "lacuna")]
    name: String,
    /// A Python environment whose Jupyter gets the kernel [default: your own Jupyter]
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
}

impl PlaceArguments {
    fn place(&self) -> Place {
        match &self.prefix {
            Some(prefix) => Place::Prefix(prefix.clone()),
            None => Place::User,
        }
    }
}

/// Builds the interpreter where it is missing, compiles it, and writes the kernelspec.
pub fn install(arguments: &InstallArguments) -> Result<()> {
    let console = Console::new(false);
    let file = component::file()?;
    let plugins = PluginArguments::default().load(&console)?;
    match &arguments.component {
        Some(given) => {
            let bytes = read_component(given).map_err(|error| {
                Failure::input(
                    given.display(),
                    format!("cannot be read ({error})"),
                    "give a component of the interpreter",
                )
            })?;
            // It is kept only if it is one.
            Interpreter::load(&plugins.host, &given.display().to_string(), &bytes)?;
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Failure::Run(format!("{}: {error}", folder.display())))?;
            }
            write_atomic(&file, &bytes)?;
        }
        None if arguments.rebuild || !file.is_file() => component::build(&console, arguments.python.as_deref(), &file)?,
        None => {}
    }
    let bytes = read_component(&file).map_err(|error| Failure::Run(format!("{}: {error}", file.display())))?;
    let interpreter = {
        let _waiting = console.wait("compiling the interpreter (first run)");
        Interpreter::load(&plugins.host, &file.display().to_string(), &bytes)?
    };
    let program = std::env::current_exe()
        .map_err(|error| Failure::Run(format!("this program cannot find its own file: {error}")))?;
    let mut argv: Vec<String> = vec![program.display().to_string()];
    argv.extend(["kernel", "run", "--connection-file", "{connection_file}"].map(str::to_owned));
    if let Some(grants) = &arguments.grants {
        let grants = grants.canonicalize().map_err(|error| {
            let remedy = "give the file that says what the cells may use";
            Failure::input(grants.display(), format!("cannot be read ({error})"), remedy)
        })?;
        argv.extend(["--grants".to_owned(), grants.display().to_string()]);
    }
    let spec = Kernelspec {
        name: arguments.place.name.clone(),
        display_name: "Lacuna (sandboxed Python)".to_owned(),
        language: "python".to_owned(),
        argv,
        metadata: serde_json::Map::new(),
    };
    let folder = spec.install(&arguments.place.place()).map_err(|error| Failure::Run(error.to_string()))?;
    console.say(&format!("the kernel `{}` is at {}", arguments.place.name, folder.display()));
    console.say(&format!("its interpreter is {}", file.display()));
    if !interpreter.wasi().is_empty() {
        console.say(&format!("  it asks for {}, and is denied all of it", interpreter.wasi().join(", ")));
    }
    Ok(())
}

/// Removes the kernelspec; the interpreter stays for scripts.
pub fn uninstall(arguments: &UninstallArguments) -> Result<()> {
    let console = Console::new(false);
    let name = &arguments.place.name;
    let removed =
        install::uninstall(name, &arguments.place.place()).map_err(|error| Failure::Run(error.to_string()))?;
    console.say(&match removed {
        Some(folder) => format!("the kernel `{name}` is gone from {}", folder.display()),
        None => format!("there is no kernel `{name}`"),
    });
    Ok(())
}
