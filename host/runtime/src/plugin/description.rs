//! What a plugin says of itself, checked.

use crate::{
    bindings::described::exports::lacuna::explain::description as wit,
    plugin::settings::{self, Value},
    text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt, str::FromStr};

/// What a plugin says of itself: enough to generate a command line, a form or a page of documentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// Kebab-case; by this name the user asks for it.
    pub name: String,
    pub version: String,
    pub summary: String,
    pub needs: Vec<Need>,
    pub parameters: Vec<Parameter>,
    pub presets: Vec<Preset>,
}

/// What a plugin needs beyond tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// A classifier that can be differentiated.
    Gradients,
    /// A classifier whose layers can be looked at.
    Activations,
    /// A generative model.
    Generator,
    /// Numbers of tensors in the guest's own memory; has to be granted.
    Readback,
}

/// Characters of a text parameter.
const LONGEST_TEXT: usize = 1000;

/// One typed parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Kebab-case.
    pub name: String,
    pub summary: String,
    pub kind: ParameterKind,
    /// Unit of the value, for example `pixels`; empty for a plain number.
    pub unit: String,
    /// Where the default comes from: a paper, an equation, an experiment.
    pub source: String,
}

/// The type of a parameter, its default and what it may be; ranges include both ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ParameterKind {
    Number { default: f64, minimum: f64, maximum: f64 },
    Integer { default: i64, minimum: i64, maximum: i64 },
    Choice { default: String, options: Vec<String> },
    Flag { default: bool },
    Text { default: String },
}

/// Values of several parameters under one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// Kebab-case.
    pub name: String,
    pub summary: String,
    /// In the form `steps=300`.
    pub settings: Vec<String>,
}

impl PluginInfo {
    /// Takes a guest's word for what it is, after checking that it makes sense: names are kebab-case and unique, defaults lie
    /// in their ranges and among their options, presets set parameters that exist to values that they allow.
    ///
    /// # Errors
    /// The first thing that is wrong, in words.
    pub(crate) fn from_guest(guest: wit::PluginInfo) -> Result<PluginInfo, String> {
        bounded(&guest)?;
        let info = PluginInfo {
            name: guest.name,
            version: text::clean(&guest.version, 64),
            summary: text::clean(&guest.summary, 1000),
            needs: guest.needs.into_iter().map(Need::from).collect(),
            parameters: guest.parameters.into_iter().map(Parameter::from).collect(),
            presets: guest.presets.into_iter().map(Preset::from).collect(),
        };
        info.check()?;
        Ok(info)
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    fn check(&self) -> Result<(), String> {
        check_name("plugin", &self.name)?;
        check_unique("parameter", self.parameters.iter().map(|p| p.name.as_str()))?;
        check_unique("preset", self.presets.iter().map(|p| p.name.as_str()))?;
        for parameter in &self.parameters {
            parameter.check()?;
        }
        for preset in &self.presets {
            let checked = settings::Settings::parse(self, None, &preset.settings);
            checked.map_err(|error| format!("the preset `{}`: {error}", preset.name))?;
        }
        Ok(())
    }
}

/// Bounds of a description, far above those of any honest plugin: the host reads all of it at every start.
pub(crate) const MOST_PARAMETERS: usize = 256;
const MOST_OPTIONS: usize = 256;
const MOST_PRESETS: usize = 64;

/// Looks at numbers and lengths before anything else of a description.
fn bounded(guest: &wit::PluginInfo) -> Result<(), String> {
    let most = |what: &str, found: usize, most: usize| match found {
        found if found > most => Err(format!("{found} {what}, expected at most {most}")),
        _ => Ok(()),
    };
    let line = |what: &str, text: &str| match text::clean(text, LONGEST_TEXT) == text {
        true => Ok(()),
        false => Err(format!("{what} is no line of at most {LONGEST_TEXT} characters: {:?}", text::clean(text, 40))),
    };
    most("needs", guest.needs.len(), MOST_OPTIONS)?;
    most("parameters", guest.parameters.len(), MOST_PARAMETERS)?;
    most("presets", guest.presets.len(), MOST_PRESETS)?;
    for parameter in &guest.parameters {
        line("the name of a parameter", &parameter.name)?;
        match &parameter.kind {
            wit::Kind::Choice(wit::ChoiceOptions { default, options }) => {
                most("options of a parameter", options.len(), MOST_OPTIONS)?;
                options.iter().chain([default]).try_for_each(|option| line("an option", option))?;
            }
            wit::Kind::Text(default) => line("the default of a text", default)?,
            wit::Kind::Number(wit::NumberRange { default, minimum, maximum }) => {
                if ![default, minimum, maximum].into_iter().all(|number| number.is_finite()) {
                    return Err(format!(
                        "the range {minimum} to {maximum} with the default {default}, expected finite numbers"
                    ));
                }
            }
            wit::Kind::Integer(_) | wit::Kind::Flag(_) => {}
        }
    }
    for preset in &guest.presets {
        line("the name of a preset", &preset.name)?;
        most("settings of a preset", preset.settings.len(), MOST_PARAMETERS)?;
        preset.settings.iter().try_for_each(|setting| line("a preset's setting", setting))?;
    }
    Ok(())
}

impl Parameter {
    fn check(&self) -> Result<(), String> {
        let ParameterKind::Choice { options, .. } = &self.kind else {
            return self.check_default();
        };
        check_unique("option", options.iter().map(String::as_str))?;
        self.check_default()
    }

