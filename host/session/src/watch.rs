//! What a door shows while a session works.

use lacuna_imaging::Warning;
use lacuna_runtime::{Listener, Message, MessageLevel, Progress};
use std::{any::Any, fmt};

/// What a door shows while a session works: a bar on a terminal, an output that a notebook updates, events of a service. Each
/// function may be left as it is, which shows nothing.
pub trait Watch: fmt::Debug {
    /// Something is waited for until what this gives is dropped.
    fn wait(&self, what: &str) -> Waiting {
        let _ = what;
        Waiting(None)
    }

    /// What the user should know although nothing failed.
    fn warn(&self, text: &str) {
        let _ = text;
    }

    /// Is told of each message of a run at once. What has no use for that hears of warnings at the run's end.
    fn messages(&self) -> Listener {
        Box::new(|_| ())
    }

    /// Is told of each message of a run at its end.
    fn message(&self, message: &Message) {
        if message.level == MessageLevel::Warning {
            self.warn(&format!("{}: {}", message.plugin, message.text));
        }
    }

    /// What is to be said of a file, as the door says it: with its own name for what to change. Records and summaries keep it.
    fn words(&self, warning: &Warning) -> String {
        warning.to_string()
    }

    /// Is told of each step of a run.
    fn steps(&self, label: &str) -> Box<dyn FnMut(&Progress) + Send> {
        let _ = label;
        Box::new(|_| ())
    }
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// Something that is waited for, shown until this is dropped.
pub struct Waiting(Option<Box<dyn Any>>);

impl Waiting {
    /// Until this is dropped, and `shown` with it.
    pub fn showing(shown: impl Any) -> Waiting {
        Waiting(Some(Box::new(shown)))
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiting").field(&self.0.is_some()).finish()
    }
}
