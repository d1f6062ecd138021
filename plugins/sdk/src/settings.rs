//! The values of a plugin's parameters in one run.

use crate::bindings::imports::parameters::Setting;
pub use crate::bindings::imports::parameters::Value;
use crate::error::Error;

/// Every parameter that the plugin described, with the user's value or the default. The host has
/// checked types and ranges, so a getter fails only where plugin and description disagree.
#[derive(Clone, Debug)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// From names and values, for a plugin's own tests.
    pub fn new<'a>(settings: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let setting = |(name, value): (&str, Value)| Setting { name: name.to_owned(), value };
        Self(settings.into_iter().map(setting).collect())
    }

    /// A number, as precise as tensors are.
    ///
    /// # Errors
    /// A parameter that was not described as a number.
    pub fn number(&self, name: &str) -> Result<f32, Error> {
        match self.value(name)? {
            Value::Number(number) => Ok(*number as f32),
            other => Err(mistyped(name, "a number", other)),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// A parameter that was not described as an integer.
    pub fn integer(&self, name: &str) -> Result<i64, Error> {
        match self.value(name)? {
            Value::Integer(integer) => Ok(*integer),
            other => Err(mistyped(name, "a whole number", other)),
        }
    }

    /// A whole number that is a size or a count.
    ///
    /// # Errors
    /// A parameter that was not described as an integer, or one below 0 or above 2^32 - 1.
    pub fn count(&self, name: &str) -> Result<u32, Error> {
        let integer = self.integer(name)?;
        u32::try_from(integer).map_err(|_| Error::argument("settings", name, "0 or more", integer))
    }

    /// One of the options of a choice.
    ///
    /// # Errors
    /// A parameter that was not described as a choice.
    pub fn choice(&self, name: &str) -> Result<&str, Error> {
        match self.value(name)? {
            Value::Choice(option) => Ok(option),
            other => Err(mistyped(name, "a choice", other)),
        }
    }

    /// Yes or no.
    ///
    /// # Errors
    /// A parameter that was not described as a flag.
    pub fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.value(name)? {
            Value::Flag(flag) => Ok(*flag),
            other => Err(mistyped(name, "a flag", other)),
        }
    }

    pub(crate) fn from_host(settings: Vec<Setting>) -> Self {
        Self(settings)
    }

    fn value(&self, name: &str) -> Result<&Value, Error> {
        let found = self.0.iter().find(|setting| setting.name == name);
        found.map(|setting| &setting.value).ok_or_else(|| {
            Error::argument("settings", name, "a parameter that the plugin describes", "none of this name")
        })
    }
}

fn mistyped(name: &str, expected: &str, found: &Value) -> Error {
    Error::argument("settings", name, expected, format!("{found:?}"))
}

#[cfg(test)]
mod tests {
    use super::{Settings, Value};

    #[test]
    fn getters_are_typed() {
        let settings = Settings::new([
            ("sigma", Value::Number(10.0)),
            ("steps", Value::Integer(-1)),
            ("game", Value::Choice("deletion".into())),
        ]);
        assert_eq!(settings.number("sigma").ok(), Some(10.0));
        assert_eq!(settings.choice("game").ok(), Some("deletion"));
        assert_eq!(settings.integer("steps").ok(), Some(-1));
        assert!(settings.count("steps").is_err());
        assert!(settings.flag("sigma").is_err());
        assert!(settings.number("missing").is_err());
    }
}
