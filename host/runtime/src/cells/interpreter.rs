//! The interpreter of a notebook's cells, ready to start.

use super::{adopted::Adopted, notebook::Definition};
use crate::{
    bindings::cells::CellsPluginPre,
    error::{PluginId, Role},
    host::Host,
    plugin::{
        contract,
        description::PluginInfo,
        encode,
        load::{LoadError, PATIENCE, Plugin, compiled, describe},
    },
    run::{cancel::CancelToken, state::PluginState},
    wasi,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The origin of what a cell defined.
pub const CELL: &str = "a cell of the notebook";

/// A compiled interpreter. Cheap to clone.
#[derive(Clone)]
pub struct Interpreter(Arc<Parts>);

struct Parts {
    id: PluginId,
    info: PluginInfo,
    sha256: String,
    wasi: Vec<String>,
    program: CellsPluginPre<PluginState>,
}

impl Interpreter {
    /// Compiles the component in `bytes`. `origin` is shown to the user: a path, or a word.
    ///
    /// # Errors
    /// A file that is no component of the world `lacuna:cells/cells-plugin`.
    pub fn load(host: &Host, origin: &str, bytes: &[u8]) -> Result<Interpreter, LoadError> {
        let component = encode::component(host.engine(), origin, bytes)?;
        let component = compiled(host, origin, component.into_owned(), PATIENCE)?;
        contract::check_interpreter(origin, host.engine(), &component)?;
        let wasi = wasi::packages(host.engine(), &component);
        let wrong_types = |error: wasmtime::Error| LoadError::wrong_types(origin, &error);
        let mut linker = host.linker(Role::Interpreter).clone();
        let instance = wasi::link(&mut linker, host.engine(), &component)
            .and_then(|()| linker.instantiate_pre(&component))
            .map_err(wrong_types)?;
        let program = CellsPluginPre::new(instance.clone()).map_err(wrong_types)?;
        let info = describe(host, PluginId::unnamed(Role::Interpreter, origin), &instance, None, &CancelToken::new())?;
        let id = PluginId::new(Role::Interpreter, &info.name, origin);
        let sha256 = format!("{:x}", Sha256::digest(bytes));
        Ok(Interpreter(Arc::new(Parts { id, info, sha256, wasi, program })))
    }

    /// The plugin that a cell defined: another instance of this program. With `readback` it needs that, since a cell's function reads
    /// numbers wherever its notebook may.
    ///
    /// # Errors
    /// A definition that the interpreter cannot adopt, or that describes itself wrongly; [`LoadError::Describe`] with
    /// [`RunError::Cancelled`](crate::RunError::Cancelled) where `cancel` stopped it.
    pub fn define(
        &self,
        host: &Host,
        definition: Definition,
        readback: bool,
        cancel: &CancelToken,
    ) -> Result<Plugin, LoadError> {
        let (name, origin) = (definition.name.clone(), CELL);
        let wrong = |problem: String| LoadError::Description { origin: origin.to_owned(), problem };
        let adopted = Adopted::new(definition).map_err(wrong)?;
        let sha256 = adopted.sha256(&self.0.sha256).map_err(|error| wrong(error.to_string()))?;
        let plugin = Plugin::adopting(host, origin, sha256, self, adopted, readback, cancel)?;
        match plugin.name() == name {
            true => Ok(plugin),
            false => Err(wrong(format!("it was defined as `{name}` and calls itself `{}`", plugin.name()))),
        }
    }

    /// Name and origin.
    pub fn id(&self) -> &PluginId {
        &self.0.id
    }

    /// What it says of itself.
    pub fn info(&self) -> &PluginInfo {
        &self.0.info
    }

    /// SHA-256 of the bytes that were loaded, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// The packages of WASI that its program asks for. All of it is denied.
    pub fn wasi(&self) -> &[String] {
        &self.0.wasi
    }

    pub(crate) fn program(&self) -> &CellsPluginPre<PluginState> {
        &self.0.program
    }
}

impl std::fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Interpreter({}, {})", self.0.id, self.0.sha256)
    }
}
