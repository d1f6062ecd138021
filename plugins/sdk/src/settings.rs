//! The values of a plugin's parameters in one run.

use std::ops::RangeInclusive;

use crate::bindings::imports::parameters::Setting;
pub use crate::bindings::imports::parameters::Value;
use crate::error::Error;
use crate::info::{Described, Kind, PluginInfo};

/// Every parameter that the plugin described, with the user's value or the default. The host has
/// checked types and ranges, so a getter fails only where plugin and description disagree.
#[derive(Clone, Debug)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// Settings of these names and values, for a plugin's own tests.
    pub fn new<'a>(settings: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let setting = |(name, value): (&str, Value)| Setting { name: name.to_owned(), value };
        Self(settings.into_iter().map(setting).collect())
    }

    /// The defaults of a plugin with the settings of one of its presets over them, as the host hands
    /// them out; for a plugin's own tests.
    ///
    /// # Errors
    /// A preset that the plugin does not have, or one that sets what is no parameter, or sets it to
    /// what is no value of its type.
    pub fn preset(info: &PluginInfo, name: &str) -> Result<Self, Error> {
        let preset = info.presets.iter().find(|preset| preset.name == name);
        let preset = preset.ok_or_else(|| Error::argument("settings", "preset", "a preset of the plugin", name))?;
        let mut settings: Vec<Setting> = info.parameters.iter().map(default).collect();
        for text in &preset.settings {
            let refused = || Error::argument("settings", name, "parameter=value", text);
            let (parameter, value) = text.split_once('=').ok_or_else(refused)?;
            let setting = settings.iter_mut().find(|setting| setting.name == parameter).ok_or_else(refused)?;
            setting.value = parse(&setting.value, value).ok_or_else(refused)?;
        }
        Ok(Self(settings))
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

    /// The value that a choice made by [`Parameter::one_of`](crate::Parameter::one_of) names.
    ///
    /// # Errors
    /// A parameter that was not described as a choice, or not with these options.
    pub fn one_of<T, const COUNT: usize>(&self, name: &str, options: [(&str, T); COUNT]) -> Result<T, Error> {
        let chosen = self.choice(name)?;
        let found = options.into_iter().find(|(option, _)| *option == chosen);
        found
            .map(|(_, value)| value)
            .ok_or_else(|| Error::argument("settings", name, "one of the options that the plugin describes", chosen))
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

    /// A text, as the user wrote it.
    ///
    /// # Errors
    /// A parameter that was not described as a text.
    pub fn text(&self, name: &str) -> Result<&str, Error> {
        match self.value(name)? {
            Value::Text(text) => Ok(text),
            other => Err(mistyped(name, "a text", other)),
        }
    }

    /// The numbers of a text with commas between them, in rising order, each once; at least one, each in `range`.
    ///
    /// # Errors
    /// A parameter that was not described as a text, and any other text.
    pub fn numbers(&self, name: &str, range: RangeInclusive<f32>) -> Result<Vec<f32>, Error> {
        let text = self.text(name)?;
        let number = |part: &str| part.trim().parse().ok().filter(|number| range.contains(number));
        let mut numbers = text.split(',').map(number).collect::<Option<Vec<f32>>>().ok_or_else(|| {
            let expected = format!("numbers from {} to {} with commas between them", range.start(), range.end());
            Error::argument("settings", name, &expected, text)
        })?;
        numbers.sort_by(f32::total_cmp);
        numbers.dedup();
        Ok(numbers)
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

fn default(parameter: &Described) -> Setting {
    let value = match &parameter.kind {
        Kind::Number(range) => Value::Number(range.default),
        Kind::Integer(range) => Value::Integer(range.default),
        Kind::Choice(choice) => Value::Choice(choice.default.clone()),
        Kind::Flag(default) => Value::Flag(*default),
        Kind::Text(default) => Value::Text(default.clone()),
    };
    Setting { name: parameter.name.clone(), value }
}

/// A value of the same type as `like`.
fn parse(like: &Value, text: &str) -> Option<Value> {
    match like {
        Value::Number(_) => text.parse().ok().map(Value::Number),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Choice(_) => Some(Value::Choice(text.to_owned())),
        Value::Flag(_) => text.parse().ok().map(Value::Flag),
        Value::Text(_) => Some(Value::Text(text.to_owned())),
    }
}

fn mistyped(name: &str, expected: &str, found: &Value) -> Error {
    Error::argument("settings", name, expected, format!("{found:?}"))
}

#[cfg(test)]
mod tests {
    use super::{Settings, Value};
    use crate::info::{Info, Parameter};

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
        let list = |text: &str| Settings::new([("areas", Value::Text(text.into()))]).numbers("areas", 0.0..=1.0).ok();
        assert_eq!(list("0.5, 0.1,0.5"), Some(vec![0.1, 0.5]));
        assert_eq!([list("0.5,"), list(""), list("2"), list("NaN")], [None, None, None, None]);
    }

    #[test]
    fn the_default_of_a_choice_comes_first_and_its_names_read_back() {
        let options = [("one", 1), ("two", 2), ("three", 3)];
        let parameter = Parameter::one_of("number", 2, options);
        let info = Info::new("numbers", "0.1.0", "Counts").parameter(parameter).preset("default", "", &[]);
        let settings = Settings::preset(&info.into_contract(), "default").expect("a preset");
        assert_eq!(settings.choice("number").ok(), Some("two"));
        assert_eq!(settings.one_of("number", options).ok(), Some(2));
        assert!(settings.one_of("number", [("four", 4)]).is_err());
    }

    #[test]
    fn a_preset_lies_over_the_defaults() {
        let info = Info::new("blur", "0.1.0", "Blurs")
            .parameters([Parameter::number("sigma", 10.0, 0.0..=100.0), Parameter::integer("steps", 1, 1..=9)])
            .preset("more", "More steps", &["steps=3"])
            .preset("misspelt", "No such parameter", &["step=3"])
            .preset("mistyped", "Not a number", &["steps=many"])
            .into_contract();
        let settings = Settings::preset(&info, "more").expect("a preset");
        assert_eq!((settings.number("sigma").ok(), settings.count("steps").ok()), (Some(10.0), Some(3)));
        for refused in ["misspelt", "mistyped", "missing"] {
            assert!(Settings::preset(&info, refused).is_err(), "{refused}");
        }
    }
}
