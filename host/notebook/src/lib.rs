//! A notebook: what its cells may name, and what they ask for.
//!
//! [`Opened`] reads `lacuna.toml`, which says what a notebook's cells may use -> a [`Desk`] answers what cells ask of
//! `lacuna_runtime::cells::Notebook`, with a session behind it ->
//! [`Running`] is an interpreter that asks it, cell by cell -> what cells show goes to a [`Screen`], which belongs to the door.
//!
//! Deliberately absent: sockets and terminals.

mod answer;
mod desk;
mod drawing;
mod opened;
mod pictures;
mod progress;
mod running;
mod saving;
mod screen;
mod shelf;
mod wording;

pub use desk::{Desk, Means};
pub use opened::{Opened, OpenedError};
pub use running::Running;
pub use screen::Screen;
