//! The control channel: what is served at once, while a cell runs.

use crate::{
    Ended,
    answers::Answer,
    shared::{Shared, Sockets, refusal},
    wire::Request,
    zmtp::Received,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Serves until the kernel ends.
pub(crate) async fn serve(shared: Arc<Shared>, sockets: Arc<Sockets>, mut requests: mpsc::Receiver<Received>) {
    while let Some(received) = requests.recv().await {
        let Some(request) = shared.wire.open(received) else { continue };
        shared.status(&request.parent, "busy");
        let end = answer(&shared, &sockets, &request);
        shared.status(&request.parent, "idle");
        if let Some(end) = end {
            shared.end(end);
        }
    }
}

fn answer(shared: &Shared, sockets: &Sockets, request: &Request) -> Option<Ended> {
    let (reply, end) = match shared.answer(request) {
        Some(Answer::Reply(reply)) => (reply, None),
        Some(Answer::End(reply, end)) => (reply, Some(end)),
        Some(Answer::Nothing) => return None,
        None if request.kind == "interrupt_request" => {
            shared.interrupter.interrupt();
            (json!({"status": "ok"}), None)
        }
        None => (refusal("Unsupported", format!("the control channel does not serve `{}`", request.kind)), None),
    };
    shared.reply(&sockets.control, request, &reply);
    end
}

/// Hands requests of the shell channel that are signed and new to the interpreter's thread.
pub(crate) async fn forward(shared: Arc<Shared>, mut from: mpsc::Receiver<Received>, to: mpsc::Sender<Request>) {
    while let Some(received) = from.recv().await {
        if let Some(request) = shared.wire.open(received)
            && to.send(request).await.is_err()
        {
            return;
        }
    }
}

/// Ends the kernel when the process that started it is gone. Jupyter says by a variable that it wants that.
pub(crate) async fn watch_parent(shared: Arc<Shared>) {
    let Ok(Ok(wanted)) = std::env::var("JPY_PARENT_PID").map(|text| text.parse::<u32>()) else { return };
    let Some(parent) = parent() else { return };
    // What an orphan's parent is (process 1, or what adopts instead of it) may be the parent that was named.
    if parent == 1 && wanted != 1 {
        return shared.end(Ended::ParentGone);
    }
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if self::parent() != Some(parent) {
            return shared.end(Ended::ParentGone);
        }
    }
}

#[cfg(unix)]
fn parent() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

#[cfg(not(unix))]
fn parent() -> Option<u32> {
    None
}

/// SIGINT interrupts the cell, SIGTERM ends the kernel.
#[cfg(unix)]
pub(crate) fn watch_signals(shared: &Arc<Shared>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let interrupted = Arc::clone(shared);
    tokio::spawn(async move {
        while interrupt.recv().await.is_some() {
            interrupted.interrupter.interrupt();
        }
    });
    let terminated = Arc::clone(shared);
    tokio::spawn(async move {
        if terminate.recv().await.is_some() {
            terminated.end(Ended::Terminated);
        }
    });
    Ok(())
}

/// Ctrl-C interrupts the cell.
#[cfg(not(unix))]
pub(crate) fn watch_signals(shared: &Arc<Shared>) -> std::io::Result<()> {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            shared.interrupter.interrupt();
        }
    });
    Ok(())
}
