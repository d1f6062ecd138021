//! One cell, from its request to its reply.

use crate::{
    Cell, Failure, Form, Interpreter, Output,
    answers::malformed,
    iopub::{CellOutput, size},
    media::bundle,
    wire::{Parent, Request},
    worker::Worker,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
struct Execute {
    code: String,
    #[serde(default)]
    silent: bool,
    #[serde(default = "yes")]
    store_history: bool,
    #[serde(default)]
    user_expressions: Option<Map<String, Value>>,
    #[serde(default = "yes")]
    stop_on_error: bool,
}

fn yes() -> bool {
    true
}

impl<I: Interpreter> Worker<I> {
    /// Runs a cell, shows what it gives, and returns the content of the reply.
    pub(crate) fn execute(&mut self, request: &Request) -> Value {
        let wanted = match request.content::<Execute>() {
            Ok(wanted) => wanted,
            Err(error) => return malformed(&error),
        };
        let shared = Arc::clone(&self.shared);
        let parent = &request.parent;
        let output: Arc<dyn Output> =
            Arc::new(CellOutput { iopub: Arc::clone(&shared.iopub), parent: parent.clone(), silent: wanted.silent });
        if wanted.store_history && !wanted.silent {
            self.count += 1;
            shared.history().add(self.count, &wanted.code);
        }
        let cell = Cell { code: wanted.code, count: self.count, silent: wanted.silent };
        if !cell.silent {
            shared.iopub.tell(parent, "execute_input", json!({"code": cell.code, "execution_count": cell.count}));
        }
        let result = self.call(|interpreter| interpreter.execute(&cell, &output)).and_then(|result| result);
        let result = result.and_then(|forms| self.show(&forms, &cell, parent));
        let mut reply = match result {
            Ok(()) => json!({"status": "ok", "user_expressions": self.evaluate_all(wanted.user_expressions)}),
            Err(failure) => {
                self.recover(&failure, &*output);
                let error = described(&failure);
                if !cell.silent {
                    shared.iopub.tell(parent, "error", error.clone());
                }
                if wanted.stop_on_error {
                    self.abort_waiting();
                }
                joined(json!({"status": "error", "user_expressions": {}}), error)
            }
        };
        reply["execution_count"] = cell.count.into();
        reply["payload"] = json!([]);
        reply
    }

    /// Shows the value of a cell.
    fn show(&mut self, forms: &[Form], cell: &Cell, parent: &Parent) -> Result<(), Failure> {
        if forms.is_empty() || cell.silent {
            return Ok(());
        }
        if let Some(text) = forms.iter().find(|form| form.mime == "text/plain") {
            self.shared.history().gave(cell.count, &String::from_utf8_lossy(&text.data));
        }
        let content = json!({"execution_count": cell.count, "data": bundle(forms), "metadata": {}});
        let shown = self.shared.iopub.show(parent, "execute_result", content, size(forms));
        shown.map_err(|error| Failure::new("DisplayError", error.to_string()))
    }

    /// Each expression's value, or how it failed; none of them ends the others.
    fn evaluate_all(&mut self, expressions: Option<Map<String, Value>>) -> Value {
        let mut values = Map::new();
        for (name, expression) in expressions.unwrap_or_default() {
            let expression = expression.as_str().unwrap_or_default().to_owned();
            let value = self.call(|interpreter| interpreter.evaluate(&expression)).and_then(|value| value);
            let value = match value {
                Ok(forms) => json!({"status": "ok", "data": bundle(&forms), "metadata": {}}),
                Err(failure) => joined(json!({"status": "error"}), described(&failure)),
            };
            values.insert(name, value);
        }
        Value::Object(values)
    }
}

fn described(failure: &Failure) -> Value {
    let line = || vec![format!("{}: {}", failure.name, failure.text)];
    let traceback = if failure.traceback.is_empty() { line() } else { failure.traceback.clone() };
    json!({"ename": failure.name, "evalue": failure.text, "traceback": traceback})
}

fn joined(mut first: Value, second: Value) -> Value {
    if let (Value::Object(first), Value::Object(second)) = (&mut first, second) {
        first.extend(second);
    }
    first
}
