//! An instance of the interpreter that lives from cell to cell.

use super::{
    interpreter::Interpreter,
    notebook::{Form, Notebook},
};
use crate::{
    bindings::cells::{
        CellsPlugin,
        exports::lacuna::cells::cells::{self as wit},
        lacuna::cells::notebook as shown,
    },
    error::RunError,
    host::Host,
    plugin::description::Need,
    policy::{grants::Grants, limits::Limits},
    run::{cancel::CancelToken, failure, give_back::GivesBack, prepare, shared::Shared, state::PluginState},
    text,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use lacuna_engine::Device;
use std::time::Duration;
use wasmtime::Store;

/// Stack that the thread of [`Cells`] needs: a cell that explains stands below a method, which stands below a perturbation.
pub const CELLS_STACK_BYTES: usize = 16 << 20;

/// How long what a front end asks beside a cell may take before it is told to stop.
const ASIDE: Duration = Duration::from_secs(2);
/// Lines of a traceback that are kept.
const MOST_LINES: usize = 1000;
/// Completions that are kept.
const MOST_COMPLETIONS: usize = 2000;

/// The cells of one notebook: a running interpreter with the state that its cells left. It stays on the thread that started it, which
/// needs a stack of [`CELLS_STACK_BYTES`].
pub struct Cells {
    store: Store<PluginState>,
    guest: CellsPlugin,
    limits: Limits,
    /// Why the instance cannot be entered any more.
    fault: Option<RunError>,
}

/// An exception that a cell did not catch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its class, for example `ValueError`.
    pub name: String,
    pub text: String,
    pub traceback: Vec<String>,
}

/// What may stand at a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// The characters (Unicode code points) that a completion replaces.
    pub start: u32,
    pub end: u32,
    pub items: Vec<Completion>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    /// `function`, `class`, `module`, `instance`, `parameter`, `keyword` or `name`.
    pub kind: String,
    /// Its call, where it has one.
    pub signature: String,
}

/// Whether code is a whole cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    /// More lines must follow, the next with this indentation.
    Incomplete(String),
    Invalid,
}

impl Cells {
    /// Starts an instance that asks `notebook`. Its cells may read numbers of tensors if `grants` has that for the interpreter's name.
    ///
    /// # Errors
    /// An interpreter of another host, and an instance that cannot be made within the limits.
    pub fn start(
        host: &Host,
        interpreter: &Interpreter,
        device: &Device,
        limits: &Limits,
        grants: &Grants,
        notebook: Box<dyn Notebook>,
    ) -> Result<Cells, RunError> {
        let program = interpreter.program();
        prepare::check_host(host, program.engine())?;
        let shared = Shared::new(limits.wall_time, CancelToken::new(), Box::new(|_| ()));
        let id = interpreter.id().clone();
        // What a cell may do is decided by its notebook, whatever the interpreter declares.
        let needs = [Need::Readback];
        let mut state = PluginState::new(id, Some(device.clone()), limits, grants, &needs, shared);
        state.notebook = Some(notebook);
        let mut store = state.into_store(program.engine());
        let guest = program.instantiate(&mut store).map_err(|error| failure::of_call(store.data(), &error))?;
        Ok(Cells { store, guest, limits: limits.clone(), fault: None })
    }

    /// Runs a cell. Returns the forms of its last expression, or the exception that it did not catch.
    ///
    /// # Errors
    /// The end of the instance: a limit or a trap. Every later call gives the same.
    pub fn execute(
        &mut self,
        code: &str,
        count: u32,
        silent: bool,
        cancel: CancelToken,
    ) -> Result<Result<Vec<Form>, Failure>, RunError> {
        let _gives_back = GivesBack;
        let answer = self
            .call(cancel, None, |guest, store| guest.lacuna_cells_cells().call_execute(store, code, count, silent))?;
        Ok(answered(answer))
    }

    /// The value of one expression.
    ///
    /// # Errors
    /// Those of [`Cells::execute`].
    pub fn evaluate(&mut self, expression: &str, cancel: CancelToken) -> Result<Result<Vec<Form>, Failure>, RunError> {
        let answer =
            self.call(cancel, None, |guest, store| guest.lacuna_cells_cells().call_evaluate(store, expression))?;
        Ok(answered(answer))
    }

