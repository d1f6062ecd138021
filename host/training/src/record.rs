//! What a training was and what came of it: the content of `record.json`.

use crate::autoencoder::AutoencoderOptions;
use crate::classification::ClassifierOptions;
use crate::judge::LabelQuality;
use crate::trainer::Epoch;
use lacuna_imaging::{Orienting, Reader};
use lacuna_study::{SplitPatients, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Name and version of the form of a record. A field that is added keeps the version, any other change raises it.
pub(crate) const FORMAT: &str = "lacuna-training/1";

/// The content of `record.json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Record<'a> {
    /// `lacuna-training/1`.
    pub(crate) format: &'static str,
    /// Which data and options this training belongs to.
    #[schemars(with = "Fingerprint<'a>")]
    pub(crate) training: &'a Value,
    /// Version of the program.
    pub(crate) version: &'static str,
    pub(crate) device: &'a str,
    /// SHA-256 of the file of weights.
    pub(crate) weights_sha256: String,
    pub(crate) patients: &'a SplitPatients,
    pub(crate) outcome: &'a Outcome,
    /// What was noticed in the images.
    pub(crate) notes: Vec<String>,
}

/// Says which data and options a training belongs to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Fingerprint<'a> {
    /// `vae` or `classifier`.
    task: &'static str,
    options: Options<'a>,
    /// How many images there are.
    images: usize,
    /// SHA-256 over names and sizes of the images' files, their patients and labels.
    data: String,
    /// Left out where it says nothing, so that checkpoints of before go on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    apply_orientation: bool,
}

/// The options of one of the two trainings.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Options<'a> {
    Autoencoder(&'a AutoencoderOptions),
    Classifier(&'a ClassifierOptions),
}

/// A training that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    pub epochs: Vec<Epoch>,
    /// The epoch whose weights were written, counted from 1.
    pub best: usize,
    pub quality: Quality,
    /// Images that could not be read and were left out.
    pub skipped: Vec<String>,
}

/// How good a trained model is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Quality {
    /// A classifier is judged label by label.
    Classifier {
        validation: Vec<LabelQuality>,
        /// On the patients of the test fold; empty without one.
        test: Vec<LabelQuality>,
    },
    /// A generator is judged by what it makes of healthy images.
    Generator {
        /// The epoch whose weights were written.
        validation: Option<Epoch>,
        /// Mean absolute error on the healthy images of the sheet, in units of intensity; none without such images.
        #[serde(rename = "l1-of-the-sheet")]
        l1_of_the_sheet: Option<f32>,
    },
}

/// The [`Fingerprint`] of a training as JSON, in which it is compared with those of files.
pub(crate) fn fingerprint(options: Options<'_>, table: &Table, reader: &Reader) -> Value {
    let mut hash = Sha256::new();
    for row in &table.rows {
        let bytes = std::fs::metadata(&row.image).map_or(0, |file| file.len());
        let name = row.image.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        hash.update(format!("{name}\t{bytes}\t{}\t{:?}\n", row.patient, row.labels));
    }
    let fingerprint = Fingerprint {
        task: match options {
            Options::Autoencoder(_) => "vae",
            Options::Classifier(_) => "classifier",
        },
        options,
        images: table.rows.len(),
        data: in_hex(&hash.finalize()),
        apply_orientation: reader.options().orientation == Orienting::Upright,
    };
    // Numbers, text and lists always become JSON.
    serde_json::to_value(fingerprint).unwrap_or_default()
}

/// The SHA-256 of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    in_hex(&Sha256::digest(bytes))
}

fn in_hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Quality, Record};
    use serde_json::json;

    #[test]
    fn the_schema_is_that_of_the_file() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/record.json");
        lacuna_tests::documents::holds_schema::<Record<'_>>(&file);
    }

    /// A finished training is read back, also from a record that has no `format`.
    #[test]
    fn either_quality_comes_back() {
        let outcome = |quality| json!({ "epochs": [], "best": 0, "quality": quality, "skipped": [] });
        let label = json!({ "label": "lesion", "with": 2, "without": 1, "auc": null });
        let epoch = json!({ "epoch": 1, "training": 0.5, "validation": 0.25, "terms": [["l1", 0.25]] });
        for (quality, of_classifier) in [
            (json!({ "validation": [label], "test": [] }), true),
            (json!({ "validation": epoch, "l1-of-the-sheet": null }), false),
        ] {
            let read: Outcome = serde_json::from_value(outcome(quality.clone())).unwrap();
            assert_eq!(matches!(read.quality, Quality::Classifier { .. }), of_classifier);
            assert_eq!(serde_json::to_value(read.quality).unwrap(), quality);
        }
    }
}
