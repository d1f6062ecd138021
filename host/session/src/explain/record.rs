//! What ran, on what, with which values: for evaluators, and in short for the user.

use super::{Answer, Explainer, Target};
use crate::{model::ModelRecord, provenance::Provenance, subject::ImageRecord};
use lacuna_diagnostic::Finding;
use lacuna_imaging::Warning;
use lacuna_runtime::{Message, RunRecord};
use schemars::JsonSchema;
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// Name and version of the form of a record. A field that is added keeps the version, any other change raises it.
const FORMAT: &str = "lacuna-record/1";

/// The content of `record.json`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Record<'a> {
    /// `lacuna-record/1`.
    format: &'static str,
    /// Version of this program.
    lacuna: &'static str,
    provenance: Provenance,
    image: &'a ImageRecord,
    warnings: Vec<String>,
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
        (image, warnings): (&'a ImageRecord, &[Warning]),
        answer: &'a Answer,
    ) -> Record<'a> {
        Record {
            format: FORMAT,
            lacuna: env!("CARGO_PKG_VERSION"),
            provenance: Provenance::now(Some(&explainer.session.device)),
            image,
            warnings: in_words(explainer, warnings),
            classifier: explainer.models.model.record(),
            classifier_notes: &explainer.models.classifier.info().notes,
            generator: explainer.models.generator.as_ref().map(|(model, _)| model.record()),
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

/// What a user is told of one image, and a program as JSON.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Summary {
    pub image: String,
    pub target: Target,
    pub deleted_fraction: Option<f32>,
    pub findings: Vec<Finding>,
    pub warnings: Vec<String>,
    pub device: String,
    /// Seconds of the batch, without loading.
    pub seconds: f64,
    /// Images of the batch.
    pub batch: usize,
    /// From [`Explainer::started`] to the first report of a step.
    pub seconds_to_first_step: Option<f64>,
    pub folder: String,
    pub files: Vec<String>,
}

impl Summary {
    pub(super) fn new(
        explainer: &Explainer<'_>,
        (image, warnings): (&ImageRecord, &[Warning]),
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
            warnings: in_words(explainer, warnings),
            device: batch.run.device.clone(),
            seconds: batch.run.timings.total,
            batch: batch.images.len(),
            seconds_to_first_step: batch.first_step.map(|time| time.as_secs_f64()),
            folder: folder.display().to_string(),
            files,
        }
    }
}

fn in_words(explainer: &Explainer<'_>, warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(|warning| explainer.session.watch.words(warning)).collect()
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn the_schema_is_that_of_the_file() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/record.json");
        lacuna_tests::documents::holds_schema::<Record<'_>>(&file);
    }
}
