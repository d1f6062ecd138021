//! What a comparison came to: its table, its record, and what is said of both.

use super::{
    cell::{Cell, ImageResult},
    record::{Comparison, FORMAT, Plan, Used},
    table::{self, Difference, Line},
};
use crate::{console::Console, failure::Result, pictures};
use lacuna_imaging::{Note, write_atomic};
use lacuna_session::{Provenance, Session, hash};
use std::path::Path;

/// The table as CSV, as Markdown, and the maps as one picture.
const CSV: &str = "table.csv";
const MARKDOWN: &str = "table.md";
pub const GRID: &str = "grid.png";

/// Means of every cell, how the first differs from the others, and what was used for them.
#[derive(Debug)]
pub struct Outcome {
    lines: Vec<Line>,
    differences: Vec<Difference>,
    used: Used,
}

impl Outcome {
    /// Averages the images of every cell; `metrics` are the metrics' names, and `seed` decides the bootstrap intervals.
    pub fn new(all: &[(&Cell, Vec<ImageResult>)], metrics: &[String], seed: u64, used: Used) -> Outcome {
        let lines = all.iter().map(|(cell, results)| Line::new(cell, metrics, results, seed)).collect();
        Outcome { lines, differences: differences(all, metrics, seed), used }
    }

    /// Writes the table into `folder`, in both of its forms.
    pub fn write(&self, folder: &Path) -> Result<()> {
        write_atomic(folder.join(CSV), table::csv(&self.lines).as_bytes())?;
        Ok(write_atomic(folder.join(MARKDOWN), table::markdown(&self.lines).as_bytes())?)
    }

    /// The record, with the hashes of the files that lie in `folder`; `notes` are those of the images.
    pub fn record<'a>(
        &'a self,
        plan: &'a Plan<'a>,
        session: &'a Session<'_>,
        notes: &[Note],
        folder: &Path,
    ) -> Comparison<'a> {
        Comparison {
            format: FORMAT,
            lacuna: env!("CARGO_PKG_VERSION"),
            provenance: Provenance::now(Some(&session.device)),
            device: session.device.name(),
            plan,
            limits: &session.limits,
            grants: &self.used.grants,
            plugins: &self.used.plugins,
            table: &self.lines,
            differences: &self.differences,
            notes: pictures::in_words(notes),
            outputs: [CSV, MARKDOWN, GRID].map(|name| (name, hash::of_file(&folder.join(name)).ok())).into(),
        }
    }

    /// Says the table and what it does not show: what took over, and how the first cell differs from the others.
    pub fn say(&self, console: &Console, grid: &Path) {
        console.say(table::markdown(&self.lines).trim_end());
        for line in &self.lines {
            line.seen_in_words().iter().for_each(|said| console.say(said));
        }
        for difference in &self.differences {
            console.say(&difference.in_words());
        }
        console.say(&format!(
            "means over {} patients with 95 % bootstrap intervals; the grid is {}",
            self.lines.first().map_or(0, |line| line.patients),
            grid.display()
        ));
    }
}

/// The first cell minus each of the others.
fn differences(all: &[(&Cell, Vec<ImageResult>)], metrics: &[String], seed: u64) -> Vec<Difference> {
    let Some(((cell, results), others)) = all.split_first() else { return Vec::new() };
    let first = (*cell, results.as_slice());
    others.iter().map(|(cell, results)| Difference::new(first, (*cell, results), metrics, seed)).collect()
}
