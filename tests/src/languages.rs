//! Guests in Python and JavaScript, built with the commands of `plugins/LANGUAGES.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

const PAGE: &str = include_str!("../../plugins/LANGUAGES.md");

/// A language of guests, with the tool that builds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `LACUNA_PYTHON` names a Python that has componentize-py beside it.
    Python,
    /// `LACUNA_NODE_MODULES` names a folder that componentize-js is installed in.
    JavaScript,
}

impl Language {
    /// Builds the guest `name` by the page's command, in place of the page's own guest. Returns the component, or none with a
    /// printed reason where the tool is missing.
    ///
    /// # Panics
    /// When the guest does not build, or the tool is required (`LACUNA_REQUIRE_PYTHON`, `LACUNA_REQUIRE_NODE`) and absent.
    pub fn guest(self, name: &str) -> Option<Vec<u8>> {
        let tool = self.tool()?;
        let folder = tempfile::tempdir().unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&here.join("guests").join(self.folder()), folder.path());
        fs::create_dir(folder.path().join("wit")).unwrap();
        copy(&here.join("../wit/v0.2"), &folder.path().join("wit"));
        let command = self.command(name);
        let status = Command::new(&tool)
            .args(command.split_whitespace().skip(1))
            .current_dir(folder.path())
            .env_remove("VIRTUAL_ENV")
            .status()
            .unwrap_or_else(|error| panic!("{}: {error}", tool.display()));
        assert!(status.success(), "`{command}` failed");
        Some(fs::read(folder.path().join(format!("{name}.wasm"))).unwrap())
    }

    fn folder(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::JavaScript => "javascript",
        }
    }

    /// The guest that the page builds.
    pub fn example(self) -> &'static str {
        match self {
            Language::Python => "python_blur",
            Language::JavaScript => "javascript_blur",
        }
    }

    /// The page's command that builds a guest, with `name` in place of the page's own.
    fn command(self, name: &str) -> String {
        let tool = match self {
            Language::Python => "    .venv/bin/componentize-py ",
            Language::JavaScript => "    node_modules/.bin/componentize-js ",
        };
        let page = PAGE.replace("\\\n", " ");
        let line = page.lines().find(|line| line.starts_with(tool)).expect("the page has a command of this tool");
        line.trim().replace(self.example(), name)
    }

    fn tool(self) -> Option<PathBuf> {
        let (variable, required, below) = match self {
            Language::Python => ("LACUNA_PYTHON", "LACUNA_REQUIRE_PYTHON", "../componentize-py"),
            Language::JavaScript => ("LACUNA_NODE_MODULES", "LACUNA_REQUIRE_NODE", ".bin/componentize-js"),
        };
        let named = env::var_os(variable).map(PathBuf::from);
        let tool = named.as_deref().map(|named| match self {
            Language::Python => named.with_file_name("componentize-py"),
            Language::JavaScript => named.join(below),
        });
        let found = tool.filter(|tool| tool.is_file());
        if found.is_none() {
            let required = env::var_os(required).is_some();
            assert!(!required, "{self:?} is required, but there is no {below} at {variable}, which is {named:?}");
            println!("skipped: there is no {below} at {variable}, which is {named:?}");
        }
        found
    }
}

/// The interpreter of cells, built as `lacuna kernel install` builds it, or none with a printed reason where the tool is missing.
///
/// # Panics
/// When it does not build, or Python is required and absent.
pub fn interpreter() -> Option<Vec<u8>> {
    static BUILT: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| {
        let tool = Language::Python.tool()?;
        let folder = tempfile::tempdir().unwrap();
        // Of what is installed beside the tool the interpreter gets one package.
        let python = tool.with_file_name("python");
        let ask = ["-c", "import cloudpickle; print(cloudpickle.__path__[0])"];
        let said = Command::new(&python).args(ask).output().unwrap();
        let package = PathBuf::from(String::from_utf8(said.stdout).unwrap().trim());
        assert!(package.is_dir(), "cloudpickle is not installed beside componentize-py: {package:?}");
        let packages = folder.path().join("cloudpickle");
        fs::create_dir(&packages).unwrap();
        copy(&package, &packages);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let command = "-d wit/v0.2 -d wit/cells-v0.1 -w lacuna:cells/cells-plugin@0.1.0 componentize app \
                       -p plugins/cells-python/src -p wit";
        let out = folder.path().join("cells_python.wasm");
        let status = Command::new(&tool)
            .args(command.split_whitespace())
            .arg("-p")
            .arg(folder.path())
            .arg("-o")
            .arg(&out)
            .current_dir(root)
            .env_remove("VIRTUAL_ENV")
            .status()
            .unwrap();
        assert!(status.success(), "`componentize-py {command}` failed");
        Some(fs::read(&out).unwrap())
    });
    BUILT.clone()
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let file = entry.unwrap().path();
        if file.is_file() {
            fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
}
