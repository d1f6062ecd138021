//! Remedies: changes that make a run work, or a result better.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A change that makes a run work, or a result better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Remedy {
    /// Change a parameter of a plugin, or, without a plugin, an option of the run such as `perturbation`.
    Set {
        /// The plugin whose parameter it is; none for an option of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plugin: Option<Owner>,
        /// The name of the parameter or the option.
        name: String,
        /// The new value.
        to: Change,
    },
    /// Raise a limit of the run, if the plugin needs more.
    Raise {
        /// The name of the limit.
        limit: String,
        /// The new limit with its unit, for example `4GiB`.
        to: String,
    },
    /// Grant a need to a plugin, if its user trusts it with the image's values.
    Grant {
        /// The name of the plugin.
        plugin: String,
        /// The name of the need, for example `readback`.
        need: String,
    },
    /// Make several changes, which help together only.
    All {
        /// The changes.
        of: Vec<Remedy>,
    },
    /// Follow any other advice.
    Advice {
        /// An imperative sentence without its full stop.
        text: String,
    },
}

/// The plugin of a run that a parameter belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// The role of the plugin: `method`, `perturbation`, `metric` or `classifier`.
    pub role: String,
    /// The name of the plugin.
    pub name: String,
}

/// The new value of a parameter or an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// This value, as text.
    Value(String),
    /// A larger value than now.
    Larger,
    /// A smaller value than now.
    Smaller,
    /// Another value than now.
    Another,
    /// Any value, where there is none yet.
    One,
    /// No value: the option is switched on.
    On,
}

impl Remedy {
    /// Set an option of the run to a value.
    pub fn option(name: impl Into<String>, value: impl fmt::Display) -> Remedy {
        Remedy::Set { plugin: None, name: name.into(), to: Change::Value(value.to_string()) }
    }

    /// Choose another value for an option of the run.
    pub fn another(name: impl Into<String>) -> Remedy {
        Remedy::Set { plugin: None, name: name.into(), to: Change::Another }
    }

    /// Choose a value for an option of the run that has none yet.
    pub fn one(name: impl Into<String>) -> Remedy {
        Remedy::Set { plugin: None, name: name.into(), to: Change::One }
    }

    /// Switch an option of the run on.
    pub fn on(name: impl Into<String>) -> Remedy {
        Remedy::Set { plugin: None, name: name.into(), to: Change::On }
    }

    /// Lower an option of the run.
    pub fn lower(name: impl Into<String>) -> Remedy {
        Remedy::Set { plugin: None, name: name.into(), to: Change::Smaller }
    }

    /// Follow an advice: an imperative sentence without its full stop.
    pub fn advice(text: impl Into<String>) -> Remedy {
        Remedy::Advice { text: text.into() }
    }

    /// Joins remedies to one phrase, `a, b or c`; `words` writes each of them. `None` without remedies.
    pub fn joined(remedies: &[Remedy], words: impl Fn(&Remedy) -> String) -> Option<String> {
        let (last, others) = remedies.split_last()?;
        let others: Vec<String> = others.iter().map(&words).collect();
        Some(match others.is_empty() {
            true => words(last),
            false => format!("{} or {}", others.join(", "), words(last)),
        })
    }

    /// What happened and what may help, as an error says it: `what. Remedy: a, b or c.` Without a remedy, `what` alone.
    pub fn after(what: String, remedies: &[Remedy], words: impl Fn(&Remedy) -> String) -> String {
        match Remedy::joined(remedies, words) {
            Some(remedies) => format!("{what}. Remedy: {remedies}."),
            None => what,
        }
    }
}

/// Writes words that suit every door.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::Set { plugin: None, name, to: Change::Another } => write!(f, "choose another {name}"),
            Remedy::Set { plugin: None, name, to: Change::One } => write!(f, "choose a {name}"),
            Remedy::Set { name, to, .. } => match to {
                Change::Value(value) => write!(f, "set `{name}` to {value}"),
                Change::Larger => write!(f, "raise `{name}`"),
                Change::Smaller => write!(f, "lower `{name}`"),
                Change::Another => write!(f, "choose another `{name}`"),
                Change::One => write!(f, "choose a `{name}`"),
                Change::On => write!(f, "set `{name}`"),
            },
            Remedy::Raise { limit, to } => write!(f, "if it needs more, raise the limit `{limit}` to {to}"),
            Remedy::Grant { plugin, need } => {
                write!(f, "if you trust it with the image's numbers, grant `{need}` to `{plugin}`")
            }
            Remedy::All { of } => {
                let of: Vec<String> = of.iter().map(Remedy::to_string).collect();
                f.write_str(&of.join(" and "))
            }
            Remedy::Advice { text } => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Change, Finding, Owner, Remedy};

    fn finding() -> Finding {
        let plugin = Some(Owner { role: "method".into(), name: "meaningful-perturbation".into() });
        let score = Remedy::Set { plugin: plugin.clone(), name: "score".into(), to: Change::Value("log-odds".into()) };
        let steps = Remedy::Set { plugin, name: "steps".into(), to: Change::Larger };
        Finding::new("unmoved-mask", "the mask did not move")
            .with(score)
            .with(steps)
            .with(Remedy::another("perturbation"))
    }

    #[test]
    fn remedies_are_read_as_one_phrase() {
        let expected = "the mask did not move; set `score` to log-odds, raise `steps` or choose another perturbation";
        assert_eq!(finding().to_string(), expected);
        assert_eq!(Finding::new("bare", "no remedy").to_string(), "no remedy");
    }

    #[test]
    fn json_comes_back_as_it_went() {
        let json = serde_json::to_string(&finding()).expect("plain data");
        assert!(json.contains(r#"{"kind":"set","plugin":{"role":"method","name":"meaningful-perturbation"},"name":"score","to":{"value":"log-odds"}}"#), "{json}");
        assert!(json.contains(r#"{"kind":"set","name":"perturbation","to":"another"}"#), "{json}");
        assert_eq!(serde_json::from_str::<Finding>(&json).expect("the same"), finding());
    }
}
