//! One method with one perturbation over all images, image by image on the disk, so that a killed run goes on.

use super::rows::Case;
use crate::failure::{Failure, Result};
use lacuna_diagnostic::Finding;
use lacuna_engine::Tensor;
use lacuna_imaging::{Image, Interpolation, Map, Reader, write_atomic};
use lacuna_runtime::{Grants, MeasureRequest, Plugin, Settings, measure};
use lacuna_session::{Explained, Explainer, Seen, Subject, hash};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A method and the perturbation that it uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cell {
    pub method: String,
    /// None for a method that deletes nothing.
    pub perturbation: Option<String>,
}

/// What is known of one image in one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageResult {
    pub image: String,
    pub patient: String,
    /// Numbers by the metrics' names; none where a metric is not defined.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Seconds of the batch, divided by its images.
    pub seconds: f64,
    /// Images that went through the classifier for this one.
    pub passes: f64,
    pub probability_before: f32,
    pub probability_after: Option<f32>,
    /// What the classifier sees after the deletion.
    pub seen_after: Vec<Seen>,
    pub findings: Vec<Finding>,
    /// SHA-256 over all that made it: see [`inputs`].
    pub inputs: String,
    /// SHA-256 of the file of its map.
    pub map: String,
}

/// The metrics of a comparison, and what those that delete delete with.
pub struct Metrics<'a> {
    pub plugins: Vec<&'a Plugin>,
    pub perturbation: &'a Plugin,
    pub grants: Grants,
}

impl Cell {
    /// The cell's name in the table and of its folder: `METHOD` or `METHOD+PERTURBATION`.
    pub fn name(&self) -> String {
        match &self.perturbation {
            Some(perturbation) => format!("{}+{perturbation}", self.method),
            None => self.method.clone(),
        }
    }

    /// The two files of one image: its numbers and its map.
    pub fn files(&self, out: &Path, image: &str) -> [PathBuf; 2] {
        let folder = out.join("cells").join(self.name());
        [folder.join(format!("{image}.json")), folder.join(format!("{image}.npy"))]
    }

    /// The result of an image that an earlier run finished; what anything else made, or a map that was changed, is none.
    pub fn finished(&self, out: &Path, image: &str, inputs: &str) -> Option<ImageResult> {
        let [numbers, map] = self.files(out, image);
        // The numbers are written last.
        let text = fs::read_to_string(numbers).ok()?;
        let map = hash::of_file(&map).ok()?;
        serde_json::from_str(&text).ok().filter(|found: &ImageResult| found.inputs == inputs && found.map == map)
    }

    /// Explains and measures one batch, and writes what came out.
    pub fn run(
        &self,
        explainer: &Explainer<'_>,
        (metrics, reader): (&Metrics<'_>, &Reader),
        batch: &[(&Case, &Subject)],
        out: &Path,
    ) -> Result<Vec<ImageResult>> {
        let subjects: Vec<Subject> = batch.iter().map(|(_, subject)| (*subject).clone()).collect();
        // Batches have one target: images of several labels are grouped before.
        let target = batch.first().map(|(case, _)| case.target);
        let explained = explainer.explain(&self.name(), &subjects, target)?;
        let measured = metrics.measure(explainer, reader, batch, &explained)?;
        fs::create_dir_all(out.join("cells").join(self.name()))
            .map_err(|error| Failure::Run(format!("{}: cannot be made ({error})", out.display())))?;
        let count = explained.len() as f64;
        let mut results = Vec::new();
        for (row, (explained, (case, subject))) in explained.iter().zip(batch).enumerate() {
            let run = &explained.answer.batch.run;
            let [numbers, map] = self.files(out, &case.name);
            explained.map.write_npy(&map)?;
            let map = hash::of_file(&map)
                .map_err(|error| Failure::Run(format!("{}: cannot be read again ({error})", map.display())))?;
            let result = ImageResult {
                image: case.name.clone(),
                patient: case.row.patient.clone(),
                metrics: measured.iter().map(|(name, numbers)| (name.clone(), numbers[row])).collect(),
                seconds: run.timings.total / count,
                passes: run.classified_images as f64 / count,
                probability_before: explained.answer.target.probability_before,
                probability_after: explained.answer.target.probability_after,
                seen_after: explained.answer.target.seen_after.clone(),
                findings: explained.answer.findings.clone(),
                inputs: inputs(explainer, metrics, case, subject)?,
                map,
            };
            write_atomic(numbers, serde_json::to_string_pretty(&result).unwrap_or_default().as_bytes())?;
            results.push(result);
        }
        Ok(results)
    }
}

impl Metrics<'_> {
    /// Every metric on the maps of a batch, on the classifier's grid.
    fn measure(
        &self,
        explainer: &Explainer<'_>,
        reader: &Reader,
        batch: &[(&Case, &Subject)],
        explained: &[Explained],
    ) -> Result<Vec<(String, Vec<Option<f64>>)>> {
        let info = explainer.models.classifier.info();
        let (count, height, width) = (batch.len(), info.height, info.width);
        let tensor = |channels: usize, values: Vec<f32>| {
            Tensor::from_data(explainer.models.classifier.device(), &[count, channels, height, width], values)
        };
        let images = batch.iter().flat_map(|(_, subject)| subject.fitted.data()).copied().collect();
        let images = tensor(info.channels, images)?;
        let maps = tensor(1, explained.iter().flat_map(|one| one.seen_map.data()).copied().collect())?;
        let mut masks = Vec::new();
        for (case, subject) in batch {
            masks.extend(on_grid(&mask(case, subject, reader)?, height, width)?.into_data());
        }
        let masks = tensor(1, masks)?;
        let mut all = Vec::new();
        for metric in &self.plugins {
            let request = MeasureRequest {
                perturbation: metric.uses_perturbation().then_some(self.perturbation),
                generator: explainer.models.generator.as_ref().map(|(_, generator)| generator),
                masks: Some(masks.clone()),
                metric_settings: Settings::default(),
                seed: explainer.seed,
                limits: explainer.session.limits.clone(),
                grants: self.grants.clone(),
                cancel: explainer.session.cancel.clone(),
                ..MeasureRequest::new(
                    metric,
                    &explainer.models.classifier,
                    images.clone(),
                    maps.clone(),
                    batch.iter().map(|(case, _)| case.target).collect(),
                )
            };
            all.push((metric.name().to_owned(), measure(explainer.session.host(), request)?));
        }
        Ok(all)
    }
}

