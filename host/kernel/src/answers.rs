//! Requests that need no interpreter, which both channels answer.

use crate::{
    Ended, history,
    shared::{Shared, refusal},
    wire::{PROTOCOL, Request},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Shutdown {
    #[serde(default)]
    restart: bool,
}

#[derive(Deserialize)]
struct Comm {
    comm_id: String,
}

/// What to answer.
pub(crate) enum Answer {
    /// With this content.
    Reply(Value),
    /// With nothing: the message is no request.
    Nothing,
    /// With this content, and then the kernel ends.
    End(Value, Ended),
}

impl Shared {
    /// The answer, or none where the request needs the interpreter or is not known.
    pub(crate) fn answer(&self, request: &Request) -> Option<Answer> {
        Some(match request.kind.as_str() {
            "kernel_info_request" => Answer::Reply(self.kernel_info()),
            "connect_request" => Answer::Reply(self.ports()),
            "history_request" => Answer::Reply(match request.content::<history::Query>() {
                Ok(query) => json!({"status": "ok", "history": self.history().find(&query)}),
                Err(error) => malformed(&error),
            }),
            "comm_info_request" => Answer::Reply(json!({"status": "ok", "comms": {}})),
            "comm_open" => {
                // The protocol's way to say that nobody here knows such a comm.
                if let Ok(comm) = request.content::<Comm>() {
                    self.iopub.tell(&request.parent, "comm_close", json!({"comm_id": comm.comm_id, "data": {}}));
                }
                Answer::Nothing
            }
            "shutdown_request" => {
                let restart = request.content::<Shutdown>().is_ok_and(|shutdown| shutdown.restart);
                let reply = json!({"status": "ok", "restart": restart});
                self.iopub.tell(&request.parent, "shutdown_reply", reply.clone());
                Answer::End(reply, Ended::Shutdown { restart })
            }
            "debug_request" => Answer::Reply(refusal("Unsupported", "this kernel has no debugger")),
            kind if !kind.ends_with("_request") => Answer::Nothing,
            _ => return None,
        })
    }

    fn kernel_info(&self) -> Value {
        let info = &self.info;
        let links: Vec<_> = info.help_links.iter().map(|(text, url)| json!({"text": text, "url": url})).collect();
        json!({
            "status": "ok",
            "protocol_version": PROTOCOL,
            "implementation": info.implementation,
            "implementation_version": info.implementation_version,
            "language_info": {
                "name": info.language,
                "version": info.language_version,
                "mimetype": info.mimetype,
                "file_extension": info.file_extension,
                "pygments_lexer": info.pygments_lexer,
                "codemirror_mode": {"name": info.codemirror_mode.0, "version": info.codemirror_mode.1},
                "nbconvert_exporter": info.language,
            },
            "banner": info.banner,
            "help_links": links,
            "debugger": false,
            "supported_features": [],
        })
    }

    fn ports(&self) -> Value {
        let ports = &self.connection;
        json!({
            "status": "ok",
            "shell_port": ports.shell_port, "iopub_port": ports.iopub_port, "stdin_port": ports.stdin_port,
            "hb_port": ports.hb_port, "control_port": ports.control_port,
        })
    }
}

/// The content of a reply to a request whose content cannot be read.
pub(crate) fn malformed(error: &serde_json::Error) -> Value {
    refusal("MalformedRequest", format!("the request's content is not as the protocol has it: {error}"))
}
