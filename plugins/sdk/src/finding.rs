//! What the user should know of a result, and what to change: data, which every door puts in its own words.

pub use crate::bindings::imports::errors::Refusal;
pub use crate::bindings::imports::findings::Finding;
use crate::bindings::imports::parameters::{Setting, Value};
pub use crate::bindings::imports::remedies::{Adjustment, Choice, Direction, Remedy};

impl Remedy {
    /// A parameter of this plugin set to one of its options.
    pub fn option(parameter: &str, option: &str) -> Self {
        Self::Set(Setting { name: parameter.to_owned(), value: Value::Choice(option.to_owned()) })
    }

    /// A parameter of this plugin set to a number.
    pub fn number(parameter: &str, number: f32) -> Self {
        // The shortest decimals that mean this number, so that 0.1 stays 0.1.
        let value = number.to_string().parse().unwrap_or_else(|_| f64::from(number));
        Self::Set(Setting { name: parameter.to_owned(), value: Value::Number(value) })
    }

    /// A parameter of this plugin set to a whole number.
    pub fn count(parameter: &str, count: u32) -> Self {
        Self::Set(Setting { name: parameter.to_owned(), value: Value::Integer(count.into()) })
    }

    /// A flag of this plugin.
    pub fn flag(parameter: &str, value: bool) -> Self {
        Self::Set(Setting { name: parameter.to_owned(), value: Value::Flag(value) })
    }

    /// A larger value for a parameter of this plugin.
    pub fn raise(parameter: &str) -> Self {
        Self::Adjust(Adjustment { parameter: parameter.to_owned(), direction: Direction::Larger })
    }

    /// A smaller value for a parameter of this plugin.
    pub fn lower(parameter: &str) -> Self {
        Self::Adjust(Adjustment { parameter: parameter.to_owned(), direction: Direction::Smaller })
    }

    /// Another value for a parameter of this plugin.
    pub fn vary(parameter: &str) -> Self {
        Self::Adjust(Adjustment { parameter: parameter.to_owned(), direction: Direction::Another })
    }
}

impl Finding {
    /// A finding about every image of the request. `code` is its kind, lower-case words joined by hyphens.
    ///
    /// ```no_run
    /// use lacuna_plugin::{Finding, Remedy};
    ///
    /// let finding = Finding::new("unmoved-mask", "the mask did not move from its start")
    ///     .of_image(1)
    ///     .with(Remedy::option("score", "log-odds"))
    ///     .with(Remedy::raise("steps"));
    /// # assert_eq!(finding.remedies.len(), 2);
    /// ```
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self { image: None, code: code.to_owned(), text: text.into(), remedies: Vec::new() }
    }

    /// Says which image of the request it is about, counted from 0.
    #[must_use]
    pub fn of_image(mut self, image: usize) -> Self {
        self.image = u32::try_from(image).ok();
        self
    }

    /// Adds a remedy, less promising than those before; 8 at most.
    #[must_use]
    pub fn with(mut self, remedy: Remedy) -> Self {
        self.remedies.push(remedy);
        self
    }
}

impl Refusal {
    /// A reason without a remedy.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), remedies: Vec::new() }
    }

    /// Adds a remedy, less promising than those before; 8 at most.
    #[must_use]
    pub fn with(mut self, remedy: Remedy) -> Self {
        self.remedies.push(remedy);
        self
    }
}
