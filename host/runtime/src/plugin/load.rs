//! A plugin, ready to run.

use super::{
    contract::{self, CONTRACT_VERSION, ForbiddenImport},
    description::{Need, PluginInfo},
    encode,
};
use crate::{
    bindings::{
        classifier::ClassifierPluginPre, described::Described, method::MethodPluginPre, metric::MetricPluginPre,
        perturbation::PerturbationPluginPre,
    },
    cells::{adopted::Adopted, interpreter::Interpreter},
    error::{PluginId, Role, RunError},
    host::Host,
    policy::{grants::Grants, limits::Limits},
    run::{cancel::CancelToken, failure, shared::Shared, stack::with_room, state::PluginState},
    text, wasi,
};
use sha2::{Digest, Sha256};
use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};
use wasmtime::{
    Store,
    component::{Component, Instance, InstancePre},
};

/// A compiled plugin that was checked and has said what it is. Cheap to clone; can be used by many runs.
#[derive(Clone)]
pub struct Plugin(Arc<Loaded>);

struct Loaded {
    id: PluginId,
    info: PluginInfo,
    sha256: String,
    imports_perturbations: bool,
    wasi: Vec<String>,
    program: Program,
    /// What a cell of a notebook defined, which every instance adopts first.
    adopted: Option<Adopted>,
}

/// The compiled program, type-checked against the world of its role.
pub(crate) enum Program {
    Method(MethodPluginPre<PluginState>),
    Perturbation(PerturbationPluginPre<PluginState>),
    Metric(MetricPluginPre<PluginState>),
    Classifier(ClassifierPluginPre<PluginState>),
}

impl Program {
    fn new(role: Role, instance: &InstancePre<PluginState>) -> wasmtime::Result<Program> {
        let instance = instance.clone();
        match role {
            Role::Method => MethodPluginPre::new(instance).map(Program::Method),
            Role::Perturbation => PerturbationPluginPre::new(instance).map(Program::Perturbation),
            Role::Metric => MetricPluginPre::new(instance).map(Program::Metric),
            Role::Classifier => ClassifierPluginPre::new(instance).map(Program::Classifier),
            Role::Interpreter => Err(wasmtime::Error::msg("an interpreter is no plugin")),
        }
    }

    fn instance_pre(&self) -> &InstancePre<PluginState> {
        match self {
            Program::Method(program) => program.instance_pre(),
            Program::Perturbation(program) => program.instance_pre(),
            Program::Metric(program) => program.instance_pre(),
            Program::Classifier(program) => program.instance_pre(),
        }
    }
}

impl Plugin {
    /// Compiles the plugin in `bytes` and asks it, under small limits, what it is.
    ///
    /// `bytes` is a component, or a core module with its component type inside. `origin` is shown to the user: a path, or
    /// a word such as `built-in`.
    ///
    /// # Errors
    /// A file that is no plugin, wants what no plugin gets, is for another contract, or describes itself wrongly.
    pub fn load(host: &Host, origin: &str, bytes: &[u8]) -> Result<Plugin, LoadError> {
        // A file cannot pass for a built-in plugin by its name.
        let origin = &if origin.starts_with(BUILT_IN) { format!("./{origin}") } else { origin.to_owned() };
        Plugin::load_from(host, origin, bytes)
    }

    /// Loads a plugin that is a part of this program.
    pub(crate) fn load_built_in(host: &Host, name: &str, bytes: &[u8]) -> Result<Plugin, LoadError> {
        Plugin::load_from(host, &format!("{BUILT_IN} {name}"), bytes)
    }

    fn load_from(host: &Host, origin: &str, bytes: &[u8]) -> Result<Plugin, LoadError> {
        let component = encode::component(host.engine(), origin, bytes)?;
        let component = compiled(host, origin, component.into_owned(), PATIENCE)?;
        let role = contract::role(origin, host.engine(), &component)?;
        let imports_perturbations = contract::imports(host.engine(), &component, "perturbations");

        let wrong_types = |error: wasmtime::Error| LoadError::wrong_types(origin, &error);
        let wasi = wasi::packages(host.engine(), &component);
        let instance = match wasi.is_empty() {
            true => host.linker(role).instantiate_pre(&component),
            false => {
                let mut linker = host.linker(role).clone();
                wasi::link(&mut linker, host.engine(), &component).and_then(|()| linker.instantiate_pre(&component))
            }
        };
        let instance = instance.map_err(wrong_types)?;
        let program = Program::new(role, &instance).map_err(wrong_types)?;
        let info = describe(host, PluginId::unnamed(role, origin), &instance, None, &CancelToken::new())?;
        let id = PluginId::new(role, &info.name, origin);
        let sha256 = format!("{:x}", Sha256::digest(bytes));
        Ok(Plugin(Arc::new(Loaded { id, info, sha256, imports_perturbations, wasi, program, adopted: None })))
    }

