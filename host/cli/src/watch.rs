//! What a session shows goes to the console, in the words of this program.

use crate::{console::Console, pictures};
use lacuna_imaging::Warning;
use lacuna_runtime::Progress;
use lacuna_session::{Waiting, Watch};

impl Watch for Console {
    fn wait(&self, what: &str) -> Waiting {
        Waiting::showing(Console::wait(self, what))
    }

    fn warn(&self, text: &str) {
        Console::warn(self, text);
    }

    fn words(&self, warning: &Warning) -> String {
        pictures::with_option(warning, warning)
    }

    fn steps(&self, label: &str) -> Box<dyn FnMut(&Progress) + Send> {
        Console::steps(self, label)
    }
}
