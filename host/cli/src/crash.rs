//! What happens when Lacuna itself is wrong.

use crate::{console, failure::Failure};
use std::{
    panic,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
};

/// Where and why the newest panic began. One that the runtime catches is never shown.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Stack for plugins and the engine above them, on systems whose first thread has little.
const STACK_BYTES: usize = 16 << 20;

/// Runs the program; prints why it failed, in one line where it is a bug.
pub fn guard(program: fn() -> Result<(), Failure>) -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic.to_string());
    }));
    let thread = thread::Builder::new().name("lacuna".to_owned()).stack_size(STACK_BYTES);
    let ended = match thread.spawn(program) {
        Ok(running) => running.join(),
        Err(_) => Ok(program()),
    };
    match ended {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            console::complain(&failure.to_string());
            ExitCode::from(failure.code())
        }
        Err(_) => {
            let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
            let what = last.unwrap_or_default().replace('\n', " ");
            console::complain(&format!(
                "internal error in lacuna {}: {what}. Please report it with this line and the command",
                env!("CARGO_PKG_VERSION")
            ));
            ExitCode::FAILURE
        }
    }
}
