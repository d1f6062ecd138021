//! Compiled components, kept between runs of the program.

use crate::text;
use sha2::{Digest, Sha256};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use wasmtime::{Engine, component::Component};

/// Where compiled components are kept. An entry that cannot be read or used is compiled again and never an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CompileCache {
    /// `lacuna/compiled` in the user's cache folder; none on a system that has no such folder.
    #[default]
    User,
    /// A folder that only this program writes to: its content is run as machine code.
    Folder(PathBuf),
    /// Every load compiles.
    Off,
}

impl CompileCache {
    /// The compiled form of `component`, out of the cache where it is there.
    pub(crate) fn compile(&self, engine: &Engine, component: &[u8]) -> wasmtime::Result<Component> {
        let Some(folder) = self.folder().filter(|folder| is_private(folder)) else {
            return Component::from_binary(engine, component);
        };
        let entry = folder.join(entry_name(engine, component));
        if let Some(compiled) = read(engine, &entry) {
            return Ok(compiled);
        }
        let compiled = Component::from_binary(engine, component)?;
        if let Err(error) = write(&folder, &entry, &compiled.serialize()?) {
            let folder = text::clean(&folder.display().to_string(), 400);
            tracing::debug!("the compiled plugin was not kept in {folder}: {error}");
        }
        Ok(compiled)
    }

    fn folder(&self) -> Option<PathBuf> {
        match self {
            CompileCache::User => {
                let folders = directories::ProjectDirs::from("", "", "lacuna")?;
                Some(folders.cache_dir().join("compiled"))
            }
            CompileCache::Folder(folder) => Some(folder.clone()),
            CompileCache::Off => None,
        }
    }
}

/// The component and everything that decides how it is compiled: Wasmtime's version, its settings, the processor.
fn entry_name(engine: &Engine, component: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    format!("{:x}-{:016x}.bin", Sha256::digest(component), settings.finish())
}

fn read(engine: &Engine, entry: &Path) -> Option<Component> {
    let content = fs::read(entry).ok()?;
    let (checksum, compiled) = content.split_at_checked(32)?;
    if Sha256::digest(compiled).as_slice() != checksum {
        return None;
    }
    // SAFETY: `deserialize` runs what it is given as machine code, so the bytes have to be those that `serialize` wrote.
    // They are: `is_private` saw that nobody but the user can write to the folder, `write` is the only code that puts a file
    // of this name there, the checksum shows that it was not cut off or damaged since, and the name holds the engine's
    // compatibility hash. Who can write as the user can replace the program itself.
    unsafe { Component::deserialize(engine, compiled).ok() }
}

/// Whether the folder, made here where it is not there, belongs to the user and nobody else can write to it: its content is
/// run as machine code.
#[cfg(unix)]
fn is_private(folder: &Path) -> bool {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let tried = || -> io::Result<bool> {
        create_private(folder)?;
        // What is made now belongs to the user. A link would lead to a folder that is looked at instead.
        let mine = folder.join(format!(".owner-{}-{}", std::process::id(), next_number()));
        let owner = fs::File::create_new(&mine).and_then(|file| Ok(file.metadata()?.uid()));
        // A mark that cannot be removed is empty and harms nobody.
        let _ = fs::remove_file(&mine);
        let found = fs::metadata(folder)?;
        Ok(found.is_dir() && found.uid() == owner? && found.permissions().mode() & 0o022 == 0)
    };
    let why = match tried() {
        Ok(true) => return true,
        Ok(false) => "others can write to it".to_owned(),
        Err(error) => error.to_string(),
    };
    let folder = text::clean(&folder.display().to_string(), 400);
    tracing::warn!("compiled plugins are not kept in {folder}: {why}");
    false
}

/// Windows gives folders in a user's profile to that user.
#[cfg(not(unix))]
fn is_private(_folder: &Path) -> bool {
    true
}

/// A number that no other thread of this process gets.
fn next_number() -> u64 {
    static USED: AtomicU64 = AtomicU64::new(0);
    USED.fetch_add(1, Ordering::Relaxed)
}

/// Written beside and renamed, so that another process sees the whole entry or none.
fn write(folder: &Path, entry: &Path, compiled: &[u8]) -> io::Result<()> {
    create_private(folder)?;
    let unique = next_number();
    let beside = entry.with_extension(format!("{}-{unique}.part", std::process::id()));
    let written = fs::File::create_new(&beside).and_then(|mut file| {
        file.write_all(&Sha256::digest(compiled))?;
        file.write_all(compiled)
    });
    let done = written.and_then(|()| fs::rename(&beside, entry));
    if done.is_err() {
        // Nothing is lost if this fails too: the entry is not there and its part has another name.
        let _ = fs::remove_file(&beside);
    }
    done
}

/// Only the user may write here, since what lies here is run.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_can_write_to_is_not_used() {
        let folder = std::env::temp_dir().join(format!("lacuna-cache-{}", std::process::id()));
        let compiled = folder.join("compiled");
        assert!(is_private(&compiled));
        assert_eq!(fs::read_dir(&compiled).unwrap().count(), 0);
        for (mode, private) in [(0o777, false), (0o770, false), (0o755, true), (0o700, true)] {
            fs::set_permissions(&compiled, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_private(&compiled), private, "{mode:o}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
