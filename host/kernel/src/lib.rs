//! The wire protocol of a Jupyter kernel around an interpreter.
//!
//! connection file ([`Connection`]) -> five sockets ([`run`]) -> a request, with its signature checked -> the interpreter's
//! thread ([`Interpreter`]) or, for what must not wait, the control channel -> statuses and what a cell shows ([`Output`])
//! to everybody -> a reply to who asked.
//!
//! Three threads serve a kernel: the caller's moves bytes and answers heartbeats, interrupts and shutdowns; one runs the
//! interpreter; one writes and signs what cells show. What waits anywhere is bounded in bytes: requests, printed text, and
//! what front ends have not taken yet. A cell that prints waits for them.
//!
//! [`install`] makes a kernel known to Jupyter.
//!
//! Deliberately absent: Python, plugins, images; comms, a debugger, and input from a front end, which are refused.

#![warn(missing_docs)]

mod answers;
mod connection;
mod control;
mod error;
mod execute;
mod history;
pub mod install;
mod interpreter;
mod iopub;
mod kernel;
mod media;
mod shared;
mod signature;
mod wire;
mod worker;
mod zmtp;

pub use connection::Connection;
pub use error::Error;
pub use interpreter::{
    Cell, Completeness, Completion, Completions, Failure, Form, Info, Interpreter, Output, Standard, Unshown,
};
pub use kernel::run;
pub use shared::Ended;