    /// The plugin that a cell defined: the interpreter's program, each instance of which adopts the definition.
    pub(crate) fn adopting(
        host: &Host,
        origin: &str,
        sha256: String,
        interpreter: &Interpreter,
        adopted: Adopted,
        readback: bool,
        cancel: &CancelToken,
    ) -> Result<Plugin, LoadError> {
        let (role, instance) = (adopted.role(), interpreter.program().instance_pre());
        let program = Program::new(role, instance).map_err(|error| LoadError::wrong_types(origin, &error))?;
        let mut info = describe(host, PluginId::unnamed(role, origin), instance, Some(&adopted), cancel)?;
        if readback && !info.needs.contains(&Need::Readback) {
            info.needs.push(Need::Readback);
        }
        let id = PluginId::new(role, &info.name, origin);
        let (wasi, imports_perturbations) = (interpreter.wasi().to_vec(), adopted.deletes());
        let adopted = Some(adopted);
        Ok(Plugin(Arc::new(Loaded { id, info, sha256, imports_perturbations, wasi, program, adopted })))
    }

    /// An instance in `store`, which is ready to be asked.
    ///
    /// # Errors
    /// An instance that cannot be made within the limits, or does not take what it is to adopt.
    pub(crate) fn instantiate(&self, store: &mut Store<PluginState>) -> Result<Instance, RunError> {
        instantiate(store, self.0.program.instance_pre(), self.0.adopted.as_ref())
    }

    /// Role, name and origin.
    pub fn id(&self) -> &PluginId {
        &self.0.id
    }

    pub fn role(&self) -> Role {
        self.0.id.role()
    }

    pub fn name(&self) -> &str {
        &self.0.info.name
    }

    /// Where it came from: a path, or a word such as `built-in`.
    pub fn origin(&self) -> &str {
        self.0.id.origin()
    }

    /// Whether it is a part of this program.
    pub fn is_built_in(&self) -> bool {
        self.origin().starts_with(BUILT_IN)
    }

    /// What it says of itself.
    pub fn info(&self) -> &PluginInfo {
        &self.0.info
    }

    /// SHA-256 of the bytes that were loaded, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// Whether it deletes regions by way of a perturbation plugin.
    pub fn uses_perturbation(&self) -> bool {
        self.0.imports_perturbations
    }

    /// The packages of WASI that its program asks for, such as `wasi:clocks`; none for a plugin in Rust. All of it is denied.
    pub fn wasi(&self) -> &[String] {
        &self.0.wasi
    }

    pub(crate) fn program(&self) -> &Program {
        &self.0.program
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plugin({}, {})", self.0.id, self.0.sha256)
    }
}

/// What a program says of itself, asked under small limits, and until `cancel` stops it.
pub(crate) fn describe(
    host: &Host,
    id: PluginId,
    instance: &InstancePre<PluginState>,
    adopted: Option<&Adopted>,
    cancel: &CancelToken,
) -> Result<PluginInfo, LoadError> {
    let origin = id.origin().to_owned();
    let limits = Limits::for_description();
    let shared = Shared::alone(limits.wall_time, cancel.clone());
    let mut store = PluginState::new(id, None, &limits, &Grants::none(), &[], shared).into_store(host.engine());
    let guest = with_room(|| {
        let failed = |cause: RunError| LoadError::Describe { origin: origin.clone(), cause: Box::new(cause) };
        let made = instantiate(&mut store, instance, adopted).map_err(failed)?;
        let described = Described::new(&mut store, &made).map_err(|error| LoadError::wrong_types(&origin, &error))?;
        let answer = described.lacuna_explain_description().call_describe(&mut store);
        answer.map_err(|error| failed(failure::of_call(store.data(), &error)))
    })?;
    PluginInfo::from_guest(guest).map_err(|problem| LoadError::Description { origin, problem })
}

fn instantiate(
    store: &mut Store<PluginState>,
    program: &InstancePre<PluginState>,
    adopted: Option<&Adopted>,
) -> Result<Instance, RunError> {
    let instance = program.instantiate(&mut *store).map_err(|error| failure::of_call(store.data(), &error))?;
    if let Some(adopted) = adopted {
        adopted.hand_over(store, &instance)?;
    }
    Ok(instance)
}

/// The first word of the origin of plugins that are a part of this program.
const BUILT_IN: &str = "built-in";

/// How long compiling a plugin may take. A Python interpreter takes 20 to 40 s on two cores; one function that was made for
/// it takes any time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// Stack of the thread that compiles.
const STACK: usize = 16 << 20;

