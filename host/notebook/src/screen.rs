//! Where a notebook shows what its cells print and display.

use lacuna_runtime::cells::{Form, Standard};
use std::fmt;

/// What a door shows below a cell. Called on the thread that runs cells, while they run.
pub trait Screen: fmt::Debug + Send + Sync {
    /// Shows text at once.
    fn print(&self, to: Standard, text: &str);

    /// Shows something. With an id, `update` replaces what was shown under it.
    fn display(&self, forms: &[Form], id: Option<&str>, update: bool);

    /// Empties what is shown, at once or when something new comes.
    fn clear(&self, wait: bool);
}
