//! A folder of its own for each test, and the program run in it.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_lacuna");
pub const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo");
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/assets/reference");

/// A folder with the demo's model and one of its images, which disappears with the test.
pub struct Bench(TempDir);

/// What a run of the program came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub fn new() -> Bench {
        let bench = Bench(tempfile::tempdir().unwrap());
        for (folder, file) in [(MODEL, "model.toml"), (MODEL, "model.safetensors"), (DEMO, "lesion-1.png")] {
            fs::copy(Path::new(folder).join(file), bench.path(file)).unwrap();
        }
        bench
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program in this folder, with caches of its own and without the user's plugins.
    pub fn program(&self) -> Command {
        self.command(PROGRAM)
    }

    /// Another program that calls the one of this project, in the same surroundings.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .env("LACUNA_CACHE", env!("CARGO_TARGET_TMPDIR"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env_remove("LACUNA_PLUGINS");
        command
    }

    pub fn run(&self, line: &str) -> Run {
        Run::of(self.program().args(line.split_whitespace()).output())
    }

    /// `lacuna explain` of an image of this folder by the demo's model in a few steps; `more` comes last.
    pub fn explain(&self, image: &str, more: &str) -> Run {
        self.run(&format!("explain {image} --classifier model.toml --device cpu --seed 7 --param steps=10 {more}"))
    }
}

impl Run {
    pub fn of(output: std::io::Result<Output>) -> Run {
        let Output { status, stdout, stderr } = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run { code: status.code(), out: text(&stdout), err: text(&stderr) }
    }

    pub fn succeeded(self) -> Run {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Ended with that code, and says every part on standard error.
    pub fn says(self, code: i32, parts: &[&str]) -> Run {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not in: {}", self.err);
        }
        self
    }
}

/// A NIfTI-1 volume of float32 voxels, identity affine.
pub fn nifti(dims: [i16; 3], voxels: &[f32]) -> Vec<u8> {
    let mut file = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    for (place, value) in [3, dims[0], dims[1], dims[2], 1, 1, 1, 1].iter().enumerate() {
        put(40 + 2 * place, &value.to_le_bytes());
    }
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    for axis in 0..4 {
        put(76 + 4 * axis, &1_f32.to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(112, &1_f32.to_le_bytes());
    put(254, &1_i16.to_le_bytes());
    for axis in 0..3 {
        put(280 + 16 * axis + 4 * axis, &1_f32.to_le_bytes());
    }
    put(344, b"n+1\0");
    file.extend(voxels.iter().flat_map(|value| value.to_le_bytes()));
    file
}

/// Whether JSON has the form that the schema of a file of this repository promises, by Python's `jsonschema`.
pub fn follows_schema(schema: &str, value: &serde_json::Value) {
    const PROGRAM: &str = "import json, sys
from jsonschema import Draft202012Validator
schema, value = json.load(sys.stdin)
Draft202012Validator.check_schema(schema)
sys.exit('\\n'.join(f'{e.json_path}: {e.message}' for e in Draft202012Validator(schema).iter_errors(value)) or 0)";
    let python = std::env::var("LACUNA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let run = |program: &str, input: &str| {
        let mut child =
            Command::new(&python).args(["-c", program]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
        // A Python that ends at once reads nothing.
        let _ = child.stdin.take()?.write_all(input.as_bytes());
        child.wait_with_output().ok()
    };
    if !run("import jsonschema", "").is_some_and(|answer| answer.status.success()) {
        assert!(std::env::var_os("LACUNA_REQUIRE_PYTHON").is_none(), "`{python}` has no jsonschema");
        println!("skipped: `{python}` has no jsonschema (another Python can be named in LACUNA_PYTHON)");
        return;
    }
    let schema = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(schema)).unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    let answer = run(PROGRAM, &serde_json::json!([schema, value]).to_string()).unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
}

/// The tool that makes components of Python, beside the Python that `LACUNA_PYTHON` names; none with a printed reason.
pub fn componentize_py() -> Option<PathBuf> {
    let named = std::env::var_os("LACUNA_PYTHON").map(PathBuf::from);
    let tool = named.as_ref().map(|python| python.with_file_name("componentize-py")).filter(|tool| tool.is_file());
    if tool.is_none() {
        let required = std::env::var_os("LACUNA_REQUIRE_PYTHON").is_some();
        assert!(!required, "there is no componentize-py beside LACUNA_PYTHON, which is {named:?}");
        println!("skipped: there is no componentize-py beside LACUNA_PYTHON, which is {named:?}");
    }
    tool
}