/// What [`ImageResult::inputs`] says for an image: the program, models, plugins and metrics with their settings, seed, device,
/// limits and grants, the image as read, its mask and the target.
pub fn inputs(explainer: &Explainer<'_>, metrics: &Metrics<'_>, case: &Case, subject: &Subject) -> Result<String> {
    let path = case.row.mask.as_deref().unwrap_or(Path::new(""));
    let mask = hash::of_file(path).map_err(|error| {
        Failure::input(path.display(), format!("it cannot be read ({error})"), "check the mask's path")
    })?;
    // As read: with the slice, the window and whatever else the command line says of it.
    let pixels: Vec<u8> = subject.fitted.data().iter().flat_map(|value| value.to_le_bytes()).collect();
    let used = explainer.chosen;
    let all = json!({
        "lacuna": env!("CARGO_PKG_VERSION"),
        "classifier": explainer.models.model.record(),
        "generator": explainer.models.generator.as_ref().map(|(model, _)| model.record()),
        "method": [json!(used.method.sha256()), json!(used.method_settings)],
        "perturbation": [json!(used.perturbation.map(Plugin::sha256)), json!(used.perturbation_settings)],
        "metrics": metrics.plugins.iter().map(|metric| metric.sha256()).collect::<Vec<_>>(),
        "metric-perturbation": metrics.perturbation.sha256(),
        "seed": explainer.seed,
        "device": explainer.session.device.name(),
        "limits": explainer.session.limits,
        "grants": [&used.grants, &metrics.grants],
        "image": [&subject.record.sha256, &hash::of_bytes(&pixels)],
        "mask": mask,
        "target": case.target.0,
    });
    Ok(hash::of_bytes(all.to_string().as_bytes()))
}

/// The expert's mask, turned as its image is.
pub fn mask(case: &Case, subject: &Subject, reader: &Reader) -> Result<Image> {
    let path = case.row.mask.as_deref().unwrap_or(Path::new(""));
    Ok(reader.read_mask(path, &subject.image)?)
}

/// A mask on a grid, 0 or 1.
pub fn on_grid(mask: &Image, height: usize, width: usize) -> Result<Image> {
    let mask = mask.resize(height, width, Interpolation::Nearest)?;
    let values = mask.data().iter().map(|value| f32::from(u8::from(*value > 0.0))).collect();
    Ok(mask.with_data(1, values)?)
}

/// The map of a finished image.
pub fn map(cell: &Cell, out: &Path, image: &str) -> Result<Map> {
    let [_, map] = cell.files(out, image);
    Ok(Map::read_npy(map)?)
}
