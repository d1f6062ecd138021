//! How good a classifier is on images that it has not learnt from.

use crate::Result;
use crate::images::Images;
use lacuna_engine::{Classifier, ReluRule, Tensor};
use lacuna_study::{Interval, auc_interval};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The area under the ROC curve of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LabelQuality {
    pub label: String,
    /// Images with the label and without.
    pub with: usize,
    pub without: usize,
    /// The area with its 95 % bootstrap interval over images; none where one kind of image is missing.
    pub auc: Option<Interval>,
}

/// Probabilities (rows, classes).
pub(crate) fn probabilities(
    classifier: &Classifier,
    images: &Images,
    rows: &[usize],
    batch: usize,
) -> Result<Vec<Vec<f32>>> {
    let [channels, height, width] = images.shape();
    let mut all = Vec::with_capacity(rows.len());
    for rows in rows.chunks(batch) {
        let values = images.batch(rows, |_| None)?;
        let input = Tensor::from_data(classifier.device(), &[rows.len(), channels, height, width], values)?;
        let found = classifier.probabilities(&classifier.logits(&input, ReluRule::Plain)?)?;
        let classes = found.shape()[1];
        all.extend(found.read()?.chunks_exact(classes).map(<[f32]>::to_vec));
    }
    Ok(all)
}

/// One quality for each label; `truth` tells a row's class.
pub(crate) fn labels(
    names: &[String],
    probabilities: &[Vec<f32>],
    truth: impl Fn(usize, usize) -> bool,
    seed: u64,
) -> Vec<LabelQuality> {
    let one = |(class, name): (usize, &String)| {
        let scores: Vec<f32> = probabilities.iter().map(|row| row[class]).collect();
        let positive: Vec<bool> = (0..scores.len()).map(|row| truth(row, class)).collect();
        let with = positive.iter().filter(|positive| **positive).count();
        let auc = auc_interval(&scores, &positive, seed);
        LabelQuality { label: name.clone(), with, without: positive.len() - with, auc }
    };
    names.iter().enumerate().map(one).collect()
}