/// Compiles on a thread of its own. Where that takes too long, the thread is left to itself.
pub(crate) fn compiled(
    host: &Host,
    origin: &str,
    component: Vec<u8>,
    patience: Duration,
) -> Result<Component, LoadError> {
    let (tell, told) = mpsc::channel();
    let (cache, engine) = (host.cache().clone(), host.engine().clone());
    let work = move || {
        // Nobody listens any more once patience is over.
        let _ = tell.send(cache.compile(&engine, &component));
    };
    let failed = |reason: String| LoadError::Invalid { origin: origin.to_owned(), reason };
    thread::Builder::new()
        .name("compiling a plugin".to_owned())
        .stack_size(STACK)
        .spawn(work)
        .map_err(|error| failed(format!("the system gives no thread to compile it: {error}")))?;
    match told.recv_timeout(patience) {
        Ok(compiled) => compiled.map_err(|error| LoadError::invalid(origin, &error)),
        Err(RecvTimeoutError::Timeout) => Err(LoadError::Slow { origin: origin.to_owned(), patience }),
        Err(RecvTimeoutError::Disconnected) => Err(failed("the compiler failed on it".to_owned())),
    }
}

/// A file that is not loaded as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "`{origin}` is not a WebAssembly file: it starts with {start}, a plugin with 00 61 73 6d. \
         Give the `.wasm` file that Cargo writes for the target wasm32-unknown-unknown",
        start = hex(.found)
    )]
    NotWasm { origin: String, found: Vec<u8> },
    #[error(
        "`{origin}` is a WebAssembly module but no plugin ({reason}). Build it with the Lacuna SDK for \
         wasm32-unknown-unknown, so that it carries its component type, and import nothing but `lacuna:explain`"
    )]
    NotAPlugin { origin: String, reason: String },
    #[error("`{origin}` is a damaged WebAssembly file ({reason}). Build or download it again")]
    Invalid { origin: String, reason: String },
    #[error("`{origin}` imports `{import}`, which is refused: {remedy}", remedy = .why.remedy())]
    ForbiddenImport { origin: String, import: String, why: ForbiddenImport },
    #[error(
        "`{origin}` is for version {found} of the contract `lacuna:explain`, this host speaks {CONTRACT_VERSION}. \
         Build it with the SDK of this host's version, or use a host for that contract"
    )]
    OtherContract { origin: String, found: String },
    #[error(
        "`{origin}` is a component but no plugin: it exports {exports} where a plugin exports \
         `lacuna:explain/description` and one of `methods`, `perturbations`, `metrics` and `models`. \
         Export it with the macro of the Lacuna SDK",
        exports = if found.is_empty() { "nothing".to_owned() } else { text::list(.found) }
    )]
    NoExport { origin: String, found: Vec<String> },
    #[error(
        "`{origin}` is no interpreter of cells for this host: it exports {exports} where one exports `lacuna:cells/cells@0.1.0`. \
         Build it from the sources of this host's version",
        exports = if found.is_empty() { "nothing".to_owned() } else { text::list(.found) }
    )]
    NoCells { origin: String, found: Vec<String> },
    #[error(
        "`{origin}` does not fit the contract `lacuna:explain@{CONTRACT_VERSION}` ({reason}). \
         Build it again with the SDK of this host's version"
    )]
    WrongTypes { origin: String, reason: String },
    #[error(
        "`{origin}` is not compiled after {} s, so it is not loaded. A function of it is too large: its author has to \
         split it, or compile for size",
        .patience.as_secs()
    )]
    Slow { origin: String, patience: Duration },
    #[error("`{origin}` failed when asked what it is, so it is not loaded: {}", in_description(.cause))]
    Describe { origin: String, cause: Box<RunError> },
    #[error("`{origin}` describes itself wrongly: {problem}. Its author has to correct `describe`")]
    Description { origin: String, problem: String },
}

impl LoadError {
    pub(crate) fn wrong_types(origin: &str, error: &wasmtime::Error) -> LoadError {
        LoadError::WrongTypes { origin: origin.to_owned(), reason: text::clean(&format!("{error:#}"), 400) }
    }

    pub(crate) fn invalid(origin: &str, error: &wasmtime::Error) -> LoadError {
        LoadError::Invalid { origin: origin.to_owned(), reason: text::clean(&format!("{error:#}"), 400) }
    }
}

/// The limits of a description are fixed, so that the remedy of a run, to raise them, is none here.
fn in_description(cause: &RunError) -> String {
    match cause {
        RunError::OutOfTime { .. } | RunError::OutOfMemory { .. } | RunError::Handles { .. } => {
            format!("{}. Its author has to let `describe`, and what runs before it, do less", cause.what())
        }
        cause => cause.to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing (the file is empty)".to_owned(),
        bytes => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompileCache, HostOptions};

    #[test]
    fn what_takes_too_long_to_compile_is_refused() {
        let host = Host::new(HostOptions { cache: CompileCache::Off }).unwrap();
        // Enough of it that no machine has compiled it at once.
        let functions = "(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))".repeat(5000);
        let component = wat::parse_str(format!("(component (core module {functions}))")).unwrap();
        assert!(compiled(&host, "many.wasm", component.clone(), PATIENCE).is_ok());
        let refused = compiled(&host, "many.wasm", component, Duration::ZERO).err().unwrap();
        assert!(matches!(refused, LoadError::Slow { .. }), "{refused}");
        assert!(refused.to_string().starts_with("`many.wasm` is not compiled after 0 s"));
    }
}
