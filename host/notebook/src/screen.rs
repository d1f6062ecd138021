//! Where a notebook shows what its cells print and display.

use lacuna_runtime::cells::{Form, Refusal, Standard};
use std::fmt;

/// What a door shows below a cell. Called on the thread that runs cells, while they run.
pub trait Screen: fmt::Debug + Send + Sync {
    /// Shows text at once.
    ///
    /// # Errors
    /// There is nobody to show it to any more.
    fn print(&self, to: Standard, text: &str) -> Result<(), Refusal>;

    /// Shows something. With an id, `update` replaces what was shown under it.
    ///
    /// # Errors
    /// It is too large, or there is nobody to show it to any more.
    fn display(&self, forms: &[Form], id: Option<&str>, update: bool) -> Result<(), Refusal>;

    /// Empties what is shown, at once or when something new comes.
    ///
    /// # Errors
    /// There is nobody to show it to any more.
    fn clear(&self, wait: bool) -> Result<(), Refusal>;
}
