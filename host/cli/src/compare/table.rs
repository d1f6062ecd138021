//! Means over patients with their intervals, as CSV and Markdown.

use super::cell::{Cell, ImageResult};
use lacuna_study::{Interval, mean_interval};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// One line of the table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Line {
    pub cell: Cell,
    pub images: usize,
    pub patients: usize,
    /// By the metrics' names, in their order.
    pub metrics: Vec<(String, Option<Interval>)>,
    pub seconds: Option<Interval>,
    pub passes: Option<Interval>,
    /// In how many perturbed images the classifier sees a class, by the classes' names.
    pub seen_after: BTreeMap<String, usize>,
    /// Images with a finding.
    pub doubtful: usize,
}

impl Line {
    /// Averages each patient's images, then the patients: slices of one person are no independent draws.
    pub fn new(cell: &Cell, metrics: &[String], results: &[ImageResult], seed: u64) -> Line {
        let mean = |value: &dyn Fn(&ImageResult) -> Option<f64>| {
            let mut patients: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for result in results {
                if let Some(value) = value(result) {
                    patients.entry(&result.patient).or_default().push(value);
                }
            }
            let means: Vec<f64> =
                patients.values().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect();
            mean_interval(&means, seed)
        };
        let patients: std::collections::HashSet<&str> = results.iter().map(|result| result.patient.as_str()).collect();
        Line {
            cell: cell.clone(),
            images: results.len(),
            patients: patients.len(),
            metrics: metrics
                .iter()
                .map(|name| (name.clone(), mean(&|result| result.metrics.get(name).copied().flatten())))
                .collect(),
            seconds: mean(&|result| Some(result.seconds)),
            passes: mean(&|result| Some(result.passes)),
            seen_after: counted(results),
            doubtful: results.iter().filter(|result| !result.findings.is_empty()).count(),
        }
    }

    /// What took over, for people; none for a method that perturbs no image.
    pub fn seen_in_words(&self) -> Option<String> {
        let mut counts: Vec<(&String, &usize)> = self.seen_after.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let listed: Vec<String> = counts.iter().map(|(name, count)| format!("`{name}` ({count})")).collect();
        let line = || {
            format!(
                "{}: in {} perturbed images the classifier sees {}",
                self.cell.name(),
                self.images,
                listed.join(", ")
            )
        };
        (!listed.is_empty()).then(line)
    }
}

/// In how many images each class is seen.
fn counted(results: &[ImageResult]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in results.iter().flat_map(|result| &result.seen_after) {
        *counts.entry(seen.name.clone()).or_default() += 1;
    }
    counts
}

/// How another line differs from the first, on the same images.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Difference {
    pub first: String,
    pub other: String,
    /// By the metrics' names: the first line's number minus the other's, averaged within patients and then over them.
    pub metrics: Vec<(String, Option<Interval>)>,
}

impl Difference {
    /// Pairs the results of two lines image by image.
    pub fn new(
        (first, ours): (&Cell, &[ImageResult]),
        (other, theirs): (&Cell, &[ImageResult]),
        metrics: &[String],
        seed: u64,
    ) -> Difference {
        let paired = |name: &String| {
            let mut patients: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for result in ours {
                let number = |result: &ImageResult| result.metrics.get(name).copied().flatten();
                let same = theirs.iter().find(|other| other.image == result.image);
                if let (Some(a), Some(b)) = (number(result), same.and_then(number)) {
                    patients.entry(&result.patient).or_default().push(a - b);
                }
            }
            let means: Vec<f64> =
                patients.values().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect();
            mean_interval(&means, seed)
        };
        let metrics = metrics.iter().map(|name| (name.clone(), paired(name))).collect();
        Difference { first: first.name(), other: other.name(), metrics }
    }

    /// One line for people.
    pub fn in_words(&self) -> String {
        let numbers = self.metrics.iter().filter_map(|(name, interval)| {
            let Interval { value, low, high } = (*interval)?;
            Some(format!("{name} {value:+.3} ({low:+.3} to {high:+.3})"))
        });
        format!("{} minus {}: {}", self.first, self.other, numbers.collect::<Vec<_>>().join(", "))
    }
}

/// A line for each cell; every number with both ends of its interval.
pub fn csv(lines: &[Line]) -> String {
    let mut text = "method,perturbation,images,patients".to_owned();
    for (name, _) in lines.first().iter().flat_map(|line| &line.metrics) {
        text.push_str(&format!(",{name},{name} low,{name} high"));
    }
    text.push_str(",seconds per image,classifier passes,doubtful images\n");
    for line in lines {
        let perturbation = line.cell.perturbation.as_deref().unwrap_or("");
        text.push_str(&format!("{},{perturbation},{},{}", line.cell.method, line.images, line.patients));
        for (_, interval) in &line.metrics {
            match interval {
                Some(Interval { value, low, high }) => text.push_str(&format!(",{value},{low},{high}")),
                None => text.push_str(",,,"),
            }
        }
        let plain = |interval: &Option<Interval>| interval.map_or(String::new(), |interval| interval.value.to_string());
        text.push_str(&format!(",{},{},{}\n", plain(&line.seconds), plain(&line.passes), line.doubtful));
    }
    text
}

/// The difference as a sentence, for people.
pub fn markdown(lines: &[Line]) -> String {
    let names = lines.first().map(|line| line.metrics.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    let names = names.unwrap_or_default();
    let mut text = format!("| method | perturbation | {} | s per image | passes |\n", names.join(" | "));
    text.push_str(&format!("|---|---|{}---|---|\n", "---|".repeat(names.len())));
    for line in lines {
        let perturbation = line.cell.perturbation.as_deref().unwrap_or("");
        text.push_str(&format!("| {} | {perturbation} |", line.cell.method));
        for (_, interval) in &line.metrics {
            match interval {
                Some(Interval { value, low, high }) => {
                    text.push_str(&format!(" {value:.3} ({low:.3} to {high:.3}) |"));
                }
                None => text.push_str(" |"),
            }
        }
        let number = |interval: &Option<Interval>, digits: usize| {
            interval.map_or(String::new(), |interval| format!("{:.digits$}", interval.value))
        };
        text.push_str(&format!(" {} | {} |\n", number(&line.seconds, 2), number(&line.passes, 0)));
    }
    text
}
