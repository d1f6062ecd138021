//! The cells of a notebook: an interpreter that stays, and what its cells define.
//!
//! [`Interpreter`] is the compiled program -> [`Cells`] is an instance of it, which lives from cell to cell and asks a
//! [`Notebook`] for what its cells name -> a definition of a cell becomes a [`Plugin`](crate::Plugin): another instance of the
//! same program, which `adopted` the definition.

pub(crate) mod adopted;
pub(crate) mod interpreter;
pub(crate) mod notebook;
mod resident;

pub use interpreter::{CELL, Interpreter};
pub use notebook::{
    Answered, Definition, DefinitionKind, Entry, Explain, Explanation, Form, Images, Kind, Measure, Notebook, Refusal,
    Selected, Standard, Tile,
};
pub use resident::{CELLS_STACK_BYTES, Cells, Completeness, Completion, Completions, Failure};
