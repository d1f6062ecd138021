//! `lacuna plugins new NAME`: a crate that builds a perturbation.

use crate::{
    console::Console,
    failure::{Failure, Result},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Name of the plugin in lower-case words joined by hyphens, for example `local-mean`
    name: String,
    /// Folder to make; default: the name, in this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of the crate `lacuna-plugin`; default: the one of the source that this program was built from, else the
    /// released version
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

const FILES: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("../../../../plugins/sdk/template/Cargo.toml.template")),
    ("README.md", include_str!("../../../../plugins/sdk/template/README.md")),
    ("src/lib.rs", include_str!("../../../../plugins/sdk/template/src/lib.rs")),
];

const SDK_BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/sdk");

/// Writes the crate and says what to do next.
pub fn run(arguments: &Arguments) -> Result<()> {
    let name = &arguments.name;
    if !is_kebab_case(name) {
        return Err(Failure::input(
            format!("`{name}`"),
            "a plugin's name is made of lower-case letters and digits, words joined by hyphens, 64 at most",
            "choose a name such as `local-mean`",
        ));
    }
    let sdk = sdk(arguments.sdk.as_deref())?;
    let folder = arguments.out.clone().unwrap_or_else(|| PathBuf::from(name));
    let occupied = |error: io::Error| {
        Failure::input(
            folder.display(),
            format!("the folder cannot be made ({error})"),
            "choose a folder that does not exist yet with `--out DIR`",
        )
    };
    if let Some(parent) = folder.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(occupied)?;
    }
    // Fails where something is already, so that nothing of the user's is overwritten.
    fs::create_dir(&folder).map_err(occupied)?;
    fs::create_dir(folder.join("src")).map_err(occupied)?;
    for (file, template) in FILES {
        let text = template.replace("{{name}}", name).replace("{{sdk}}", &sdk);
        fs::write(folder.join(file), text).map_err(occupied)?;
    }
    let console = Console::new(false);
    console.say(&format!("{} is a new perturbation. Next:", folder.display()));
    console.say(&format!("    cd {} && cargo build --release --target wasm32-unknown-unknown", folder.display()));
    console.say(&format!("    lacuna plugins inspect {name} --plugins target/wasm32-unknown-unknown/release"));
    Ok(())
}

/// The dependency as it stands in a `Cargo.toml`.
fn sdk(named: Option<&Path>) -> Result<String> {
    let beside = Path::new(SDK_BESIDE);
    let folder = match named {
        Some(folder) if !folder.join("Cargo.toml").is_file() => {
            return Err(Failure::input(
                format!("--sdk: {}", folder.display()),
                "there is no Cargo.toml",
                "give the folder `plugins/sdk` of Lacuna's source",
            ));
        }
        Some(folder) => Some(folder),
        None => Some(beside).filter(|folder| folder.join("Cargo.toml").is_file()),
    };
    let Some(folder) = folder else {
        return Ok(format!("{:?}", env!("CARGO_PKG_VERSION")));
    };
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    // TOML's basic strings escape as Rust's do, as far as paths are concerned.
    Ok(format!("{{ path = {:?} }}", folder.display().to_string()))
}

fn is_kebab_case(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(is_word)
}
