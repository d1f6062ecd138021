//! The contract's errors, and short ways to make those that plugins return most.

use crate::Refusal;
pub use crate::bindings::imports::errors::{Error, ExhaustedLimit, InvalidArgument, ShapeMismatch};

impl Error {
    /// The error for an argument or setting outside its range.
    pub fn argument(operation: &str, argument: &str, expected: &str, found: impl ToString) -> Self {
        Self::Argument(InvalidArgument {
            operation: operation.to_owned(),
            argument: argument.to_owned(),
            expected: expected.to_owned(),
            found: found.to_string(),
        })
    }

    /// The error for something that this plugin cannot do.
    pub fn unsupported(text: impl Into<String>) -> Self {
        Self::Unsupported(Refusal::new(text))
    }

    /// Numbers that are NaN or infinite: where.
    pub fn non_finite(text: impl Into<String>) -> Self {
        Self::NonFinite(Refusal::new(text))
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
