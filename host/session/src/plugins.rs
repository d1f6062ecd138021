//! Where plugins are found: inside the program, in folders that its user names, in `LACUNA_PLUGINS`, in the user's data folder.

use crate::{
    error::{Error, Result},
    watch::Watch,
};
use directories::ProjectDirs;
use lacuna_builtin::BUILT_IN;
use lacuna_diagnostic::Remedy;
use lacuna_runtime::{CompileCache, Grant, Grants, Host, HostOptions, Need, Plugin, PluginLibrary, Role};
use std::{
    collections::HashSet,
    env, fs, io,
    path::{Path, PathBuf},
};

/// Every plugin, compiled, and the sandbox that runs them.
#[derive(Debug)]
pub struct Plugins {
    pub host: Host,
    library: PluginLibrary,
    /// Hashes of those that travel inside the program.
    built_in: HashSet<String>,
}

impl Plugins {
    /// Loads the built-in plugins and those of the user: in `folders`, which may be single files too, in the folders of the
    /// variable `LACUNA_PLUGINS`, and in `lacuna/plugins` of the user's data folder. What is wrong in `folders` is an error; in
    /// the standing folders it is a warning, so that one bad file does not stop every run.
    ///
    /// # Errors
    /// A folder or a plugin that cannot be used.
    pub fn load(watch: &dyn Watch, folders: &[PathBuf]) -> Result<Plugins> {
        let cache = cache();
        let first = matches!(&cache, CompileCache::Folder(folder) if !folder.exists());
        let _waiting = watch.wait(match first {
            true => "compiling the plugins (first run)",
            false => "loading the plugins",
        });
        let host = Host::new(HostOptions { cache })?;
        let mut library = PluginLibrary::new();
        library.add_built_in(&host, BUILT_IN)?;
        let built_in = library.iter().map(|p| p.sha256().to_owned()).collect();
        for folder in folders {
            for file in wasm_files(folder).map_err(|error| unreadable(folder, &error))? {
                add(&host, &mut library, &file)?;
            }
        }
        for folder in standing_folders() {
            let files = wasm_files(&folder).unwrap_or_else(|error| {
                if error.kind() != io::ErrorKind::NotFound {
                    watch.warn(&unreadable(&folder, &error).to_string());
                }
                Vec::new()
            });
            for file in files {
                if let Err(failure) = add(&host, &mut library, &file) {
                    watch.warn(&format!("a plugin is left out: {failure}"));
                }
            }
        }
        Ok(Plugins { host, library, built_in })
    }

    /// The plugin of that role and name.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, role: Role, name: &str) -> Result<&Plugin> {
        Ok(self.library.get(role, name)?)
    }

    /// Methods first, each role by name.
    pub fn iter(&self) -> impl Iterator<Item = &Plugin> {
        self.library.iter()
    }

    /// What the user granted, and what built-in plugins declare that they need: those are part of the program.
    ///
    /// # Errors
    /// A third-party plugin that needs what was not granted.
    pub fn grants(&self, granted: &[Grant], used: &[&Plugin]) -> Result<Grants> {
        let mut grants: Grants = granted.iter().cloned().collect();
        for plugin in used {
            let own = self.built_in.contains(plugin.sha256());
            let needs_readback = plugin.info().needs.contains(&Need::Readback);
            match (needs_readback, own || grants.contains(plugin.name(), Need::Readback)) {
                (true, true) => grants = grants.with(plugin.name(), Need::Readback),
                (true, false) => {
                    let found = "it needs `readback`, which was not granted: it wants to read numbers of tensors";
                    let granted = Remedy::Grant { plugin: plugin.name().to_owned(), need: Need::Readback.to_string() };
                    return Err(Error::input(plugin.id(), found, [granted]));
                }
                (false, _) => {}
            }
        }
        Ok(grants)
    }
}

fn add(host: &Host, library: &mut PluginLibrary, file: &Path) -> Result<()> {
    let bytes = read_component(file).map_err(|error| unreadable(file, &error))?;
    library.add(host, &file.display().to_string(), &bytes)?;
    Ok(())
}

/// Larger than any plugin: a whole Python interpreter takes some 40 MiB.
const LARGEST_COMPONENT: u64 = 256 << 20;

/// The bytes of a component: a regular file of bounded size, since devices and pipes do not end.
///
/// # Errors
/// Another file, or a larger one.
pub fn read_component(file: &Path) -> io::Result<Vec<u8>> {
    let found = fs::metadata(file)?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if found.len() > LARGEST_COMPONENT {
        let (size, most) = (found.len() >> 20, LARGEST_COMPONENT >> 20);
        return Err(io::Error::other(format!("it has {size} MiB, expected at most {most}")));
    }
    fs::read(file)
}

/// The plugin files of a folder by name, or the one file that was named.
fn wasm_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wasm")) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Folders that count in every run.
fn standing_folders() -> Vec<PathBuf> {
    let listed = env::var_os("LACUNA_PLUGINS").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&listed).filter(|folder| !folder.as_os_str().is_empty()).collect();
    folders.extend(data_folder().map(|own| own.join("plugins")));
    folders
}

/// The folder of what a user keeps for Lacuna; none on a system without such a folder.
pub fn data_folder() -> Option<PathBuf> {
    ProjectDirs::from("", "", "lacuna").map(|folders| folders.data_dir().to_owned())
}

/// `compiled` in LACUNA_CACHE or in the user's cache folder; no cache on a system without such a folder.
fn cache() -> CompileCache {
    let named = env::var_os("LACUNA_CACHE").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let own = || ProjectDirs::from("", "", "lacuna").map(|folders| folders.cache_dir().to_owned());
    match named.or_else(own) {
        Some(folder) => CompileCache::Folder(folder.join("compiled")),
        None => CompileCache::Off,
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let remedy = Remedy::advice("give a folder of .wasm plugins, or one .wasm file");
    let found = format!("the plugins cannot be read ({error})");
    Error::input(path.display(), found, [remedy])
}
