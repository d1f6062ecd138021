//! What ran, on what, with which values: for evaluators, and in short for the user.

use super::{
    batch::{Answer, Explainer},
    input::ImageRecord,
    target::{Choice, Target},
};
use crate::{console::Console, model::ModelRecord, provenance::Provenance, words};
use lacuna_diagnostic::Finding;
use lacuna_runtime::{Message, RunRecord};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// The content of `record.json`.
#[derive(Debug, Serialize)]
pub struct Record<'a> {
    /// Version of this program.
    lacuna: &'static str,
    provenance: Provenance,
    image: &'a ImageRecord,
    warnings: &'a [String],
    classifier: &'a ModelRecord,
    /// What loading the classifier found: where its logits are taken, how it takes batches.
    classifier_notes: &'a [String],
    generator: Option<&'a ModelRecord>,
    target: &'a Target,
    /// Mean of 1 - m over the classifier's grid.
    deleted_fraction: Option<f32>,
    findings: &'a [Finding],
    /// The images of the run below, in order; the terms of its objective are sums over them.
    batch: &'a [String],
    run: &'a RunRecord,
    /// What the plugins said while they worked.
    messages: &'a [Message],
    /// SHA-256 of every other file of the result.
    pub outputs: BTreeMap<String, String>,
}

impl<'a> Record<'a> {
    pub fn new(
        explainer: &'a Explainer<'_>,
        (image, warnings): (&'a ImageRecord, &'a [String]),
        answer: &'a Answer,
    ) -> Record<'a> {
        Record {
            lacuna: env!("CARGO_PKG_VERSION"),
            provenance: Provenance::now(Some(explainer.classifier.device())),
            image,
            warnings,
            classifier: explainer.model.record(),
            classifier_notes: &explainer.classifier.info().notes,
            generator: explainer.generator.map(|(model, _)| model.record()),
            target: &answer.target,
            deleted_fraction: answer.deleted_fraction,
            findings: &answer.findings,
            batch: &answer.batch.images,
            run: &answer.batch.run,
            messages: &answer.batch.messages,
            outputs: BTreeMap::new(),
        }
    }
}

/// What a user is told of one image, and a program by `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    image: String,
    pub target: Target,
    pub deleted_fraction: Option<f32>,
    findings: Vec<Finding>,
    warnings: Vec<String>,
    device: String,
    /// Of the batch, without loading.
    seconds: f64,
    /// Images of the batch.
    batch: usize,
    /// From the start of the program to the first report of a step.
    pub seconds_to_first_step: Option<f64>,
    folder: String,
    files: Vec<String>,
}

impl Summary {
    pub fn new(
        (image, warnings): (&ImageRecord, &[String]),
        answer: &Answer,
        folder: &Path,
        files: Vec<String>,
    ) -> Summary {
        let batch = &answer.batch;
        Summary {
            image: image.path.clone(),
            target: answer.target.clone(),
            deleted_fraction: answer.deleted_fraction,
            findings: answer.findings.clone(),
            warnings: warnings.to_vec(),
            device: batch.run.device.clone(),
            seconds: batch.run.timings.total,
            batch: batch.images.len(),
            seconds_to_first_step: batch.first_step.map(|time| time.as_secs_f64()),
            folder: folder.display().to_string(),
            files,
        }
    }

    /// A few lines; what is doubtful about the result comes first.
    pub fn show(&self, console: &Console) {
        for finding in &self.findings {
            console.warn(&format!("{}: {}", self.image, words::finding(finding)));
        }
        let Target { index, name, chosen, probability_before: before, probability_after: after, .. } = &self.target;
        let why = match chosen {
            Choice::ByTheUser => "",
            Choice::MostProbable => ", the most probable class",
        };
        console.say(&format!("{}: target {index} `{name}`{why}", self.image));
        let deleted = self.deleted_fraction.map(|area| format!(" with {:.1} % of the image deleted", 100.0 * area));
        console.say(&match after {
            Some(after) => format!("  probability {before:.3} before, {after:.3} after{}", deleted.unwrap_or_default()),
            None => format!("  probability {before:.3}"),
        });
        if let Some(then) = self.target.then() {
            console.say(&format!("  {then}"));
        }
        let together = match self.batch {
            1 => String::new(),
            images => format!(" for {images} images together"),
        };
        let overlay = Path::new(&self.folder).join("overlay.png");
        console.say(&format!(
            "  {:.1} s{together} on {}; the overlay is {}",
            self.seconds,
            self.device,
            overlay.display()
        ));
    }
}