    /// What may stand at the cursor, which counts Unicode code points.
    ///
    /// # Errors
    /// Those of [`Cells::execute`].
    pub fn complete(&mut self, code: &str, cursor: u32, cancel: CancelToken) -> Result<Completions, RunError> {
        let found = self
            .call(cancel, Some(ASIDE), |guest, store| guest.lacuna_cells_cells().call_complete(store, code, cursor))?;
        let items = found.items.into_iter().take(MOST_COMPLETIONS);
        let item = |item: wit::Completion| Completion {
            text: text::clean(&item.text, 1000),
            kind: text::clean(&item.kind, 64),
            signature: text::clean(&item.signature, 1000),
        };
        Ok(Completions { start: found.start, end: found.end, items: items.map(item).collect() })
    }

    /// What is known of the name at the cursor.
    ///
    /// # Errors
    /// Those of [`Cells::execute`].
    pub fn inspect(
        &mut self,
        code: &str,
        cursor: u32,
        detail: u32,
        cancel: CancelToken,
    ) -> Result<Option<Vec<Form>>, RunError> {
        let found = self.call(cancel, Some(ASIDE), |guest, store| {
            guest.lacuna_cells_cells().call_inspect(store, code, cursor, detail)
        })?;
        Ok(found.map(|forms| forms.into_iter().map(Form::from).collect()))
    }

    /// Whether code is a whole cell.
    ///
    /// # Errors
    /// Those of [`Cells::execute`].
    pub fn is_complete(&mut self, code: &str, cancel: CancelToken) -> Result<Completeness, RunError> {
        let found =
            self.call(cancel, Some(ASIDE), |guest, store| guest.lacuna_cells_cells().call_is_complete(store, code))?;
        Ok(match found {
            wit::Completeness::Complete => Completeness::Complete,
            wit::Completeness::Incomplete(indent) => Completeness::Incomplete(text::clean(&indent, 200)),
            wit::Completeness::Invalid => Completeness::Invalid,
        })
    }

    /// One call of the guest, with a clock of its own, told to stop after `aside`. What it wrote past the notebook is shown at its end.
    fn call<R>(
        &mut self,
        cancel: CancelToken,
        aside: Option<Duration>,
        work: impl FnOnce(&CellsPlugin, &mut Store<PluginState>) -> wasmtime::Result<R>,
    ) -> Result<R, RunError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let shared = Shared::new(self.limits.wall_time, cancel, Box::new(|_| ()));
        if let Some(aside) = aside {
            shared.watch.hurry(aside);
        }
        self.store.data_mut().renew(shared);
        let answer = work(&self.guest, &mut self.store);
        self.store.data_mut().show_messages();
        let answer = answer.map_err(|trap| failure::of_call(self.store.data(), &trap));
        // What cells dropped of the gradient graph is freed now, since no later run does it.
        let swept = self.store.data().sweep();
        let answer = answer.and_then(|answer| {
            swept.map_err(|fault| failure::of_fault(self.store.data(), fault))?;
            Ok(answer)
        });
        answer.inspect_err(|fault| self.fault = Some(fault.clone()))
    }
}

impl std::fmt::Debug for Cells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cells").field("fault", &self.fault).finish_non_exhaustive()
    }
}

fn answered(answer: Result<Vec<shown::Form>, wit::Failure>) -> Result<Vec<Form>, Failure> {
    match answer {
        Ok(forms) => Ok(forms.into_iter().map(Form::from).collect()),
        Err(failure) => Err(Failure {
            name: text::clean(&failure.name, 200),
            text: failure.text,
            traceback: failure.traceback.into_iter().take(MOST_LINES).collect(),
        }),
    }
}

impl From<shown::Form> for Form {
    fn from(form: shown::Form) -> Form {
        let data = match form.data {
            shown::Content::Text(text) => text.into_bytes(),
            // What is no Base64 stays as it is: whoever shows it sees what came.
            shown::Content::Base64(text) => BASE64_STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes()),
        };
        Form { mime: text::clean(&form.mime, 200), data }
    }
}
