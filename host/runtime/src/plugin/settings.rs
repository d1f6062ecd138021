//! Typed values for the parameters that a plugin describes.

use super::description::{ParameterKind, PluginInfo};
use crate::{bindings::method::lacuna::explain::parameters as wit, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A value for every parameter of one plugin, in the order in which the plugin describes them. Two are equal when their values
/// are, whoever gave these.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "BTreeMap<String, Value>")]
pub struct Settings {
    values: Vec<(String, Value)>,
    /// The parameters that were not left at their defaults, be it by a person or by a preset.
    given: BTreeSet<String>,
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

/// The value of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Choice(String),
    /// Read back from a record it is a choice, until a description says which of the two it is.
    Text(String),
}

impl Settings {
    /// The defaults of a plugin.
    pub fn defaults(info: &PluginInfo) -> Settings {
        let defaults = info.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.kind.default_value()));
        Settings { values: defaults.collect(), given: BTreeSet::new() }
    }

    /// The defaults, changed by a preset, changed by texts of the form `steps=300`; later ones win.
    ///
    /// # Errors
    /// A preset or a parameter that the plugin does not have, or a value that the parameter does not allow.
    pub fn parse<S: AsRef<str>>(
        info: &PluginInfo,
        preset: Option<&str>,
        texts: &[S],
    ) -> Result<Settings, SettingsError> {
        let mut settings = Settings::defaults(info);
        if let Some(name) = preset {
            let found = info.presets.iter().find(|preset| preset.name == name);
            let preset = found.ok_or_else(|| SettingsError::preset(info, name))?;
            for text in &preset.settings {
                settings.set(info, text)?;
            }
        }
        for text in texts {
            settings.set(info, text.as_ref())?;
        }
        Ok(settings)
    }

    /// These for `info`: what is missing takes its default, and what does not belong is refused.
    pub(crate) fn complete(&self, info: &PluginInfo) -> Result<Settings, SettingsError> {
        let mut settings = Settings::defaults(info);
        for (name, value) in &self.values {
            settings.put(info, name, value.clone())?;
        }
        settings.given.clone_from(&self.given);
        Ok(settings)
    }

    /// The value of one parameter.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value)
    }

    /// Names of the parameters that a person or a preset gave a value; the others have their defaults.
    pub fn given(&self) -> impl Iterator<Item = &str> {
        self.given.iter().map(String::as_str)
    }

    /// Names and values in the order of the description.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    fn set(&mut self, info: &PluginInfo, text: &str) -> Result<(), SettingsError> {
        let no_value = || SettingsError::NoValue { plugin: info.name.clone(), found: text::clean(text, 100) };
        let (name, value) = text.split_once('=').ok_or_else(no_value)?;
        let name = name.trim();
        let parameter = info.parameter(name).ok_or_else(|| SettingsError::parameter(info, name))?;
        let value = read_value(&parameter.kind, value.trim()).ok_or_else(|| SettingsError::value(info, name, value))?;
        self.put(info, name, value)
    }

    fn put(&mut self, info: &PluginInfo, name: &str, value: Value) -> Result<(), SettingsError> {
        let unknown = || SettingsError::parameter(info, name);
        let parameter = info.parameter(name).ok_or_else(unknown)?;
        let value = match (&parameter.kind, value) {
            (ParameterKind::Text { .. }, Value::Choice(text)) => Value::Text(text),
            (_, value) => value,
        };
        if !parameter.kind.allows(&value) {
            return Err(SettingsError::value(info, name, &value.to_string()));
        }
        let slot = self.values.iter_mut().find(|(parameter, _)| parameter == name).ok_or_else(unknown)?;
        slot.1 = value;
        self.given.insert(name.to_owned());
        Ok(())
    }

    /// What a method asks of a perturbation: these settings with some of them changed.
    pub(crate) fn changed(&self, info: &PluginInfo, changes: Vec<wit::Setting>) -> Result<Settings, SettingsError> {
        let mut settings = self.clone();
        for change in changes {
            settings.put(info, &change.name, Value::from(change.value))?;
        }
        Ok(settings)
    }

    pub(crate) fn to_guest(&self) -> Vec<wit::Setting> {
        let setting =
            |(name, value): &(String, Value)| wit::Setting { name: name.clone(), value: value.clone().into() };
        self.values.iter().map(setting).collect()
    }
}

fn read_value(kind: &ParameterKind, text: &str) -> Option<Value> {
    match kind {
        ParameterKind::Number { .. } => text.parse().ok().map(Value::Number),
        ParameterKind::Integer { .. } => text.parse().ok().map(Value::Integer),
        ParameterKind::Choice { .. } => Some(Value::Choice(text.to_owned())),
        ParameterKind::Flag { .. } => text.parse().ok().map(Value::Flag),
        ParameterKind::Text { .. } => Some(Value::Text(text.to_owned())),
    }
}

/// Settings that a plugin cannot take.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingsError {
    #[error("`{found}` sets no parameter of `{plugin}`: write it as NAME=VALUE, for example `steps=300`")]
    NoValue { plugin: String, found: String },
    #[error("`{plugin}` has no parameter `{found}`{hint}; {known}")]
    Parameter { plugin: String, found: String, hint: String, known: String },
    #[error("`{plugin}` has no preset `{found}`{hint}; {known}")]
    Preset { plugin: String, found: String, hint: String, known: String },
    #[error("`{found}` is no value for the parameter `{parameter}` of `{plugin}`, which takes {expected}")]
    Value { plugin: String, parameter: String, found: String, expected: String },
}

