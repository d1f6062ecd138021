//! What can go wrong in the engine, in words that a program can tell apart.

use lacuna_diagnostic::Remedy;

/// The result of an engine call.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an engine call was refused. Nothing has changed when one is returned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// Sizes that do not fit together.
    #[error("{operation}: found shape {found:?}, expected {expected}")]
    Shape { operation: String, expected: String, found: Vec<usize> },
    /// An argument outside its range.
    #[error("{operation}: {argument} is {found}, expected {expected}")]
    Argument { operation: String, argument: String, expected: String, found: String },
    /// A gradient that does not exist.
    #[error("no gradient: {0}")]
    NotDifferentiable(String),
    /// Something that the engine cannot do.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// NaN or infinity where finite numbers are needed.
    #[error("not finite: {0}")]
    NonFinite(String),
    /// A manifest, a graph or a weights file that cannot be used.
    #[error("{0}")]
    Model(String),
    /// A model outside of the engine that failed: what happened, and what to do.
    #[error("{what}. Remedy: {}", Remedy::joined(.remedies, Remedy::to_string).unwrap_or_default())]
    External { what: String, remedies: Vec<Remedy> },
    /// Nobody wanted the result any more ([`crate::interruptible`]).
    #[error("the computation was interrupted")]
    Interrupted,
    /// No such device, or a device that was lost.
    #[error("{0}")]
    Device(String),
}

impl Error {
    /// A model outside of the engine that failed, with one thing to do.
    pub(crate) fn external(what: String, remedy: &str) -> Self {
        Self::External { what, remedies: vec![Remedy::advice(remedy)] }
    }

    pub(crate) fn shape(operation: &str, expected: impl Into<String>, found: &[usize]) -> Self {
        // A guest may hand in lists of any length; one dimension more than a tensor has shows that it is too many.
        let found = found.iter().copied().take(crate::MAX_RANK + 1).collect();
        Self::Shape { operation: operation.into(), expected: expected.into(), found }
    }

    pub(crate) fn argument(operation: &str, argument: &str, expected: impl Into<String>, found: impl ToString) -> Self {
        Self::Argument {
            operation: operation.into(),
            argument: argument.into(),
            expected: expected.into(),
            found: shortened(found.to_string()),
        }
    }
}

/// Names for a message: all of a few, and of many the first and the last, since a list of a hundred hides what it says.
pub(crate) fn some_of<S: AsRef<str>>(names: &[S]) -> String {
    const FEW: usize = 12;
    let joined = |names: &[S]| names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len() {
        count if count > FEW => {
            format!("{}, ..., {} ({count} in all)", joined(&names[..4]), joined(&names[count - 4..]))
        }
        _ => joined(names),
    }
}

/// Shortens what was found to at most 400 characters.
fn shortened(found: String) -> String {
    match found.char_indices().nth(400) {
        Some((end, _)) => format!("{} ...", &found[..end]),
        None => found,
    }
}
