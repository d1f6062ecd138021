//! Messages for the person who runs the plugin.

use crate::bindings::imports::log::{Level, message};

/// Logs a message for somebody who debugs the plugin.
pub fn debug(text: &str) {
    message(Level::Debug, text);
}

/// Logs a message that is good to know.
pub fn info(text: &str) {
    message(Level::Info, text);
}

/// Logs a message that the user should act on. What belongs to a result is a finding of the explanation instead.
pub fn warning(text: &str) {
    message(Level::Warning, text);
}
