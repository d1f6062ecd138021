//! The interpreter of cells: built once from the sources inside this program, by the Python of its user.

use crate::{
    console::Console,
    failure::{Failure, Result},
};
use lacuna_builtin::CELLS_PYTHON;
use lacuna_session::hash;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The tool that makes a component of CPython and of Python's sources.
pub const TOOL: &str = "componentize-py==0.25.1";
/// The oldest Python that the tool runs in.
const OLDEST: (u32, u32) = (3, 10);

/// The file of the interpreter that these sources make, in the user's data folder.
///
/// # Errors
/// A system without such a folder.
pub fn file() -> Result<PathBuf> {
    let folder = lacuna_session::data_folder().ok_or_else(|| {
        let remedy = "set HOME, or give the interpreter's component with `--interpreter FILE.wasm`";
        Failure::input("the interpreter", "this system names no folder for your data", remedy)
    })?;
    let sources: Vec<&str> = CELLS_PYTHON.iter().flat_map(|(path, text)| [*path, *text]).collect();
    let hash = hash::of_bytes([TOOL, &sources.join("\0")].join("\0").as_bytes());
    Ok(folder.join("interpreters").join(format!("cells-python-{}.wasm", hash.get(..16).unwrap_or_default())))
}

/// Builds the component into `file` by the Python that `python` names.
///
/// # Errors
/// There is no Python, or a step fails; what it said is told.
pub fn build(console: &Console, python: Option<&Path>, file: &Path) -> Result<()> {
    let python = find(python)?;
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: std::io::Error| Failure::Run(format!("{what}: {error}"))
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed("the folder of interpreters"))?;
    let work = tempfile::Builder::new().prefix("lacuna-").tempdir().map_err(failed("a folder to build in"))?;
    let at = |part: &str| work.path().join(part);
    for (path, text) in CELLS_PYTHON {
        let file = at(path);
        fs::create_dir_all(file.parent().unwrap_or(work.path())).map_err(failed(path))?;
        fs::write(&file, text).map_err(failed(path))?;
    }
    let run = |what: &str, command: &mut Command| -> Result<()> {
        let _waiting = console.wait(what);
        let said = command.current_dir(work.path()).output().map_err(failed(what))?;
        if said.status.success() {
            return Ok(());
        }
        let error = String::from_utf8_lossy(&said.stderr);
        let last: Vec<&str> = error.lines().rev().take(12).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        Err(Failure::Run(format!("{what} failed:\n{}", last.join("\n"))))
    };
    run("making a virtual environment", Command::new(&python).args(["-m", "venv", "environment"])).map_err(
        |error| {
            Failure::Run(format!(
                "{error}\nRemedy: install the module `venv` (on Debian and Ubuntu the package python3-venv)."
            ))
        },
    )?;
    let programs = at("environment").join(if cfg!(windows) { "Scripts" } else { "bin" });
    let pip = |arguments: &[&str]| {
        let mut command = Command::new(programs.join("python"));
        command.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]).args(arguments);
        command
    };
    run("installing componentize-py", &mut pip(&[TOOL]))?;
    let requirements = ["-t", "packages", "-r", "plugins/cells-python/requirements.txt"];
    run("installing what the interpreter is built with", &mut pip(&requirements))?;
    let mut componentize = Command::new(programs.join("componentize-py"));
    componentize.args("-d wit/v0.2 -d wit/cells-v0.1 -w lacuna:cells/cells-plugin@0.1.0 componentize app".split(' '));
    componentize.args("-p plugins/cells-python/src -p packages -p wit -o cells_python.wasm".split(' '));
    run("building the interpreter", &mut componentize)?;
    let bytes = fs::read(at("cells_python.wasm")).map_err(failed("the component"))?;
    lacuna_imaging::write_atomic(file, &bytes).map_err(|error| Failure::Run(error.to_string()))
}

/// A Python that is new enough.
fn find(given: Option<&Path>) -> Result<PathBuf> {
    let names = match given {
        Some(python) => vec![python.to_owned()],
        None => ["python3", "python"].map(PathBuf::from).to_vec(),
    };
    let wanted = format!("{}.{}", OLDEST.0, OLDEST.1);
    let remedy = format!(
        "install Python {wanted} or newer with its module `venv` and make it known as `python3`, name it with `--python FILE`, or \
         give a component that was built elsewhere with `--component FILE.wasm`; nothing else of Lacuna needs Python"
    );
    let mut found = Vec::new();
    for name in names {
        let ask = "import sys; print(sys.version_info[0], sys.version_info[1])";
        let Ok(said) = Command::new(&name).args(["-c", ask]).output() else { continue };
        let version = String::from_utf8_lossy(&said.stdout);
        let mut numbers = version.split_whitespace().map(|number| number.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if version >= OLDEST {
            return Ok(name);
        }
        found.push(format!("`{}` is version {}.{}", name.display(), version.0, version.1));
    }
    let found = if found.is_empty() { "there is no Python".to_owned() } else { found.join(", ") };
    Err(Failure::input("the interpreter cannot be built", found, &remedy))
}