impl SettingsError {
    fn parameter(info: &PluginInfo, found: &str) -> SettingsError {
        let names: Vec<&str> = info.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let (found, hint, known) = unknown(found, &names, "parameters");
        SettingsError::Parameter { plugin: info.name.clone(), found, hint, known }
    }

    fn preset(info: &PluginInfo, found: &str) -> SettingsError {
        let names: Vec<&str> = info.presets.iter().map(|preset| preset.name.as_str()).collect();
        let (found, hint, known) = unknown(found, &names, "presets");
        SettingsError::Preset { plugin: info.name.clone(), found, hint, known }
    }

    fn value(info: &PluginInfo, name: &str, found: &str) -> SettingsError {
        let (plugin, parameter) = (info.name.clone(), name.to_owned());
        let kind = info.parameter(name).map(|parameter| (&parameter.kind, parameter.unit.as_str()));
        let expected = match kind {
            Some((kind, "")) => kind.to_string(),
            Some((kind, unit)) => format!("{kind} ({unit})"),
            None => String::new(),
        };
        SettingsError::Value { plugin, parameter, found: text::clean(found, 100), expected }
    }
}

/// The misspelt name made safe, a hint at what was meant, and what there is.
fn unknown(found: &str, names: &[&str], what: &str) -> (String, String, String) {
    let hint = text::nearest(found, names).map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
    let known = match names {
        [] => format!("it has no {what}"),
        names => format!("its {what} are {}", text::list(names)),
    };
    (text::clean(found, 100), hint, known)
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(x) => write!(f, "{x}"),
            Value::Integer(x) => write!(f, "{x}"),
            Value::Choice(x) | Value::Text(x) => write!(f, "{x}"),
            Value::Flag(x) => write!(f, "{x}"),
        }
    }
}

impl JsonSchema for Settings {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Settings".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BTreeMap::<String, Value>::json_schema(generator)
    }
}

/// As a map, in the order of the description.
impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, value) in &self.values {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl From<BTreeMap<String, Value>> for Settings {
    fn from(map: BTreeMap<String, Value>) -> Settings {
        Settings { given: map.keys().cloned().collect(), values: map.into_iter().collect() }
    }
}

impl From<Value> for wit::Value {
    fn from(value: Value) -> wit::Value {
        match value {
            Value::Number(x) => wit::Value::Number(x),
            Value::Integer(x) => wit::Value::Integer(x),
            Value::Choice(x) => wit::Value::Choice(x),
            Value::Flag(x) => wit::Value::Flag(x),
            Value::Text(x) => wit::Value::Text(x),
        }
    }
}

impl From<wit::Value> for Value {
    fn from(value: wit::Value) -> Value {
        match value {
            wit::Value::Number(x) => Value::Number(x),
            wit::Value::Integer(x) => Value::Integer(x),
            wit::Value::Choice(x) => Value::Choice(text::clean(&x, 100)),
            wit::Value::Flag(x) => Value::Flag(x),
            wit::Value::Text(x) => Value::Text(text::clean(&x, 1000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::description::{Parameter, Preset};

    fn info() -> PluginInfo {
        let parameter = |name: &str, kind| Parameter {
            name: name.into(),
            summary: String::new(),
            kind,
            unit: if name == "sigma" { "pixels".into() } else { String::new() },
            source: String::new(),
        };
        let options = vec!["deletion".to_owned(), "preservation".to_owned()];
        PluginInfo {
            name: "toy".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            needs: vec![],
            parameters: vec![
                parameter("steps", ParameterKind::Integer { default: 300, minimum: 1, maximum: 10_000 }),
                parameter("sigma", ParameterKind::Number { default: 10.0, minimum: 0.0, maximum: 100.0 }),
                parameter("game", ParameterKind::Choice { default: "deletion".into(), options }),
                parameter("jitter", ParameterKind::Flag { default: true }),
                parameter("layer", ParameterKind::Text { default: String::new() }),
            ],
            presets: vec![Preset {
                name: "fast".into(),
                summary: String::new(),
                settings: vec!["steps=20".into(), "jitter=false".into()],
            }],
        }
    }

    #[test]
    fn what_is_said_later_wins() {
        let settings = Settings::parse(&info(), Some("fast"), &["sigma=3", "steps = 40", "layer=block.1=a"]).unwrap();
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(json, r#"{"steps":40,"sigma":3.0,"game":"deletion","jitter":false,"layer":"block.1=a"}"#);
        let again: Settings = serde_json::from_str(&json).unwrap();
        assert_eq!(again.complete(&info()).unwrap(), settings, "a text is a text again once it is described");
    }

    #[test]
    fn errors_name_plugin_parameter_and_what_is_allowed() {
        let said = |preset, text: &str| Settings::parse(&info(), preset, &[text]).unwrap_err().to_string();
        assert_eq!(
            said(None, "step=3"),
            "`toy` has no parameter `step` (did you mean `steps`?); its parameters are `steps`, `sigma`, `game`, `jitter`, `layer`"
        );
        assert_eq!(
            said(None, "sigma=1000"),
            "`1000` is no value for the parameter `sigma` of `toy`, which takes a number from 0 to 100 (pixels)"
        );
        assert_eq!(
            said(None, "game=chess"),
            "`chess` is no value for the parameter `game` of `toy`, which takes one of `deletion`, `preservation`"
        );
        assert!(said(None, "sigma=NaN").contains("from 0 to 100"));
        assert!(said(None, "steps=2.5").contains("a whole number from 1 to 10000"));
        assert!(said(None, "jitter").contains("NAME=VALUE"));
        assert!(said(Some("fasst"), "steps=1").contains("did you mean `fast`?"));
    }
}
