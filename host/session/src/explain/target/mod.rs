//! The class that is explained, and what the classifier sees once its evidence is deleted.

use lacuna_diagnostic::{Finding, Remedy};
use lacuna_engine::{Activation, ClassIndex, ClassifierInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The class that was explained, its probability, and what took its place.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Target {
    pub index: usize,
    pub name: String,
    pub chosen: Picked,
    /// Probability of the class for the image as the classifier sees it.
    pub probability_before: f32,
    /// Under the mask that was found, or of the counterfactual.
    pub probability_after: Option<f32>,
    /// What the classifier sees then; empty too where there is no probability after.
    pub seen_after: Vec<Seen>,
    /// The class that means healthy, where the manifest names one.
    pub healthy: Option<String>,
    #[serde(skip)]
    activation: Option<Activation>,
}

/// Who chose the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Picked {
    ByTheUser,
    MostProbable,
}

/// A class that the classifier sees after the deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    pub index: usize,
    pub name: String,
    pub probability_before: f32,
    pub probability_after: f32,
}

/// A deletion that took the class away, and left a class that is neither the healthy one nor one that was seen before.
#[derive(Clone, Debug, PartialEq)]
pub struct Elsewhere {
    pub took_over: Seen,
    pub healthy: Seen,
}

/// How the image was changed, which decides what to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedBy {
    /// A perturbation without a model of healthy images, and whether the user has given such a model.
    Deletion { generator: bool },
    /// A perturbation that uses the generator.
    HealthyDeletion,
    /// A method that makes a counterfactual, and whether it uses the generator.
    Counterfactual { generator: bool },
}

/// Labels are independent: one is seen above this.
const HALF: f32 = 0.5;
/// Labels that people are told of.
const TOLD: usize = 4;

/// The most probable class.
pub fn most_probable(row: &[f32]) -> ClassIndex {
    let order = |a: &(usize, &f32), b: &(usize, &f32)| a.1.total_cmp(b.1).then(b.0.cmp(&a.0));
    ClassIndex(row.iter().enumerate().max_by(order).map_or(0, |(i, _)| i))
}

/// What a classifier sees, by its probabilities: the most probable of exclusive classes; of independent labels every one
/// above one half, the most probable first.
fn seen(activation: Activation, row: &[f32]) -> Vec<usize> {
    match activation {
        Activation::Softmax => vec![most_probable(row).0],
        // Probabilities as they come are exclusive where their sum is 1.
        Activation::None if (row.iter().sum::<f32>() - 1.0).abs() < 1e-3 => vec![most_probable(row).0],
        Activation::Sigmoid | Activation::None => {
            let mut above: Vec<usize> = (0..row.len()).filter(|index| row[*index] > HALF).collect();
            above.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
            above
        }
    }
}

impl Target {
    /// The target of one image by the probabilities of every class before and, as far as there is such an image, after.
    pub fn new(
        info: &ClassifierInfo,
        (ClassIndex(index), chosen): (ClassIndex, Picked),
        before: &[f32],
        after: Option<&[f32]>,
    ) -> Target {
        let name = |index: usize| info.classes[index].clone();
        Target {
            index,
            name: name(index),
            chosen,
            probability_before: before[index],
            probability_after: after.map(|after| after[index]),
            seen_after: after.map_or(Vec::new(), |after| {
                seen(info.activation, after).into_iter().map(|class| Seen::new(info, class, before, after)).collect()
            }),
            healthy: info.healthy.map(|class| name(class.0)),
            activation: Some(info.activation),
        }
    }

    /// What the classifier sees after the deletion, in a line for people.
    pub fn then(&self) -> Option<String> {
        self.probability_after?;
        let (own, others): (Vec<&Seen>, Vec<&Seen>) = self.seen_after.iter().partition(|seen| seen.index == self.index);
        Some(match (self.activation, own.is_empty(), others.as_slice()) {
            (Some(Activation::Sigmoid | Activation::None), true, []) => "no label is above 0.5 then".to_owned(),
            (Some(Activation::Sigmoid), false, []) => "no other label is above 0.5 then".to_owned(),
            (Some(Activation::Sigmoid), _, _) => {
                let told: Vec<String> = others.iter().take(TOLD).map(|seen| seen.in_words()).collect();
                format!("above 0.5 then: {}{}", told.join(", "), more(others.len()))
            }
            (_, _, [seen, ..]) => format!("the most probable class then: {}", seen.in_words()),
            (_, _, []) => format!("the most probable class then: still `{}`", self.name),
        })
    }

