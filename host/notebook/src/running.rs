//! The cells of a notebook while it is open: an interpreter that is started anew where it came to an end.

use crate::{
    desk::{Desk, Means},
    pictures::Pictures,
};
use lacuna_runtime::{
    CancelToken, Grants, Need, RunError,
    cells::{Cells, Completeness, Completions, Failure, Form, Standard},
};
use std::sync::Arc;

/// An open notebook. It stays on the thread that opened it, which needs a stack of `lacuna_runtime::cells::CELLS_STACK_BYTES`.
#[derive(Debug)]
pub struct Running {
    means: Means,
    cells: Cells,
    pictures: Arc<Pictures>,
    /// What the next cell is told: the interpreter came to an end beside a cell.
    unsaid: Option<String>,
}

/// The class of the exception that stands for the end of an interpreter.
const ENDED: &str = "InterpreterEnded";

impl Running {
    /// Starts the interpreter.
    ///
    /// # Errors
    /// An instance that cannot be made within the limits.
    pub fn start(means: Means) -> Result<Running, RunError> {
        let pictures = Arc::<Pictures>::default();
        let cells = start(&means, &pictures)?;
        Ok(Running { means, cells, pictures, unsaid: None })
    }

    /// Starts it anew: what cells did and defined is gone.
    ///
    /// # Errors
    /// Those of [`Running::start`].
    pub fn restart(&mut self) -> Result<(), RunError> {
        self.cells = start(&self.means, &self.pictures)?;
        Ok(())
    }

    /// Runs a cell. Returns the forms of its last expression.
    ///
    /// # Errors
    /// The exception that it did not catch. Where it came to a limit that ends an interpreter, the exception says so, and the next
    /// cell finds a fresh one.
    pub fn execute(&mut self, code: &str, count: u32, silent: bool, cancel: CancelToken) -> Result<Vec<Form>, Failure> {
        if let Some(text) = self.unsaid.take() {
            // A cell that cannot be told ends by its own first words.
            let _ = self.means.screen.print(Standard::Error, &text);
        }
        let answer = self.cells.execute(code, count, silent, cancel);
        let answer = answer.unwrap_or_else(|error| Err(self.anew(&error)));
        self.filled(answer)
    }

    /// The value of one expression.
    ///
    /// # Errors
    /// Those of [`Running::execute`].
    pub fn evaluate(&mut self, expression: &str, cancel: CancelToken) -> Result<Vec<Form>, Failure> {
        let answer = self.cells.evaluate(expression, cancel);
        let answer = answer.unwrap_or_else(|error| Err(self.anew(&error)));
        self.filled(answer)
    }

    /// What may stand at the cursor, which counts Unicode code points.
    pub fn complete(&mut self, code: &str, cursor: u32, cancel: CancelToken) -> Completions {
        let found = self.cells.complete(code, cursor, cancel);
        found.unwrap_or_else(|error| {
            self.lose(&error);
            Completions { start: cursor, end: cursor, items: Vec::new() }
        })
    }

    /// What is known of the name at the cursor.
    pub fn inspect(&mut self, code: &str, cursor: u32, detail: u32, cancel: CancelToken) -> Option<Vec<Form>> {
        let found = self.cells.inspect(code, cursor, detail, cancel);
        found.unwrap_or_else(|error| {
            self.lose(&error);
            None
        })
    }

    /// Whether code is a whole cell.
    pub fn is_complete(&mut self, code: &str, cancel: CancelToken) -> Completeness {
        let found = self.cells.is_complete(code, cancel);
        found.unwrap_or_else(|error| {
            self.lose(&error);
            Completeness::Complete
        })
    }

    /// What a cell ends with, with its pictures in it.
    fn filled(&self, answer: Result<Vec<Form>, Failure>) -> Result<Vec<Form>, Failure> {
        answer.map(|forms| forms.into_iter().map(|form| self.pictures.fill(form)).collect())
    }

    /// Starts the interpreter anew after an `error` that no cell made, and keeps what is to be said of it.
    fn lose(&mut self, error: &RunError) {
        let failure = self.anew(error);
        let lines = failure.traceback.join("\n");
        self.unsaid =
            Some(format!("While the front end asked about a name, the interpreter came to an end.\n{lines}\n"));
    }

    /// Starts the interpreter anew after `error`, and says so.
    fn anew(&mut self, error: &RunError) -> Failure {
        let started = match self.restart() {
            Ok(()) => "The interpreter was started anew: what earlier cells made is gone.".to_owned(),
            Err(again) => format!("The interpreter could not be started anew: {again}"),
        };
        let text = match error {
            RunError::Cancelled => "the cell was interrupted and did not come back in time".to_owned(),
            // What else the error advises is for authors of plugins.
            RunError::Trap { what, .. } => format!("the interpreter {what}"),
            other => other.to_string(),
        };
        let traceback = vec![format!("{ENDED}: {text}"), started];
        Failure { name: ENDED.to_owned(), text, traceback }
    }
}

fn start(means: &Means, pictures: &Arc<Pictures>) -> Result<Cells, RunError> {
    let name = means.interpreter.id().name();
    let grants = match means.opened.readback {
        true => Grants::none().with(name, Need::Readback),
        false => Grants::none(),
    };
    let desk = Box::new(Desk::new(means.clone(), pictures.clone()));
    Cells::start(&means.plugins.host, &means.interpreter, &means.device, &means.limits, &grants, desk)
}
