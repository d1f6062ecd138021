//! Between Jupyter's protocol and the cells in the sandbox.
//!
//! Cells stay on the thread that started them; the protocol's thread sends them work and waits.

use super::open::unstarted;
use crate::failure::{Failure, Result};
use lacuna_kernel as wire;
use lacuna_notebook::{Means, Running, Screen};
use lacuna_runtime::{
    CancelToken, RunError,
    cells::{self, CELLS_STACK_BYTES, Form, Refusal, Standard},
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

/// The interpreter as the protocol sees it.
pub struct Sandbox {
    work: mpsc::Sender<Work>,
    relay: Arc<Relay>,
    /// Stops what runs.
    cancel: Arc<Mutex<CancelToken>>,
}

type Work = Box<dyn FnOnce(&mut Running) + Send>;

/// The screen of the cells: the output of the one that runs. Between cells nobody listens.
#[derive(Default)]
pub struct Relay(Mutex<Option<Arc<dyn wire::Output>>>);

impl Relay {
    fn listen(&self, output: Option<Arc<dyn wire::Output>>) {
        *locked(&self.0) = output;
    }

    fn say(
        &self,
        said: impl FnOnce(&dyn wire::Output) -> std::result::Result<(), wire::Unshown>,
    ) -> std::result::Result<(), Refusal> {
        let output = locked(&self.0).clone();
        match output.map_or(Ok(()), |output| said(&*output)) {
            Ok(()) => Ok(()),
            Err(wire::Unshown::Ending) => Err(Refusal::Cancelled),
            Err(unshown) => Err(Refusal::because(unshown.to_string(), [])),
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relay")
    }
}

impl Screen for Relay {
    fn print(&self, to: Standard, text: &str) -> std::result::Result<(), Refusal> {
        self.say(|output| output.print(standard(to), text))
    }

    fn display(&self, forms: &[Form], id: Option<&str>, update: bool) -> std::result::Result<(), Refusal> {
        self.say(|output| {
            let forms: Vec<wire::Form> = forms.iter().cloned().map(form).collect();
            output.display(&forms, id, update)
        })
    }

    fn clear(&self, wait: bool) -> std::result::Result<(), Refusal> {
        self.say(|output| output.clear(wait))
    }
}

impl Sandbox {
    /// Starts the cells on their thread. `open` makes what they work with, whose screen is the relay.
    ///
    /// # Errors
    /// What `open` cannot make, and an interpreter that does not start.
    pub fn start(open: impl FnOnce(Arc<dyn Screen>) -> Result<Means>) -> Result<Sandbox> {
        let relay = Arc::new(Relay::default());
        let means = open(relay.clone())?;
        let (work, waiting) = mpsc::channel::<Work>();
        let (tell, told) = mpsc::channel::<std::result::Result<(), RunError>>();
        let cells = move || {
            let mut running = match Running::start(means) {
                Ok(running) => running,
                Err(error) => return drop(tell.send(Err(error))),
            };
            let _ = tell.send(Ok(()));
            while let Ok(work) = waiting.recv() {
                work(&mut running);
            }
        };
        let thread = thread::Builder::new().name("cells".to_owned()).stack_size(CELLS_STACK_BYTES).spawn(cells);
        thread.map_err(|error| Failure::Run(format!("the system gives no thread for the cells: {error}")))?;
        let gone = |_| Failure::Run("the thread of the cells ended without a word".to_owned());
        told.recv().map_err(gone)?.map_err(|error| unstarted(&error))?;
        Ok(Sandbox { work, relay, cancel: Arc::default() })
    }

    /// Lets the cells do something, and waits for it.
    fn ask<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Running, CancelToken) -> R + Send + 'static,
    ) -> std::result::Result<R, wire::Failure> {
        let (answer, answered) = mpsc::channel();
        let cancel = locked(&self.cancel).clone();
        let work: Work = Box::new(move |running| drop(answer.send(work(running, cancel))));
        self.work.send(work).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())
    }
}

impl wire::Interpreter for Sandbox {
    fn info(&self) -> wire::Info {
        let info = wire::Info::python("lacuna", env!("CARGO_PKG_VERSION"), "3.14.0");
        wire::Info {
            banner: "Lacuna: cells in Python, inside a sandbox. `help()` tells what there is.".to_owned(),
            ..info
        }
    }

    fn interrupt(&self) -> Arc<dyn Fn() + Send + Sync> {
        let cancel = self.cancel.clone();
        Arc::new(move || locked(&cancel).cancel())
    }

    fn rearm(&mut self) {
        *locked(&self.cancel) = CancelToken::new();
    }

    fn execute(
        &mut self,
        cell: &wire::Cell,
        output: &Arc<dyn wire::Output>,
    ) -> std::result::Result<Vec<wire::Form>, wire::Failure> {
        self.relay.listen(Some(output.clone()));
        let cell = cell.clone();
        let answer = self.ask(move |running, cancel| running.execute(&cell.code, cell.count, cell.silent, cancel));
        self.relay.listen(None);
        forms(answer?)
    }

    fn evaluate(&mut self, expression: &str) -> std::result::Result<Vec<wire::Form>, wire::Failure> {
        let expression = expression.to_owned();
        forms(self.ask(move |running, cancel| running.evaluate(&expression, cancel))?)
    }

    fn complete(&mut self, code: &str, cursor: u32) -> wire::Completions {
        let code = code.to_owned();
        let found = self.ask(move |running, cancel| running.complete(&code, cursor, cancel)).unwrap_or_default();
        let item =
            |item: cells::Completion| wire::Completion { text: item.text, kind: item.kind, signature: item.signature };
        wire::Completions { start: found.start, end: found.end, items: found.items.into_iter().map(item).collect() }
    }

    fn inspect(&mut self, code: &str, cursor: u32, detail: u32) -> Option<Vec<wire::Form>> {
        let code = code.to_owned();
        let found = self.ask(move |running, cancel| running.inspect(&code, cursor, detail, cancel)).ok()?;
        found.map(|forms| forms.into_iter().map(form).collect())
    }

    fn is_complete(&mut self, code: &str) -> wire::Completeness {
        let code = code.to_owned();
        match self.ask(move |running, cancel| running.is_complete(&code, cancel)) {
            Ok(cells::Completeness::Incomplete(indent)) => wire::Completeness::Incomplete(indent),
            Ok(cells::Completeness::Invalid) => wire::Completeness::Invalid,
            Ok(cells::Completeness::Complete) | Err(_) => wire::Completeness::Complete,
        }
    }

    fn restart(&mut self) -> std::result::Result<(), wire::Failure> {
        let restarted = self.ask(|running, _| running.restart().map_err(|error| error.to_string()))?;
        restarted.map_err(|error| wire::Failure::new("InterpreterEnded", error))
    }
}

fn standard(to: Standard) -> wire::Standard {
    match to {
        Standard::Output => wire::Standard::Output,
        Standard::Error => wire::Standard::Error,
    }
}

fn form(form: Form) -> wire::Form {
    wire::Form { mime: form.mime, data: form.data }
}

fn forms(
    answer: std::result::Result<Vec<Form>, cells::Failure>,
) -> std::result::Result<Vec<wire::Form>, wire::Failure> {
    match answer {
        Ok(forms) => Ok(forms.into_iter().map(form).collect()),
        Err(cells::Failure { name, text, traceback }) => Err(wire::Failure { name, text, traceback, lost: false }),
    }
}

fn gone() -> wire::Failure {
    wire::Failure::new("InterpreterEnded", "the thread of the cells is gone; restart the kernel")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
