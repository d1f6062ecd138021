//! Cells in Python in the real interpreter: what they show, what they define, and what they cannot reach.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod definitions;
mod escapes;
mod showing;

use lacuna_engine::Device;
use lacuna_notebook::{Means, Opened, Running, Screen};
use lacuna_runtime::{
    CancelToken, Limits,
    cells::{CELLS_STACK_BYTES, Failure, Form, Interpreter, Refusal, Standard},
};
use lacuna_session::{Plugins, Unwatched};
use lacuna_tests::languages;
use std::{
    sync::{Arc, LazyLock, Mutex},
    thread,
};

/// The interpreter and every plugin, compiled once; none without Python.
static READY: LazyLock<Option<(Arc<Plugins>, Interpreter)>> = LazyLock::new(|| {
    let bytes = languages::interpreter()?;
    let plugins = Plugins::load(&Unwatched, &[]).unwrap();
    let interpreter = Interpreter::load(&plugins.host, "cells_python.wasm", &bytes).unwrap();
    Some((Arc::new(plugins), interpreter))
});

/// Everything that cells showed, in order.
#[derive(Debug, Default)]
struct Shown {
    events: Mutex<Vec<Event>>,
    keep: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Print(Standard, String),
    Display(Vec<Form>, Option<String>, bool),
    Clear(bool),
}

impl Screen for Shown {
    fn print(&self, to: Standard, text: &str) -> Result<(), Refusal> {
        let mut events = self.events.lock().unwrap();
        if events.len() < self.keep {
            events.push(Event::Print(to, text.to_owned()));
        }
        Ok(())
    }

    fn display(&self, forms: &[Form], id: Option<&str>, update: bool) -> Result<(), Refusal> {
        self.events.lock().unwrap().push(Event::Display(forms.to_vec(), id.map(str::to_owned), update));
        Ok(())
    }

    fn clear(&self, wait: bool) -> Result<(), Refusal> {
        self.events.lock().unwrap().push(Event::Clear(wait));
        Ok(())
    }
}

impl Shown {
    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    /// The text on one stream so far.
    fn printed(&self, wanted: Standard) -> String {
        let events = self.take();
        let text = events.into_iter().filter_map(|event| match event {
            Event::Print(to, text) if to == wanted => Some(text),
            _ => None,
        });
        text.collect()
    }
}

/// A notebook under test.
struct Notebook {
    running: Running,
    shown: Arc<Shown>,
    count: u32,
}

impl Notebook {
    /// Runs a cell.
    fn cell(&mut self, code: &str) -> Result<Vec<Form>, Failure> {
        self.count += 1;
        self.running.execute(code, self.count, false, CancelToken::new())
    }

    /// The text of a cell's last expression.
    fn text(&mut self, code: &str) -> String {
        let forms = self.cell(code).unwrap_or_else(|failure| panic!("{code}\n{}", failure.traceback.join("\n")));
        text_of(&forms)
    }

    /// The exception of a cell that fails.
    fn fails(&mut self, code: &str) -> Failure {
        self.cell(code).expect_err(code)
    }
}

/// The plain text among the forms.
fn text_of(forms: &[Form]) -> String {
    let text = forms.iter().find(|form| form.mime == "text/plain");
    text.map(|form| String::from_utf8(form.data.clone()).unwrap()).unwrap_or_default()
}

/// Opens a notebook with the demo and works in it, on a thread of its own.
fn notebook(work: impl FnOnce(&mut Notebook) + Send + 'static) {
    notebook_with(Opened::demo(), Limits::default(), work);
}

fn notebook_with(opened: Opened, limits: Limits, work: impl FnOnce(&mut Notebook) + Send + 'static) {
    let Some((plugins, interpreter)) = &*READY else { return };
    let (plugins, interpreter) = (plugins.clone(), interpreter.clone());
    let cells = move || {
        let shown = Arc::new(Shown { keep: 100_000, ..Shown::default() });
        let screen = shown.clone();
        let means = Means { plugins, interpreter, device: Device::cpu(), limits, opened, screen };
        let running = Running::start(means).unwrap();
        work(&mut Notebook { running, shown, count: 0 });
    };
    thread::Builder::new().stack_size(CELLS_STACK_BYTES).spawn(cells).unwrap().join().unwrap();
}
