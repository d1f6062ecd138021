//! The contract's errors, and short ways to make the two that plugins return most.

pub use crate::bindings::imports::errors::{Error, ExhaustedLimit, InvalidArgument, ShapeMismatch};

impl Error {
    /// An argument or setting outside its range.
    pub fn argument(operation: &str, argument: &str, expected: &str, found: impl ToString) -> Self {
        Self::Argument(InvalidArgument {
            operation: operation.to_owned(),
            argument: argument.to_owned(),
            expected: expected.to_owned(),
            found: found.to_string(),
        })
    }

    /// Sizes that do not fit together.
    pub fn shape(operation: &str, expected: &str, found: &[u32]) -> Self {
        Self::Shape(ShapeMismatch {
            operation: operation.to_owned(),
            expected: expected.to_owned(),
            found: found.to_vec(),
        })
    }
}