    fn check_default(&self) -> Result<(), String> {
        let default = self.kind.default_value();
        match self.kind.allows(&default) {
            true => Ok(()),
            false => Err(format!("the default {default} of the parameter `{}` is not {}", self.name, self.kind)),
        }
    }
}

impl ParameterKind {
    /// The default as a value.
    pub fn default_value(&self) -> Value {
        match self {
            ParameterKind::Number { default, .. } => Value::Number(*default),
            ParameterKind::Integer { default, .. } => Value::Integer(*default),
            ParameterKind::Choice { default, .. } => Value::Choice(default.clone()),
            ParameterKind::Flag { default } => Value::Flag(*default),
            ParameterKind::Text { default } => Value::Text(default.clone()),
        }
    }

    /// Whether `value` is of this type and in its range.
    pub fn allows(&self, value: &Value) -> bool {
        match (self, value) {
            (ParameterKind::Number { minimum, maximum, .. }, Value::Number(x)) => (minimum..=maximum).contains(&x),
            (ParameterKind::Integer { minimum, maximum, .. }, Value::Integer(x)) => (minimum..=maximum).contains(&x),
            (ParameterKind::Choice { options, .. }, Value::Choice(x)) => options.contains(x),
            (ParameterKind::Flag { .. }, Value::Flag(_)) => true,
            (ParameterKind::Text { .. }, Value::Text(x)) => text::clean(x, LONGEST_TEXT) == *x,
            _ => false,
        }
    }
}

/// What is allowed, for messages: `a number from 0 to 1`.
impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParameterKind::Number { minimum, maximum, .. } => write!(f, "a number from {minimum} to {maximum}"),
            ParameterKind::Integer { minimum, maximum, .. } => write!(f, "a whole number from {minimum} to {maximum}"),
            ParameterKind::Choice { options, .. } => write!(f, "one of {}", text::list(options)),
            ParameterKind::Flag { .. } => write!(f, "`true` or `false`"),
            ParameterKind::Text { .. } => write!(f, "a line of text of at most {LONGEST_TEXT} characters"),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::Gradients => "gradients",
            Need::Activations => "activations",
            Need::Generator => "generator",
            Need::Readback => "readback",
        })
    }
}

impl FromStr for Need {
    type Err = String;

    fn from_str(name: &str) -> Result<Need, String> {
        let all = [Need::Gradients, Need::Activations, Need::Generator, Need::Readback];
        let names = all.map(|need| need.to_string());
        let found = all.into_iter().find(|need| need.to_string() == name);
        found.ok_or_else(|| format!("there is no need `{name}`: the needs are {}", text::list(&names)))
    }
}

fn check_name(what: &str, name: &str) -> Result<(), String> {
    match text::is_kebab_case(name) {
        true => Ok(()),
        false => Err(format!(
            "the {what} name `{}` is not kebab-case (lower-case words joined by hyphens, at most 64 characters)",
            text::clean(name, 64)
        )),
    }
}

fn check_unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        check_name(what, name)?;
        if !seen.insert(name) {
            return Err(format!("the {what} `{name}` is described twice"));
        }
    }
    Ok(())
}

impl From<wit::Need> for Need {
    fn from(need: wit::Need) -> Need {
        match need {
            wit::Need::Gradients => Need::Gradients,
            wit::Need::Activations => Need::Activations,
            wit::Need::Generator => Need::Generator,
            wit::Need::Readback => Need::Readback,
        }
    }
}

impl From<wit::Parameter> for Parameter {
    fn from(guest: wit::Parameter) -> Parameter {
        let kind = match guest.kind {
            wit::Kind::Number(wit::NumberRange { default, minimum, maximum }) => {
                ParameterKind::Number { default, minimum, maximum }
            }
            wit::Kind::Integer(wit::IntegerRange { default, minimum, maximum }) => {
                ParameterKind::Integer { default, minimum, maximum }
            }
            wit::Kind::Choice(wit::ChoiceOptions { default, options }) => ParameterKind::Choice { default, options },
            wit::Kind::Flag(default) => ParameterKind::Flag { default },
            wit::Kind::Text(default) => ParameterKind::Text { default },
        };
        let (summary, unit) = (text::clean(&guest.summary, 1000), text::clean(&guest.unit, 64));
        Parameter { name: guest.name, summary, kind, unit, source: text::clean(&guest.source, 400) }
    }
}

impl From<wit::Preset> for Preset {
    fn from(guest: wit::Preset) -> Preset {
        Preset { name: guest.name, summary: text::clean(&guest.summary, 1000), settings: guest.settings }
    }
}
