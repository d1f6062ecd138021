//! `lacuna plugins new NAME`: a folder that builds a perturbation, a method or a metric, in Rust or in Python.
//!
//! `role` says what the example does -> `rust` or `python` fills its templates -> the files are written into a new folder.

mod python;
mod role;
mod rust;

use crate::{
    console::Console,
    failure::{Failure, Result},
};
use role::Role;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Name of the plugin in lower-case words joined by hyphens, for example `local-mean`
    name: String,
    /// The language that it is written in
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t)]
    lang: Language,
    /// What it is
    #[arg(long, value_enum, value_name = "ROLE", default_value_t)]
    role: Role,
    /// Folder to make; default: the name, in this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of the crate `lacuna-plugin`, for a plugin in Rust; default: the one of the source that this program was built
    /// from, else the released version
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// A language that there are templates for.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Language {
    #[default]
    Rust,
    Python,
}

/// A plugin that is not written yet.
struct Begun {
    /// Paths in the plugin's folder, with `/` between their parts, and texts.
    files: Vec<(String, String)>,
    /// The commands that build it, in its folder.
    build: Vec<String>,
    /// Where the component then is, as `--plugins` takes it.
    component: String,
}

/// Writes the folder and says what to do next.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { name, lang, role, .. } = arguments;
    if !is_kebab_case(name) {
        return Err(Failure::input(
            format!("`{name}`"),
            "a plugin's name is made of lower-case letters and digits, words joined by hyphens, 64 at most",
            "choose a name such as `local-mean`",
        ));
    }
    let begun = match (lang, &arguments.sdk) {
        (Language::Rust, sdk) => rust::begin(name, *role, sdk.as_deref())?,
        (Language::Python, None) => python::begin(name, *role),
        (Language::Python, Some(_)) => {
            let found = "a plugin in Python has its vocabulary beside it, and needs no crate";
            return Err(Failure::input("--sdk", found, "leave it out, or take `--lang rust`"));
        }
    };
    let folder = arguments.out.clone().unwrap_or_else(|| PathBuf::from(name));
    write(&folder, &begun.files).map_err(|error| {
        Failure::input(
            folder.display(),
            format!("the folder cannot be made ({error})"),
            "choose a folder that does not exist yet with `--out DIR`",
        )
    })?;
    let console = Console::new(false);
    console.say(&format!("{} is a new {}. Next:", folder.display(), role.word()));
    let mut change_to = format!("cd {} && ", folder.display());
    for command in begun.build {
        console.say(&format!("    {}{command}", std::mem::take(&mut change_to)));
    }
    console.say(&format!("    lacuna plugins inspect {name} --plugins {}", begun.component));
    Ok(())
}

fn write(folder: &Path, files: &[(String, String)]) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    // Fails where something is already, so that nothing of the user's is overwritten.
    fs::create_dir(folder)?;
    for (path, text) in files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, text)?;
    }
    Ok(())
}

/// The template with a text for each `{{word}}`.
fn filled(template: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(&format!("{{{{{word}}}}}"), value))
}

fn is_kebab_case(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(is_word)
}
