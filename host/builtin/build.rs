//! Builds the plugins that travel inside the program: each to WebAssembly, then to a component.
//!
//! `lacuna-wasm-target` has checked before that the compiler can do that.

use lacuna_wasm_target::TARGET;
use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use wit_component::ComponentEncoder;

/// The folders of `plugins/`, one for each role, that hold a folder for each plugin.
const ROLES: [&str; 3] = ["methods", "perturbations", "metrics"];

fn main() -> Result<(), Box<dyn Error>> {
    // Read when the script runs, not when it is compiled: checkouts that share a target folder share the compiled script.
    let workspace = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let workspace = workspace.canonicalize().map_err(|error| format!("{}: {error}", workspace.display()))?;
    for source in ["plugins", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let names = built_in(&workspace.join("plugins"))?;
    let modules = build(&workspace, &names, &out.join("plugins"))?;
    let mut list =
        "/// Name and component of every built-in plugin.\npub static BUILT_IN: &[(&str, &[u8])] = &[\n".to_owned();
    for name in &names {
        let file = modules.join(format!("lacuna_plugin_{}.wasm", name.replace('-', "_")));
        let module = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let component = ComponentEncoder::default().validate(true).module(&module)?.encode()?;
        let component_file = out.join(format!("{name}.wasm"));
        fs::write(&component_file, component)?;
        let path = component_file.display().to_string();
        writeln!(list, "    ({name:?}, include_bytes!({path:?})),")?;
    }
    list.push_str("];\n");
    list.push_str(&sources(&workspace)?);
    Ok(fs::write(out.join("built_in.rs"), list)?)
}

/// The interpreter of cells is built where Python is: its sources travel, with the contracts.
const INTERPRETER: [&str; 4] =
    ["plugins/cells-python/requirements.txt", "plugins/cells-python/src", "wit/cells-v0.1", "wit/v0.2"];

/// The sources of the interpreter of cells as a list of paths and texts, sorted.
fn sources(workspace: &Path) -> Result<String, Box<dyn Error>> {
    let mut waiting: Vec<PathBuf> = INTERPRETER.iter().map(|part| workspace.join(part)).collect();
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        } else if path.extension().is_some_and(|ending| ["py", "wit", "txt"].iter().any(|known| ending == *known)) {
            files.push(path);
        }
    }
    files.sort();
    let mut list =
        "/// Path in the repository and text of every source of the interpreter of cells.\npub static CELLS_PYTHON: \
                    &[(&str, &str)] = &[\n"
            .to_owned();
    for file in files {
        let name = file.strip_prefix(workspace)?.display().to_string().replace('\\', "/");
        writeln!(list, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
    }
    list.push_str("];\n");
    Ok(list)
}

/// The names of the plugins that travel inside the program, sorted.
fn built_in(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for role in ROLES {
        for entry in fs::read_dir(folder.join(role))? {
            let entry = entry?;
            if entry.path().join("Cargo.toml").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Builds the named plugins and returns the folder of their modules.
fn build(workspace: &Path, names: &[String], target_folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(workspace)
        .args(["build", "--release", "--target", TARGET])
        .arg("--target-dir")
        .arg(target_folder);
    for name in names {
        cargo.args(["-p", &format!("lacuna-plugin-{name}")]);
    }
    if workspace.join("Cargo.lock").exists() {
        cargo.arg("--locked");
    }
    without_the_outer_build(&mut cargo);
    // A plugin's bytes, and so its hash, must not depend on where the source lies.
    let cargo_home = env::var("CARGO_HOME").unwrap_or_else(|_| {
        let home = env::var("HOME").or_else(|_| env::var("USERPROFILE"));
        format!("{}/.cargo", home.unwrap_or_default())
    });
    let flags =
        format!("--remap-path-prefix={}=lacuna\u{1f}--remap-path-prefix={cargo_home}=cargo", workspace.display());
    // Small before fast: the arithmetic of a plugin runs on the host.
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s")
        .env("CARGO_PROFILE_RELEASE_LTO", "true")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    let built = cargo.output()?;
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        return Err(format!("the built-in plugins cannot be built:\n{said}").into());
    }
    Ok(target_folder.join(TARGET).join("release"))
}

/// Removes the variables that Cargo sets for this build script: they describe the host's build, not that of the guests.
fn without_the_outer_build(cargo: &mut Command) {
    const KEPT: [&str; 6] =
        ["CARGO_HOME", "CARGO_HTTP", "CARGO_NET", "CARGO_REGISTR", "CARGO_SOURCE", "CARGO_MAKEFLAGS"];
    const OTHERS: [&str; 6] =
        ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTDOCFLAGS", "CLIPPY_ARGS", "TARGET"];
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let of_cargo = name.starts_with("CARGO_") && !KEPT.iter().any(|kept| name.starts_with(kept));
        if of_cargo || OTHERS.contains(&&*name) {
            cargo.env_remove(&*name);
        }
    }
}
