//! The description of a plugin: its name, parameters, needs and presets.

use std::ops::RangeInclusive;

use crate::bindings::description::{ChoiceOptions, IntegerRange, NumberRange, Preset};
pub use crate::bindings::description::{Kind, Need, Parameter as Described, PluginInfo};

/// Name, needs, parameters and presets of a plugin, of which command lines, notebooks and forms
/// are made.
#[derive(Debug)]
pub struct Info(PluginInfo);

impl Info {
    /// `name` is what users type; `version` is `env!("CARGO_PKG_VERSION")`.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self(PluginInfo {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            needs: Vec::new(),
            parameters: Vec::new(),
            presets: Vec::new(),
        })
    }

    /// Something that the user must grant.
    pub fn needs(mut self, need: Need) -> Self {
        self.0.needs.push(need);
        self
    }

    /// A typed parameter.
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.0.parameters.push(parameter.0);
        self
    }

    /// Several parameters, for example those that a part of the method describes.
    pub fn parameters(self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        parameters.into_iter().fold(self, Self::parameter)
    }

    /// Values of several parameters under one name, each in the form `steps=300`. Name it after
    /// the paper it comes from.
    pub fn preset(mut self, name: &str, summary: &str, settings: &[&str]) -> Self {
        self.0.presets.push(Preset {
            name: name.to_owned(),
            summary: summary.to_owned(),
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
        });
        self
    }

    /// The description as it stands in the contract, for the export and for a plugin's own tests.
    pub fn into_contract(self) -> PluginInfo {
        self.0
    }
}

/// One typed parameter: `Parameter::number("sigma", 10.0, 0.0..=100.0).unit("pixels")`.
#[derive(Debug)]
pub struct Parameter(Described);

impl Parameter {
    /// A number within a range.
    pub fn number(name: &str, default: f64, range: RangeInclusive<f64>) -> Self {
        let (minimum, maximum) = range.into_inner();
        Self::new(name, Kind::Number(NumberRange { default, minimum, maximum }))
    }

    /// A whole number within a range.
    pub fn integer(name: &str, default: i64, range: RangeInclusive<i64>) -> Self {
        let (minimum, maximum) = range.into_inner();
        Self::new(name, Kind::Integer(IntegerRange { default, minimum, maximum }))
    }

    /// One of several options; the first is the default.
    pub fn choice<const COUNT: usize>(name: &str, options: [&str; COUNT]) -> Self {
        const { assert!(COUNT > 0, "a choice needs an option") };
        let options = options.map(str::to_owned);
        Self::new(name, Kind::Choice(ChoiceOptions { default: options[0].clone(), options: options.into() }))
    }

    /// A choice of the values of a type by their names, of which `default` comes first;
    /// [`Settings::one_of`](crate::Settings::one_of) reads it with the same names.
    pub fn one_of<T: PartialEq, const COUNT: usize>(name: &str, default: T, mut options: [(&str, T); COUNT]) -> Self {
        options.sort_by_key(|(_, value)| *value != default);
        Self::choice(name, options.map(|(option, _)| option))
    }

    /// Yes or no.
    pub fn flag(name: &str, default: bool) -> Self {
        Self::new(name, Kind::Flag(default))
    }

    /// Any text of one line, for example the name of a layer.
    pub fn text(name: &str, default: &str) -> Self {
        Self::new(name, Kind::Text(default.to_owned()))
    }

    /// The effect of the parameter, in a line.
    pub fn summary(mut self, summary: &str) -> Self {
        self.0.summary = summary.to_owned();
        self
    }

    /// Unit of the value, for example `pixels`; leave it out for a plain number.
    pub fn unit(mut self, unit: &str) -> Self {
        self.0.unit = unit.to_owned();
        self
    }

    /// Where the default comes from: a paper, an equation, an experiment.
    pub fn source(mut self, source: &str) -> Self {
        self.0.source = source.to_owned();
        self
    }

    fn new(name: &str, kind: Kind) -> Self {
        let name = name.to_owned();
        Self(Described { name, kind, summary: String::new(), unit: String::new(), source: String::new() })
    }
}
