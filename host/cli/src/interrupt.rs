//! Ctrl-C.

use crate::failure::{Failure, Result};
use lacuna_runtime::CancelToken;

/// From now on Ctrl-C, or a request to terminate, cancels the token; the second one ends the program at once.
///
/// # Errors
/// The system takes no handler.
pub fn watch() -> Result<CancelToken> {
    let token = CancelToken::new();
    let cancelled = token.clone();
    let installed = ctrlc::set_handler(move || {
        if cancelled.is_cancelled() {
            std::process::exit(130);
        }
        cancelled.cancel();
    });
    installed.map_err(|error| Failure::Run(format!("Ctrl-C cannot be watched: {error}")))?;
    Ok(token)
}

/// Stops here if the user asked for it.
pub fn check(token: &CancelToken) -> Result<()> {
    match token.is_cancelled() {
        true => Err(Failure::interrupted()),
        false => Ok(()),
    }
}
