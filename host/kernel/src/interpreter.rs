//! What a kernel asks of an interpreter, and what a running cell asks of its kernel.
//!
//! The types mirror the interface `cells` of the contract `lacuna:cells`.

use std::sync::Arc;

/// Answers the requests of front ends, one at a time, on a thread of its own with a stack of 16 MiB. Calls may block.
pub trait Interpreter: Send {
    /// What front ends show of the language and the kernel. Asked once, before the first request.
    fn info(&self) -> Info;

    /// Interrupts the call that is running. Asked once, before the first request, and called from another thread only while a
    /// call runs. It must return at once.
    fn interrupt(&self) -> Arc<dyn Fn() + Send + Sync>;

    /// Forgets interrupts so far. The kernel says so before each call, and lets no interrupt come between the two.
    fn rearm(&mut self);

    /// Runs a cell. The forms are those of its last expression; empty where it has no value to show.
    ///
    /// # Errors
    /// The exception that the cell did not catch.
    fn execute(&mut self, cell: &Cell, output: &Arc<dyn Output>) -> Result<Vec<Form>, Failure>;

    /// The value of one expression, as a front end asks for it beside a cell.
    ///
    /// # Errors
    /// The exception that the expression raised.
    fn evaluate(&mut self, expression: &str) -> Result<Vec<Form>, Failure>;

    /// What may stand at the cursor, which counts Unicode code points.
    fn complete(&mut self, code: &str, cursor: u32) -> Completions;

    /// What is known of the name at the cursor; `detail` 1 adds its source. None where nothing is known.
    fn inspect(&mut self, code: &str, cursor: u32, detail: u32) -> Option<Vec<Form>>;

    /// Whether the code can run as it stands.
    fn is_complete(&mut self, code: &str) -> Completeness;

    /// Starts afresh, without any state of earlier cells. Called after a failure with [`Failure::lost`], and after a panic.
    ///
    /// # Errors
    /// What stood in the way; further cells get it as their failure until a later attempt succeeds.
    fn restart(&mut self) -> Result<(), Failure>;
}

/// What a running cell shows. Each call puts what it shows on its way at once, and waits while front ends are behind.
pub trait Output: Send + Sync {
    /// Shows text.
    ///
    /// # Errors
    /// See [`Unshown`].
    fn print(&self, to: Standard, text: &str) -> Result<(), Unshown>;

    /// Shows something below the cell. With an id, `update` replaces what was shown under it.
    ///
    /// # Errors
    /// See [`Unshown`].
    fn display(&self, forms: &[Form], id: Option<&str>, update: bool) -> Result<(), Unshown>;

    /// Empties the cell's output, at once or when something new comes.
    ///
    /// # Errors
    /// See [`Unshown`].
    fn clear(&self, wait: bool) -> Result<(), Unshown>;
}

/// Why something was not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unshown {
    /// The kernel is shutting down: the cell should end.
    #[error("the kernel is shutting down")]
    Ending,
    /// One display is larger than front ends are sent.
    #[error("the display has {bytes} bytes; at most {limit} are sent to front ends")]
    TooLarge {
        /// The size of all forms together.
        bytes: usize,
        /// The largest size that is sent.
        limit: usize,
    },
}

/// One of the two standard streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A cell to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its source.
    pub code: String,
    /// Its number, from 1; a cell that is not counted has the number of the last one that was.
    pub count: u32,
    /// Whether nothing of it is shown.
    pub silent: bool,
}

/// One form of something shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// For example `text/plain`, `text/html`, `image/png`.
    pub mime: String,
    /// Text is UTF-8; JSON is its text.
    pub data: Vec<u8>,
}

impl Form {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { mime: "text/plain".into(), data: text.into().into_bytes() }
    }
}

/// An exception that code did not catch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its class, for example `ValueError`.
    pub name: String,
    /// Its message.
    pub text: String,
    /// A line each, ready to show; empty where there is no more to say than name and text.
    pub traceback: Vec<String>,
    /// Whether the interpreter lost its state by it; the kernel then calls [`Interpreter::restart`].
    pub lost: bool,
}

impl Failure {
    /// A failure without a traceback, which leaves the interpreter as it was.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), traceback: Vec::new(), lost: false }
    }
}

/// What may stand at a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// The first of the characters (Unicode code points) of the code that a completion replaces.
    pub start: u32,
    /// The character behind the last one that it replaces.
    pub end: u32,
    /// In the order in which they are offered.
    pub items: Vec<Completion>,
}

/// Something that may stand at a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// What is inserted.
    pub text: String,
    /// What it is: `function`, `class`, `module`, `instance`, `parameter`, `keyword`, `name`.
    pub kind: String,
    /// Its call, where it has one, for example `(sigma=10.0)`.
    pub signature: String,
}

/// Whether code can run as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can.
    Complete,
    /// More lines must follow, the next with this indentation.
    Incomplete(String),
    /// It cannot, whatever follows.
    Invalid,
}

/// What front ends show of a kernel and its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The kernel's name, for example `lacuna`.
    pub implementation: String,
    /// The kernel's version.
    pub implementation_version: String,
    /// What a console shows at its start.
    pub banner: String,
    /// The language's name, for example `python`.
    pub language: String,
    /// The language's version.
    pub language_version: String,
    /// The type of a file of the language, for example `text/x-python`.
    pub mimetype: String,
    /// With its dot, for example `.py`.
    pub file_extension: String,
    /// The lexer that colours exported notebooks, for example `ipython3`.
    pub pygments_lexer: String,
    /// The mode that colours cells, and the version of the language that it is for.
    pub codemirror_mode: (String, u32),
    /// A text and an address each.
    pub help_links: Vec<(String, String)>,
}

impl Info {
    /// A kernel for Python of a version such as `3.12.1`.
    pub fn python(implementation: &str, implementation_version: &str, language_version: &str) -> Self {
        Self {
            implementation: implementation.into(),
            implementation_version: implementation_version.into(),
            banner: String::new(),
            language: "python".into(),
            language_version: language_version.into(),
            mimetype: "text/x-python".into(),
            file_extension: ".py".into(),
            pygments_lexer: "ipython3".into(),
            codemirror_mode: ("ipython".into(), 3),
            help_links: Vec::new(),
        }
    }
}
