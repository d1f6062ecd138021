//! What the threads of a kernel share.

use crate::{
    Connection, Error, Info,
    history::History,
    iopub::Iopub,
    wire::{Parent, Request, Wire},
    zmtp::Socket,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Why a kernel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A front end asked for it; with `restart` it will start another kernel at once.
    Shutdown {
        /// Whether another kernel follows.
        restart: bool,
    },
    /// The process that started the kernel is gone.
    ParentGone,
    /// The system asked for it (SIGTERM).
    Terminated,
}

/// Interrupts the call that runs, and no later one.
pub(crate) struct Interrupter {
    handle: Arc<dyn Fn() + Send + Sync>,
    running: Mutex<bool>,
}

impl Interrupter {
    pub(crate) fn new(handle: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { handle, running: Mutex::new(false) }
    }

    /// Held while a call begins or ends, so that no interrupt comes between.
    pub(crate) fn running(&self) -> MutexGuard<'_, bool> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn interrupt(&self) {
        let running = self.running();
        if *running {
            (self.handle)();
        }
    }
}

/// The sockets that send; the heartbeat needs nobody.
pub(crate) struct Sockets {
    pub(crate) shell: Arc<Socket>,
    pub(crate) control: Arc<Socket>,
    pub(crate) iopub: Arc<Socket>,
}

impl Sockets {
    pub(crate) fn all(&self) -> [&Socket; 3] {
        [&self.shell, &self.control, &self.iopub]
    }
}

pub(crate) struct Shared {
    pub(crate) connection: Connection,
    pub(crate) info: Info,
    pub(crate) wire: Wire,
    pub(crate) iopub: Arc<Iopub>,
    pub(crate) history: Mutex<History>,
    pub(crate) interrupter: Interrupter,
    ended: Mutex<Option<Ended>>,
    /// Wakes who waits for the end.
    pub(crate) ending: Notify,
}

impl Shared {
    pub(crate) fn new(connection: &Connection, info: Info, interrupter: Interrupter) -> Result<Self, Error> {
        Ok(Self {
            connection: connection.clone(),
            info,
            wire: Wire::new(&connection.key)?,
            iopub: Arc::default(),
            history: Mutex::default(),
            interrupter,
            ended: Mutex::default(),
            ending: Notify::new(),
        })
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the end; the first reason counts.
    pub(crate) fn end(&self, why: Ended) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        self.ending.notify_one();
    }

    /// Sends the reply to a request.
    pub(crate) fn reply(&self, socket: &Socket, request: &Request, content: &Value) {
        let kind = request.kind.strip_suffix("_request").map(|name| format!("{name}_reply"));
        let kind = kind.unwrap_or_else(|| request.kind.clone());
        socket.send(request.peer(), self.wire.seal(request.envelope(), &kind, &request.parent, content));
    }

    pub(crate) fn status(&self, parent: &Parent, status: &'static str) {
        self.iopub.status(parent, status);
    }
}

/// The content of a reply that refuses.
pub(crate) fn refusal(name: &str, text: impl Into<String>) -> Value {
    let text = text.into();
    json!({"status": "error", "ename": name, "evalue": text, "traceback": [format!("{name}: {text}")]})
}
