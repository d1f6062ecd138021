//! The sandbox that all plugins of one program share: Wasmtime's engine with its settings, and the clock that interrupts.

use crate::{
    bindings::{
        cells::CellsPlugin, classifier::ClassifierPlugin, method::MethodPlugin, metric::MetricPlugin,
        perturbation::PerturbationPlugin,
    },
    error::Role,
    plugin::cache::CompileCache,
    run::state::PluginState,
};
use std::{
    fmt,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use wasmtime::{
    Config, Engine, Strategy,
    component::{HasSelf, Linker},
};

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Stack that one guest may use. An interpreter of Python needs it for the depth of calls that its users expect.
pub(crate) const GUEST_STACK_BYTES: usize = 2 << 20;

/// Loads and runs plugins. Cheap to clone; a program needs one.
#[derive(Clone)]
pub struct Host(Arc<Parts>);

struct Parts {
    engine: Engine,
    methods: Linker<PluginState>,
    perturbations: Linker<PluginState>,
    metrics: Linker<PluginState>,
    classifiers: Linker<PluginState>,
    interpreters: Linker<PluginState>,
    cache: CompileCache,
    _ticker: Ticker,
}

/// What an embedder decides about a [`Host`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostOptions {
    pub cache: CompileCache,
}

impl Host {
    /// Starts the sandbox and its ticking thread, which ends when the last clone is dropped.
    ///
    /// # Errors
    /// A machine that Wasmtime cannot run on, or that gives no thread.
    pub fn new(options: HostOptions) -> Result<Host, HostError> {
        let engine = Engine::new(&config())?;
        let mut methods = Linker::new(&engine);
        MethodPlugin::add_to_linker::<_, HasSelf<PluginState>>(&mut methods, |state| state)?;
        let mut perturbations = Linker::new(&engine);
        PerturbationPlugin::add_to_linker::<_, HasSelf<PluginState>>(&mut perturbations, |state| state)?;
        let mut metrics = Linker::new(&engine);
        MetricPlugin::add_to_linker::<_, HasSelf<PluginState>>(&mut metrics, |state| state)?;
        let mut classifiers = Linker::new(&engine);
        ClassifierPlugin::add_to_linker::<_, HasSelf<PluginState>>(&mut classifiers, |state| state)?;
        let mut interpreters = Linker::new(&engine);
        CellsPlugin::add_to_linker::<_, HasSelf<PluginState>>(&mut interpreters, |state| state)?;
        let _ticker = Ticker::start(engine.clone()).map_err(HostError::Thread)?;
        Ok(Host(Arc::new(Parts {
            engine,
            methods,
            perturbations,
            metrics,
            classifiers,
            interpreters,
            cache: options.cache,
            _ticker,
        })))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn cache(&self) -> &CompileCache {
        &self.0.cache
    }

    pub(crate) fn linker(&self, role: Role) -> &Linker<PluginState> {
        match role {
            Role::Method => &self.0.methods,
            Role::Perturbation => &self.0.perturbations,
            Role::Metric => &self.0.metrics,
            Role::Classifier => &self.0.classifiers,
            Role::Interpreter => &self.0.interpreters,
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("cache", &self.0.cache).finish_non_exhaustive()
    }
}

/// A sandbox that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("the sandbox for plugins cannot start on this machine: {0:#}")]
    Sandbox(wasmtime::Error),
    #[error("the system gives no thread for the sandbox's clock: {0}. Raise the limit on threads of this process")]
    Thread(std::io::Error),
}

impl From<wasmtime::Error> for HostError {
    fn from(error: wasmtime::Error) -> HostError {
        HostError::Sandbox(error)
    }
}

/// The same numbers on every machine, and nothing that a plugin for tensors has no use for.
fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(GUEST_STACK_BYTES)
        .wasm_memory64(false)
        .wasm_gc(false)
        .wasm_exceptions(false)
        .wasm_function_references(false)
        .wasm_tail_call(false)
        .wasm_multi_memory(false);
    config
}

/// Advances the engine's epoch until dropped.
struct Ticker(#[expect(dead_code, reason = "dropping the sender ends the thread")] mpsc::Sender<()>);

impl Ticker {
    fn start(engine: Engine) -> std::io::Result<Ticker> {
        let (alive, dropped) = mpsc::channel();
        thread::Builder::new().name("lacuna-ticker".to_owned()).spawn(move || {
            while dropped.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker(alive))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Module;

    #[test]
    fn modules_may_use_what_is_allowed_and_nothing_else() {
        let engine = Engine::new(&config()).unwrap();
        let compiles = |text: &str| Module::new(&engine, wat::parse_str(text).unwrap()).is_ok();
        for (feature, text) in [
            ("multi-value", "(module (func (result i32 i32) i32.const 1 i32.const 2))"),
            ("bulk memory", "(module (memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.fill))"),
            ("reference types", "(module (table 1 externref))"),
            ("vectors", "(module (func (result v128) v128.const i64x2 1 2))"),
        ] {
            assert!(compiles(text), "{feature}");
        }
        for (feature, text) in [
            ("tail calls", "(module (func $f return_call $f))"),
            ("several memories", "(module (memory 1) (memory 1))"),
            ("64-bit memories", "(module (memory i64 1))"),
            ("exceptions", "(module (tag))"),
            ("typed function references", "(module (type $t (func)) (func (param (ref $t))))"),
            ("garbage collection", "(module (type (struct (field i32))))"),
            ("shared memories", "(module (memory 1 1 shared))"),
            ("custom page sizes", "(module (memory 1 (pagesize 1)))"),
            (
                "wide arithmetic",
                "(module (func (result i64 i64) i64.const 1 i64.const 1 i64.const 1 i64.const 1 i64.add128))",
            ),
            ("stack switching", "(module (type $f (func)) (type $c (cont $f)))"),
        ] {
            assert!(!compiles(text), "{feature}");
        }
    }
}
