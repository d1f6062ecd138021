//! The two ways in which a host function fails: an error that the guest gets, or the end of its program.

use crate::{
    bindings::method::lacuna::explain::{
        errors::{self as wit, Error as WitError},
        findings,
        remedies::{self, Choice, Remedy},
    },
    error::Role,
    policy::{ledger::Exhausted, limits::Limit},
    run::state::PluginState,
};
use lacuna_engine::{Error as EngineError, MAX_RANK};
use wasmtime::component::ResourceTableError;

/// What a host function returns instead of its result.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The guest's mistake, returned to it.
    Guest(WitError),
    /// The end of the guest's program.
    Stop(Stop),
}

/// Why the host ended a guest's program. Carried through Wasmtime as the cause of the trap.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the wall time is over")]
    OutOfTime,
    #[error("the run was cancelled and the guest did not come back")]
    Cancelled,
    #[error("the device failed in {operation}: {reason}")]
    Device { operation: &'static str, reason: String },
    #[error("the classifier failed: {what}")]
    Classifier { what: String, remedies: Vec<lacuna_diagnostic::Remedy> },
    #[error("asked for `{what}`, which no plugin gets")]
    Denied { what: String },
    #[error("ended its own program ({how})")]
    Exited { how: String },
    #[error("a bug of the host in {operation}: {reason}")]
    Bug { operation: &'static str, reason: String },
}

impl Fault {
    /// An error of the engine: the guest's where an argument caused it, else the host's.
    pub(crate) fn of_engine(operation: &'static str, error: EngineError) -> Fault {
        Fault::Guest(match error {
            EngineError::Shape { operation, expected, found } => {
                WitError::Shape(wit::ShapeMismatch { operation, expected, found: sizes(&found) })
            }
            EngineError::Argument { operation, argument, expected, found } => {
                WitError::Argument(wit::InvalidArgument { operation, argument, expected, found })
            }
            EngineError::NotDifferentiable(reason) => WitError::NotDifferentiable(refusal(reason)),
            EngineError::Unsupported(reason) => WitError::Unsupported(refusal(reason)),
            EngineError::NonFinite(place) => WitError::NonFinite(refusal(place)),
            EngineError::Interrupted => WitError::Cancelled,
            EngineError::External { what, remedies } => return Fault::Stop(Stop::Classifier { what, remedies }),
            EngineError::Model(reason) | EngineError::Device(reason) => {
                return Fault::Stop(Stop::Device { operation, reason });
            }
        })
    }

    pub(crate) fn argument(operation: &str, argument: &str, expected: &str, found: String) -> Fault {
        let (operation, argument) = (operation.to_owned(), argument.to_owned());
        Fault::Guest(WitError::Argument(wit::InvalidArgument {
            operation,
            argument,
            expected: expected.to_owned(),
            found,
        }))
    }

    pub(crate) fn shape(operation: &str, expected: String, found: &[usize]) -> Fault {
        let mismatch = wit::ShapeMismatch { operation: operation.to_owned(), expected, found: sizes(found) };
        Fault::Guest(WitError::Shape(mismatch))
    }

    pub(crate) fn limit(limit: Limit, allowed: u64, requested: u64) -> Fault {
        Fault::Guest(WitError::Limit(wit::ExhaustedLimit { limit: limit.name().to_owned(), allowed, requested }))
    }

    /// What the host does not do, and why.
    pub(crate) fn unsupported(text: impl Into<String>) -> Fault {
        Fault::Guest(WitError::Unsupported(refusal(text.into())))
    }

    /// What the host does not do before the user chooses something.
    pub(crate) fn unchosen(text: &str, choice: Choice) -> Fault {
        Fault::Guest(WitError::Unsupported(wit::Refusal {
            text: text.to_owned(),
            remedies: vec![Remedy::Choose(choice)],
        }))
    }

    pub(crate) fn bug(operation: &'static str, reason: impl ToString) -> Fault {
        Fault::Stop(Stop::Bug { operation, reason: reason.to_string() })
    }
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Fault {
        Fault::Stop(stop)
    }
}

impl From<Exhausted> for Fault {
    fn from(exhausted: Exhausted) -> Fault {
        Fault::limit(Limit::DeviceMemory, exhausted.allowed, exhausted.requested)
    }
}

/// Wasmtime hands out only handles that it has checked, so a missing one is not the guest's doing.
impl From<ResourceTableError> for Fault {
    fn from(error: ResourceTableError) -> Fault {
        Fault::bug("the table of handles", error)
    }
}

impl remedies::Host for PluginState {}

impl findings::Host for PluginState {}

impl wit::Host for PluginState {
    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<WitError> {
        match fault {
            Fault::Guest(error) => {
                if matches!(error, WitError::Cancelled) && self.id.role() == Role::Interpreter {
                    self.shared().watch.forgive();
                }
                self.remember_refusal(&error);
                Ok(error)
            }
            Fault::Stop(stop) => Err(wasmtime::Error::new(stop)),
        }
    }
}

fn refusal(text: String) -> wit::Refusal {
    wit::Refusal { text, remedies: Vec::new() }
}

/// Sizes as the contract has them. A size beyond 32 bits cannot come from a guest.
pub(crate) fn sizes(shape: &[usize]) -> Vec<u32> {
    shape.iter().map(|size| u32::try_from(*size).unwrap_or(u32::MAX)).collect()
}

/// Sizes as the engine has them. A guest may give a list of 128 MiB, which is refused before it is copied.
pub(crate) fn dimensions(operation: &str, argument: &str, list: &[u32]) -> Result<Vec<usize>, Fault> {
    check_length(operation, argument, list.len(), MAX_RANK)?;
    Ok(list.iter().map(|size| *size as usize).collect())
}

/// Refuses a list that is longer than any use of it.
pub(crate) fn check_length(operation: &str, argument: &str, found: usize, most: usize) -> Result<(), Fault> {
    if found <= most {
        return Ok(());
    }
    Err(Fault::argument(operation, argument, &format!("a list of at most {most}"), format!("one of {found}")))
}

/// What to change, as far as the plugin that returned the error says it.
pub(crate) fn remedies_of(error: &WitError) -> &[Remedy] {
    match error {
        WitError::NotDifferentiable(refusal) | WitError::Unsupported(refusal) | WitError::NonFinite(refusal) => {
            &refusal.remedies
        }
        WitError::Shape(_) | WitError::Argument(_) | WitError::Limit(_) | WitError::Plugin(_) | WitError::Cancelled => {
            &[]
        }
    }
}

/// The words of an error that one plugin returned, for a person or for another plugin.
pub(crate) fn in_words(error: &WitError) -> String {
    match error {
        WitError::Shape(wit::ShapeMismatch { operation, expected, found }) => {
            format!("{operation} expects {expected} and got {found:?}")
        }
        WitError::Argument(wit::InvalidArgument { operation, argument, expected, found }) => {
            format!("{operation} expects `{argument}` to be {expected} and got {found}")
        }
        WitError::Limit(wit::ExhaustedLimit { limit, allowed, requested }) => {
            format!("the limit `{limit}` allows {allowed} and {requested} were asked for")
        }
        WitError::NotDifferentiable(refusal) => format!("there is no gradient: {}", refusal.text),
        WitError::Unsupported(refusal) => refusal.text.clone(),
        WitError::NonFinite(refusal) => format!("numbers are NaN or infinite: {}", refusal.text),
        WitError::Plugin(reason) => reason.clone(),
        WitError::Cancelled => "cancelled".to_owned(),
    }
}
