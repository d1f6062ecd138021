//! A kernel from its start to its end.

use crate::{
    Connection, Ended, Error, Interpreter, control,
    shared::{Interrupter, Shared, Sockets},
    worker::Worker,
    zmtp::{Kind, Socket},
};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// Interpreters are deep.
const STACK: usize = 16 << 20;
/// Requests that wait for the running cell.
const WAITING: usize = 1024;
/// How long a running cell has to end when the kernel ends.
const LAST_CALL: Duration = Duration::from_secs(3);
/// How long front ends have to take what is left.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs a kernel until it is asked to end, or the process that started it is gone (where Jupyter's `JPY_PARENT_PID` is set).
///
/// The sockets are served by the calling thread, so that heartbeats, interrupts and shutdowns are answered while a cell
/// computes. SIGINT interrupts the running cell, and SIGTERM ends the kernel. A cell that does not end within three seconds
/// then is left behind on its thread: the process should exit after this returns.
///
/// # Errors
/// A port that is taken, and threads, timers or randomness that the system refuses.
pub fn run(connection: &Connection, interpreter: impl Interpreter + 'static) -> Result<Ended, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(system)?;
    let ended = runtime.block_on(serve(connection, interpreter));
    runtime.shutdown_background();
    ended
}

fn system(error: std::io::Error) -> Error {
    Error::System(error.to_string())
}

async fn serve(connection: &Connection, interpreter: impl Interpreter + 'static) -> Result<Ended, Error> {
    let interrupter = Interrupter::new(interpreter.interrupt());
    let shared = Arc::new(Shared::new(connection, interpreter.info(), interrupter)?);
    let (to_shell, from_shell) = mpsc::channel(1);
    let (to_control, from_control) = mpsc::channel(16);
    let bind = async |channel, kind, port, requests| {
        let listen = Socket::bind(kind, connection.ip, port, requests).await;
        let address = format!("{}:{port}", connection.ip);
        listen.map_err(|source| Error::Listen { channel, address, source })
    };
    let _heartbeat = bind("heartbeat", Kind::Echo, connection.hb_port, None).await?;
    let _stdin = bind("stdin", Kind::Router, connection.stdin_port, None).await?;
    let iopub = bind("iopub", Kind::Publisher, connection.iopub_port, None).await?;
    let control = bind("control", Kind::Router, connection.control_port, Some(to_control)).await?;
    let shell = bind("shell", Kind::Router, connection.shell_port, Some(to_shell)).await?;
    let sockets = Arc::new(Sockets { shell, control, iopub });

    shared.status(&b"{}"[..].into(), "starting");
    {
        let (shared, sockets) = (Arc::clone(&shared), Arc::clone(&sockets));
        let publish = move || shared.iopub.send_all(&shared.wire, &sockets.iopub);
        thread::Builder::new().name("iopub".into()).spawn(publish).map_err(system)?;
    }
    let (to_worker, requests) = mpsc::channel(WAITING);
    let (done, worker) = oneshot::channel();
    {
        let work = Worker::new(Arc::clone(&shared), Arc::clone(&sockets), interpreter, requests);
        let work = move || {
            work.serve_all();
            let _ = done.send(());
        };
        thread::Builder::new().name("interpreter".into()).stack_size(STACK).spawn(work).map_err(system)?;
    }
    control::watch_signals(&shared).map_err(system)?;
    tokio::spawn(control::watch_parent(Arc::clone(&shared)));
    tokio::spawn(control::serve(Arc::clone(&shared), Arc::clone(&sockets), from_control));
    let forward = tokio::spawn(control::forward(Arc::clone(&shared), from_shell, to_worker));

    let ended = loop {
        shared.ending.notified().await;
        if let Some(ended) = shared.ended() {
            break ended;
        }
    };
    shared.iopub.end();
    shared.interrupter.interrupt();
    forward.abort();
    let _ = tokio::time::timeout(LAST_CALL, worker).await;
    let start = Instant::now();
    let told = || shared.iopub.is_empty() && sockets.all().iter().all(|socket| socket.is_empty());
    while !told() && start.elapsed() < LAST_WORDS {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    sockets.all().iter().for_each(|socket| socket.close());
    Ok(ended)
}