    /// What stands above image, overlay and perturbed image; the last names what took over.
    pub fn captions(&self) -> [String; 3] {
        let Target { name, probability_before: before, .. } = self;
        let last = self.probability_after.map_or(String::new(), |after| {
            let others: Vec<String> = self
                .seen_after
                .iter()
                .filter(|seen| seen.index != self.index)
                .map(|seen| format!("{} {:.3}", seen.name, seen.probability_after))
                .collect();
            let told = others.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ") + &more(others.len());
            let then = match (self.activation, others.is_empty()) {
                (Some(Activation::Sigmoid), true) if self.seen_after.is_empty() => "no label above 0.5".to_owned(),
                (Some(Activation::Sigmoid), true) => "no other label above 0.5".to_owned(),
                (Some(Activation::Sigmoid), false) => format!("above 0.5: {told}"),
                (_, true) => "still most probable".to_owned(),
                (_, false) => format!("most probable: {told}"),
            };
            format!("after: {name} {after:.3}\n{then}")
        });
        [format!("before: {name} {before:.3}"), format!("evidence for {name}"), last]
    }
}

impl Seen {
    fn new(info: &ClassifierInfo, index: usize, before: &[f32], after: &[f32]) -> Seen {
        let name = info.classes[index].clone();
        Seen { index, name, probability_before: before[index], probability_after: after[index] }
    }

    fn in_words(&self) -> String {
        format!("`{}` with {:.3} ({:.3} before)", self.name, self.probability_after, self.probability_before)
    }
}

impl Elsewhere {
    /// None where the manifest names no healthy class, where that one is explained, where the explained class is still
    /// seen (then it was not taken away), and where nothing is seen that was not seen before.
    pub fn found(
        info: &ClassifierInfo,
        ClassIndex(target): ClassIndex,
        before: &[f32],
        after: &[f32],
    ) -> Option<Elsewhere> {
        let ClassIndex(healthy) = info.healthy.filter(|healthy| healthy.0 != target)?;
        let (were, are) = (seen(info.activation, before), seen(info.activation, after));
        if are.contains(&target) {
            return None;
        }
        let took_over = are.into_iter().find(|class| *class != healthy && !were.contains(class))?;
        let seen = |class: usize| Seen::new(info, class, before, after);
        Some(Elsewhere { took_over: seen(took_over), healthy: seen(healthy) })
    }

    /// The finding, with what to try.
    pub fn finding(&self, changed_by: ChangedBy) -> Finding {
        let Elsewhere { took_over, healthy } = self;
        let what = match changed_by {
            ChangedBy::Counterfactual { .. } => "the counterfactual",
            ChangedBy::Deletion { .. } | ChangedBy::HealthyDeletion => "the deletion",
        };
        let perturbation = || Remedy::option("perturbation", "healthy");
        let with_generator = || vec![perturbation(), Remedy::option("generator", "FILE.toml")];
        let remedies = match changed_by {
            ChangedBy::Deletion { generator: false } => vec![Remedy::All { of: with_generator() }],
            ChangedBy::Deletion { generator: true } => vec![perturbation()],
            ChangedBy::HealthyDeletion | ChangedBy::Counterfactual { generator: true } => {
                vec![Remedy::another("generator"), Remedy::advice("look at what this one makes of the image")]
            }
            ChangedBy::Counterfactual { generator: false } => {
                let deletes = [vec![Remedy::advice("take a method that deletes")], with_generator()].concat();
                vec![Remedy::All { of: deletes }]
            }
        };
        let text = format!(
            "{what} ends in `{}` (p = {:.3} before, {:.3} after), not in the healthy class `{}` ({:.3} after): the image \
             shows that too, or what replaces the evidence looks like it",
            took_over.name,
            took_over.probability_before,
            took_over.probability_after,
            healthy.name,
            healthy.probability_after
        );
        remedies.into_iter().fold(Finding::new("another-disease", text), Finding::with)
    }
}

fn more(all: usize) -> String {
    match all.saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

#[cfg(test)]
mod tests;
