//! Progress of long work.

use crate::bindings::imports::progress;
use crate::error::Error;
use crate::tensor::Tensor;

/// Reports `step` of `total` and the terms of the objective, each a tensor of one element that
/// the host reads when it likes.
///
/// # Errors
/// [`Error::Cancelled`] when the user wants to stop: return it. The error of a term that failed.
pub fn report(step: u32, total: u32, terms: &[(&str, &Tensor)]) -> Result<(), Error> {
    let terms: Result<Vec<progress::Term<'_>>, Error> = terms
        .iter()
        .map(|(name, value)| Ok(progress::Term { name: (*name).to_owned(), value: value.handle()? }))
        .collect();
    progress::report(step, total, &terms?)
}
