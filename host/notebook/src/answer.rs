//! What an explanation is to a cell.

use crate::wording;
use lacuna_diagnostic::Finding;
use lacuna_engine::{Classifier, Tensor};
use lacuna_runtime::cells::{Answered, Explanation, Refusal};
use lacuna_session::{Answer, Chosen};
use std::time::Instant;

/// What came out, as tensors on the device.
pub fn explanation(
    answers: &[Answer],
    rows: &[Vec<f32>],
    classifier: &Classifier,
    chosen: &Chosen<'_>,
    started: Instant,
    record: String,
) -> Result<Explanation, Refusal> {
    let (device, shape) = (classifier.device(), classifier.info().shape(rows.len()));
    let one_channel: Vec<usize> =
        shape.iter().enumerate().map(|(axis, size)| if axis == 1 { 1 } else { *size }).collect();
    let map = answers.iter().flat_map(|answer| answer.map.iter().copied()).collect();
    let first = answers.first().map(|answer| answer.extras.as_slice()).unwrap_or_default();
    let mut extras = Vec::new();
    for (index, extra) in first.iter().enumerate() {
        let shape: Vec<usize> = std::iter::once(answers.len()).chain(extra.shape.iter().copied()).collect();
        let of_all = answers.iter().filter_map(|answer| answer.extras.get(index));
        let values = of_all.flat_map(|extra| extra.data.iter().copied()).collect();
        let role = match extra.name.as_str() {
            name @ ("perturbed" | "counterfactual" | "mask") => name,
            _ => "other",
        };
        extras.push((extra.name.clone(), role.to_owned(), Tensor::from_data(device, &shape, values)?));
    }
    let mut findings = Vec::new();
    for (row, answer) in answers.iter().enumerate() {
        for finding in &answer.findings {
            findings.push(wording::finding(Finding { image: Some(row), ..finding.clone() }));
        }
    }
    let answered = |answer: &Answer| Answered {
        target: answer.target.index,
        class_name: answer.target.name.clone(),
        probability: answer.target.probability_before,
        probability_after: answer.target.probability_after,
    };
    Ok(Explanation {
        images: Tensor::from_data(device, &shape, rows.iter().flatten().copied().collect())?,
        map: Tensor::from_data(device, &one_channel, map)?,
        extras,
        answers: answers.iter().map(answered).collect(),
        findings,
        method: chosen.method.name().to_owned(),
        perturbation: chosen.perturbation.map(|plugin| plugin.name().to_owned()),
        seconds: started.elapsed().as_secs_f64(),
        record,
    })
}
