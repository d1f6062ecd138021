//! The plugins that a run can choose from, by name.

use super::load::{LoadError, Plugin};
use crate::{error::Role, host::Host, text};
use std::collections::BTreeMap;

/// Plugins by role and name. Built-in ones and those from files are equal.
///
/// A method and a perturbation may have the same name; two plugins of one role may not.
#[derive(Clone, Debug, Default)]
pub struct PluginLibrary {
    plugins: BTreeMap<(Role, String), Plugin>,
}

impl PluginLibrary {
    pub fn new() -> PluginLibrary {
        PluginLibrary::default()
    }

    /// Loads a plugin and adds it. The embedder reads the file; this crate opens none.
    ///
    /// # Errors
    /// A plugin that cannot be loaded, or whose name another one has.
    pub fn add(&mut self, host: &Host, origin: &str, bytes: &[u8]) -> Result<&Plugin, LibraryError> {
        self.insert(Plugin::load(host, origin, bytes)?)
    }

    /// Adds every built-in plugin: pairs of a name, shown as `built-in NAME`, and the bytes.
    ///
    /// # Errors
    /// As [`PluginLibrary::add`].
    pub fn add_built_in(&mut self, host: &Host, plugins: &[(&str, &[u8])]) -> Result<(), LibraryError> {
        for (name, bytes) in plugins {
            self.insert(Plugin::load_built_in(host, name, bytes)?)?;
        }
        Ok(())
    }

    /// Adds a plugin that is loaded already.
    ///
    /// # Errors
    /// Its name is taken by another plugin of its role; the same bytes twice are no error.
    pub fn insert(&mut self, plugin: Plugin) -> Result<&Plugin, LibraryError> {
        let key = (plugin.role(), plugin.name().to_owned());
        if let Some(present) = self.plugins.get(&key)
            && present.sha256() != plugin.sha256()
        {
            return Err(LibraryError::taken(present, &plugin));
        }
        Ok(self.plugins.entry(key).or_insert(plugin))
    }

    /// The plugin of that role and name.
    ///
    /// # Errors
    /// There is none; the error lists those that there are.
    pub fn get(&self, role: Role, name: &str) -> Result<&Plugin, LibraryError> {
        self.plugins.get(&(role, name.to_owned())).ok_or_else(|| {
            let known: Vec<&str> = self.of_role(role).map(Plugin::name).collect();
            let hint = text::nearest(name, &known).map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default();
            LibraryError::Unknown { role, name: text::clean(name, 100), hint, known: text::list(&known) }
        })
    }

    /// Every plugin: methods first, each role by name.
    pub fn iter(&self) -> impl Iterator<Item = &Plugin> {
        self.plugins.values()
    }

    fn of_role(&self, role: Role) -> impl Iterator<Item = &Plugin> {
        self.iter().filter(move |plugin| plugin.role() == role)
    }
}

/// A plugin that cannot be found or added.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("two plugins are the {role} `{name}`: `{first}` and `{second}`. {remedy}")]
    Taken { role: Role, name: String, first: String, second: String, remedy: &'static str },
    #[error(
        "there is no {role} `{name}`{hint}; there are {known}. Others are found in folders of plugins that are named"
    )]
    Unknown { role: Role, name: String, hint: String, known: String },
}

impl LibraryError {
    fn taken(present: &Plugin, added: &Plugin) -> LibraryError {
        let remedy = match present.is_built_in() || added.is_built_in() {
            true => "A plugin cannot replace a built-in one: its author has to give it another name in `describe`",
            false => "Remove one of the two files, or give one of them another name in `describe`",
        };
        LibraryError::Taken {
            role: added.role(),
            name: added.name().to_owned(),
            first: present.origin().to_owned(),
            second: added.origin().to_owned(),
            remedy,
        }
    }
}
