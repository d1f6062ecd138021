//! Messages for the person who runs the plugin.

use crate::bindings::imports::log::{Level, message};

/// What only somebody who debugs the plugin wants to see.
pub fn debug(text: &str) {
    message(Level::Debug, text);
}

/// What is good to know.
pub fn info(text: &str) {
    message(Level::Info, text);
}

/// What the user should act on. What belongs to a result is a finding of the explanation instead.
pub fn warning(text: &str) {
    message(Level::Warning, text);
}
