//! From a trap or a returned error to what a person is told.

use super::{findings, state::PluginState};
use crate::{
    bindings::method::lacuna::explain::errors::Error as WitError,
    error::{PluginId, RunError},
    guest_api::fault::{Fault, Stop, in_words, remedies_of},
    host::GUEST_STACK_BYTES,
    policy::limits::Limit,
    text,
};
use wasmtime::{Trap, WasmBacktrace};

/// Frames of the guest's stack that are told.
const FRAMES: usize = 4;

/// What Wasmtime says of a guest whose own table of handles is full. It has no type for that; a test sees to the words.
const TOO_MANY_HANDLES: &str = "store handle limit exceeded";

/// The cause of a call of the guest that ended in a trap.
pub(crate) fn of_call(state: &PluginState, error: &wasmtime::Error) -> RunError {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return of_stop(state, stop.clone());
    }
    let trap = error.downcast_ref::<Trap>().copied();
    // A guest that cannot grow or that unwraps an error aborts: the abort is the consequence, not the cause. Without a
    // trap the instance could not even be made.
    if matches!(trap, None | Some(Trap::UnreachableCodeReached))
        && let Some(cause) = cause_of_abort(state)
    {
        return cause;
    }
    if trap.is_none() && error.root_cause().to_string().contains(TOO_MANY_HANDLES) {
        return RunError::Handles { plugin: state.id.clone(), allowed: u64::from(state.handles()) };
    }
    let mut what = match trap {
        Some(trap) => in_words_of(trap),
        // The context above the cause is the guest's stack, which the backtrace tells.
        None => text::clean(&format!("could not be run: {}", error.root_cause()), 400),
    };
    if let (Some(Trap::UnreachableCodeReached), Some(refusal)) = (trap, state.refusal()) {
        what = format!("{what} after it was told that {}", text::clean(&in_words(refusal), 200));
    }
    if let Some(words) = state.wasi.last_words() {
        what = format!("{what} after it wrote `{words}`");
    }
    RunError::Trap { plugin: state.id.clone(), what, backtrace: backtrace(error) }
}

/// The cause of a run whose guest returned an error.
pub(crate) fn of_refusal(state: &PluginState, error: &WitError) -> RunError {
    if matches!(error, WitError::Cancelled) && state.shared().watch.cancelled() {
        return RunError::Cancelled;
    }
    let reason = text::clean(&in_words(error), 1000);
    let remedies = match error {
        // A refusal of the perturbation that the method handed on as it was.
        WitError::Plugin(words) => state.shared().advice_on(words),
        own => findings::remedies(state, remedies_of(own)),
    };
    of_limit_met(state, error).unwrap_or_else(|| RunError::Refused { plugin: state.id.clone(), reason, remedies })
}

/// The limit that a guest names in its error, if the host refused it something for that limit. The numbers are the host's: those
/// of the guest's error may be invented.
fn of_limit_met(state: &PluginState, error: &WitError) -> Option<RunError> {
    let WitError::Limit(named) = error else {
        return None;
    };
    let limit = named.limit.parse().ok()?;
    let (allowed, requested) = state.met(limit)?;
    Some(of_numbers(state, limit, allowed, requested))
}

/// The cause of a step of the host's own that failed on behalf of a plugin.
pub(crate) fn of_fault(state: &PluginState, fault: Fault) -> RunError {
    match fault {
        Fault::Guest(error) => of_limit(state, &error).unwrap_or_else(|| of_refusal(state, &error)),
        Fault::Stop(stop) => of_stop(state, stop),
    }
}

fn of_stop(state: &PluginState, stop: Stop) -> RunError {
    match stop {
        Stop::OutOfTime => RunError::OutOfTime { plugin: state.id.clone(), allowed: state.shared().watch.allowed() },
        // A classifier that was stopped by the user fails; that is not its fault.
        Stop::Classifier { .. } if state.shared().watch.unwanted() => RunError::Cancelled,
        stop => of_host(&state.id, stop),
    }
}

/// The cause of a step that failed where no plugin's state is at hand.
pub(crate) fn of_host(plugin: &PluginId, stop: Stop) -> RunError {
    match stop {
        Stop::OutOfTime => RunError::refused(plugin, stop.to_string()),
        Stop::Denied { .. } | Stop::Exited { .. } => {
            RunError::Trap { plugin: plugin.clone(), what: text::clean(&stop.to_string(), 400), backtrace: Vec::new() }
        }
        Stop::Cancelled => RunError::Cancelled,
        Stop::Classifier { what, remedies } => RunError::Classifier { what, remedies },
        Stop::Device { operation, reason } => RunError::Device { operation: operation.to_owned(), reason },
        Stop::Bug { operation, reason } => RunError::Internal { operation: operation.to_owned(), reason },
    }
}

fn cause_of_abort(state: &PluginState) -> Option<RunError> {
    if let Some(requested) = state.memory().refused() {
        let allowed = state.memory().allowed();
        return Some(RunError::OutOfMemory { plugin: state.id.clone(), allowed, requested });
    }
    of_limit(state, state.refusal()?)
}

fn of_limit(state: &PluginState, error: &WitError) -> Option<RunError> {
    let WitError::Limit(exhausted) = error else {
        return None;
    };
    Some(of_numbers(state, exhausted.limit.parse().ok()?, exhausted.allowed, exhausted.requested))
}

fn of_numbers(state: &PluginState, limit: Limit, allowed: u64, requested: u64) -> RunError {
    let plugin = state.id.clone();
    match limit {
        Limit::GuestMemory => RunError::OutOfMemory { plugin, allowed, requested },
        Limit::DeviceMemory => RunError::DeviceQuota { plugin, allowed, requested },
        Limit::Handles => RunError::Handles { plugin, allowed },
        Limit::Readback => RunError::Readback { plugin, allowed, requested },
        Limit::WallTime => RunError::OutOfTime { plugin, allowed: state.shared().watch.allowed() },
    }
}

fn in_words_of(trap: Trap) -> String {
    match trap {
        Trap::StackOverflow => {
            format!("recursed until its stack of {} was used up", text::bytes(GUEST_STACK_BYTES as u64))
        }
        Trap::MemoryOutOfBounds => {
            "reached outside its own memory, which also is what endless recursion looks like,".to_owned()
        }
        Trap::UnreachableCodeReached => "stopped itself (a panic or an abort)".to_owned(),
        trap => text::clean(&format!("stopped: {trap}"), 200),
    }
}

/// The first frames by function name, innermost first; none for a program without names.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    frames.iter().filter_map(|frame| frame.func_name()).take(FRAMES).map(|name| text::clean(name, 100)).collect()
}
