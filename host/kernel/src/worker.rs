//! The interpreter's thread: requests of the shell channel, one after the other.

use crate::{
    Completeness, Failure, Interpreter, Output, Standard,
    answers::{Answer, malformed},
    media::bundle,
    shared::{Shared, Sockets, refusal},
    wire::Request,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::sync::mpsc;

/// The reply about a cell that failed is held back this long, in ten parts, so that the cells that were sent behind it
/// have come and are aborted; whoever waits for the reply has not sent the next one yet.
const GATHER: Duration = Duration::from_millis(20);

pub(crate) struct Worker<I> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) sockets: Arc<Sockets>,
    interpreter: I,
    requests: mpsc::Receiver<Request>,
    /// Requests that were taken early, and whether they are aborted where they are cells.
    backlog: VecDeque<(Request, bool)>,
    /// The number of the last cell that was counted.
    pub(crate) count: u32,
    /// Whether the interpreter lost its state and is restarted before the next call.
    broken: bool,
}

#[derive(Deserialize)]
struct Code {
    code: String,
    #[serde(default)]
    cursor_pos: Option<u32>,
    #[serde(default)]
    detail_level: u32,
}

impl Code {
    /// In code points; the end where a front end names none.
    fn cursor(&self) -> u32 {
        let end = u32::try_from(self.code.chars().count()).unwrap_or(u32::MAX);
        self.cursor_pos.unwrap_or(end).min(end)
    }
}

impl<I: Interpreter> Worker<I> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        sockets: Arc<Sockets>,
        interpreter: I,
        requests: mpsc::Receiver<Request>,
    ) -> Self {
        Self { shared, sockets, interpreter, requests, backlog: VecDeque::new(), count: 0, broken: false }
    }

    /// Serves until the kernel ends.
    pub(crate) fn serve_all(mut self) {
        loop {
            let next = self.backlog.pop_front().or_else(|| self.requests.blocking_recv().map(|next| (next, false)));
            let Some((request, aborted)) = next.filter(|_| self.shared.ended().is_none()) else { return };
            self.shared.status(&request.parent, "busy");
            if !self.serve(&request, aborted) {
                self.shared.status(&request.parent, "idle");
            }
        }
    }

    /// Answers one request. Returns whether it said that the kernel is idle.
    fn serve(&mut self, request: &Request, aborted: bool) -> bool {
        let reply = match self.shared.answer(request) {
            Some(Answer::Reply(reply)) => reply,
            Some(Answer::Nothing) => return false,
            Some(Answer::End(reply, end)) => {
                self.shared.reply(&self.sockets.shell, request, &reply);
                self.shared.status(&request.parent, "idle");
                self.shared.end(end);
                return true;
            }
            None => match request.kind.as_str() {
                "execute_request" if aborted => json!({"status": "aborted", "execution_count": self.count}),
                "execute_request" => self.execute(request),
                "complete_request" => self.with(request, Self::complete),
                "inspect_request" => self.with(request, Self::inspect),
                "is_complete_request" => self.with(request, Self::is_complete),
                other => refusal("Unsupported", format!("this kernel does not serve `{other}`")),
            },
        };
        self.shared.reply(&self.sockets.shell, request, &reply);
        false
    }

    fn with(&mut self, request: &Request, serve: fn(&mut Self, &Code) -> Result<Value, Failure>) -> Value {
        match request.content::<Code>() {
            Ok(code) => serve(self, &code).unwrap_or_else(|failure| refusal(&failure.name, failure.text)),
            Err(error) => malformed(&error),
        }
    }

    fn complete(&mut self, code: &Code) -> Result<Value, Failure> {
        let found = self.call(|interpreter| interpreter.complete(&code.code, code.cursor()))?;
        let matches: Vec<_> = found.items.iter().map(|item| item.text.as_str()).collect();
        let typed = |item: &crate::Completion| {
            json!({
                "start": found.start, "end": found.end, "text": item.text, "type": item.kind, "signature": item.signature,
            })
        };
        let types: Vec<_> = found.items.iter().map(typed).collect();
        Ok(json!({
            "status": "ok", "matches": matches, "cursor_start": found.start, "cursor_end": found.end,
            "metadata": {"_jupyter_types_experimental": types},
        }))
    }

    fn inspect(&mut self, code: &Code) -> Result<Value, Failure> {
        let found = self.call(|interpreter| interpreter.inspect(&code.code, code.cursor(), code.detail_level))?;
        let data = found.as_deref().map_or_else(|| json!({}), bundle);
        Ok(json!({"status": "ok", "found": found.is_some(), "data": data, "metadata": {}}))
    }

    fn is_complete(&mut self, code: &Code) -> Result<Value, Failure> {
        Ok(match self.call(|interpreter| interpreter.is_complete(&code.code))? {
            Completeness::Complete => json!({"status": "complete"}),
            Completeness::Incomplete(indent) => json!({"status": "incomplete", "indent": indent}),
            Completeness::Invalid => json!({"status": "invalid"}),
        })
    }

    /// Calls the interpreter so that it can be interrupted, and survives its panics. One that lost its state is restarted
    /// before.
    pub(crate) fn call<T>(&mut self, call: impl FnOnce(&mut I) -> T) -> Result<T, Failure> {
        if self.broken {
            self.guarded(Interpreter::restart)??;
            self.broken = false;
        }
        self.guarded(call)
    }

    fn guarded<T>(&mut self, call: impl FnOnce(&mut I) -> T) -> Result<T, Failure> {
        let interrupter = &self.shared.interrupter;
        {
            let mut running = interrupter.running();
            self.interpreter.rearm();
            *running = true;
        }
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut self.interpreter)));
        *interrupter.running() = false;
        result.map_err(|panic| {
            self.broken = true;
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default();
            let mut failure = Failure::new("InterpreterError", format!("the interpreter has a bug: {text}"));
            failure.lost = true;
            failure
        })
    }

    /// Restarts an interpreter that lost its state now, so that the next cell does not wait for it.
    pub(crate) fn recover(&mut self, failure: &Failure, output: &dyn Output) {
        self.broken |= failure.lost;
        if !failure.lost {
            return;
        }
        let _ = output.print(Standard::Error, "The interpreter starts afresh: what earlier cells defined is gone.\n");
        if let Err(failure) = self.call(|_| ()) {
            let _ = output.print(Standard::Error, &format!("{}: {}\n", failure.name, failure.text));
        }
    }

    /// Aborts the cells that wait behind one that failed.
    pub(crate) fn abort_waiting(&mut self) {
        self.backlog.iter_mut().for_each(|(_, aborted)| *aborted = true);
        for _ in 0..10 {
            thread::sleep(GATHER / 10);
            while let Ok(request) = self.requests.try_recv() {
                self.backlog.push_back((request, true));
            }
        }
    }
}
