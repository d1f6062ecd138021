//! One run of the runtime: a batch of images in, the outcome of each out.

use super::{
    input::ImageRecord,
    options::Chosen,
    result,
    target::{Choice, Elsewhere, Target, most_probable},
};
use crate::{
    console::{Console, since_start},
    failure::{Failure, Result},
    interrupt,
    model::{GeneratorModel, Model},
};
use lacuna_diagnostic::Finding;
use lacuna_engine::{Activation, ClassIndex, Classifier, Generator, ReluRule, Tensor};
use lacuna_imaging::{Image, Map, NamedArray};
use lacuna_runtime::{CancelToken, ExplainRequest, ExtraRole, Host, Limits, Message, MessageLevel, Progress, RunRecord, explain};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Everything that is the same for all images of a command.
#[derive(Debug)]
pub struct Explainer<'a> {
    pub console: &'a Console,
    pub host: &'a Host,
    pub model: &'a Model,
    pub classifier: &'a Classifier,
    /// The model of healthy images, where one was given.
    pub generator: Option<(&'a GeneratorModel, &'a Generator)>,
    pub chosen: &'a Chosen<'a>,
    pub seed: u64,
    pub limits: Limits,
    pub cancel: CancelToken,
}

/// An image, and what the classifier sees of it.
#[derive(Clone, Debug)]
pub struct Subject {
    pub image: Image,
    /// On the classifier's grid, with its channels.
    pub fitted: Image,
    pub record: ImageRecord,
    pub warnings: Vec<String>,
}

/// What came out for one image, on the image's own grid.
#[derive(Debug)]
pub struct Explained {
    pub target: Target,
    pub map: Map,
    /// The map on the classifier's grid, as the method made it.
    pub seen_map: Map,
    /// The image with the evidence deleted, or the counterfactual, as far as the method made one.
    pub perturbed: Option<Image>,
    /// Mean of 1 - m over the classifier's grid, as far as the method has a mask.
    pub deleted_fraction: Option<f32>,
    /// Everything that the method made for this image beside the map, on the grids on which it made it.
    pub extras: Vec<NamedArray>,
    pub findings: Vec<Finding>,
    pub batch: Arc<Batch>,
}

/// The run that several images may share.
#[derive(Debug)]
pub struct Batch {
    pub images: Vec<String>,
    pub run: RunRecord,
    pub messages: Vec<Message>,
    /// From the start of the program to the first report of a step.
    pub first_step: Option<Duration>,
}

impl Explainer<'_> {
    /// Explains the images of one batch; without a target each its most probable class.
    pub fn explain(&self, label: &str, subjects: &[Subject], target: Option<ClassIndex>) -> Result<Vec<Explained>> {
        let images = self.images(subjects)?;
        let before = self.probabilities(&images, subjects, "")?;
        let choice = match target {
            Some(_) => Choice::ByTheUser,
            None => Choice::MostProbable,
        };
        let targets: Vec<ClassIndex> = before.iter().map(|row| target.unwrap_or_else(|| most_probable(row))).collect();

        let first_step = Arc::new(OnceLock::new());
        let request = ExplainRequest {
            perturbation: self.chosen.perturbation,
            generator: self.generator.map(|(_, generator)| generator),
            method_settings: self.chosen.method_settings.clone(),
            perturbation_settings: self.chosen.perturbation_settings.clone(),
            seed: self.seed,
            limits: self.limits.clone(),
            grants: self.chosen.grants.clone(),
            progress: self.progress(label, first_step.clone()),
            cancel: self.cancel.clone(),
            ..ExplainRequest::new(self.chosen.method, self.classifier, images.clone(), targets.clone())
        };
        let outcome = explain(self.host, request)?;
        for message in &outcome.messages {
            if message.level == MessageLevel::Warning {
                self.console.warn(&format!("{}: {}", message.plugin, message.text));
            }
        }

        let extra = |role: ExtraRole| outcome.extras.iter().find(|extra| extra.role == role).map(|extra| &extra.value);
        let perturbed = extra(ExtraRole::Perturbed).or_else(|| extra(ExtraRole::Counterfactual));
        let mask = extra(ExtraRole::Mask);
        let classifier = self.classifier.info();
        let after = perturbed.map(|tensor| self.probabilities(tensor, subjects, " after the deletion"));
        let after = after.transpose()?;
        let parts = result::Parts {
            map: result::rows(&outcome.map)?,
            perturbed: perturbed.map(result::rows).transpose()?,
            mask: mask.map(result::rows).transpose()?,
            extras: outcome
                .extras
                .iter()
                .map(|extra| result::arrays(&extra.name, &extra.value))
                .collect::<Result<_>>()?,
            findings: &outcome.findings,
        };
        let batch = Arc::new(Batch {
            images: subjects.iter().map(|s| s.record.path.clone()).collect(),
            run: outcome.record,
            messages: outcome.messages,
            first_step: first_step.get().copied(),
        });
        let mut all = Vec::new();
        for (row, (subject, class)) in subjects.iter().zip(&targets).enumerate() {
            let (before, after) = (&before[row], after.as_ref().map(|after| after[row].as_slice()));
            let target = Target::new(classifier, (*class, choice), before, after);
            let mut explained = parts.explained(row, subject, target, batch.clone())?;
            let after = after.filter(|_| self.chosen.deletes());
            let elsewhere = after.and_then(|after| Elsewhere::found(classifier, *class, before, after));
            explained
                .findings
                .extend(elsewhere.map(|found| found.finding(self.chosen.changed_by(self.generator.is_some()))));
            all.push(explained);
        }
        Ok(all)
    }

    /// The batch as the classifier takes it, (N, C, H, W).
    fn images(&self, subjects: &[Subject]) -> Result<Tensor> {
        let info = self.classifier.info();
        let shape = [subjects.len(), info.channels, info.height, info.width];
        let values = subjects.iter().flat_map(|s| s.fitted.data()).copied();
        Ok(Tensor::from_data(self.classifier.device(), &shape, values.collect())?)
    }

    /// Probabilities of every class, one row for each image; `when` says which images they are, in messages.
    fn probabilities(&self, images: &Tensor, subjects: &[Subject], when: &str) -> Result<Vec<Vec<f32>>> {
        let logits = self.classifier.logits(images, ReluRule::Plain);
        // A black box that the user stopped has failed, and not by itself.
        interrupt::check(&self.cancel)?;
        let logits = logits?;
        let rows = result::rows(&self.classifier.probabilities(&logits)?)?;
        let info = self.classifier.info();
        for (row, subject) in rows.iter().zip(subjects) {
            if let Some(found) = row.iter().find(|p| !(-1e-3..=1.001).contains(*p)) {
                let remedy = match info.activation {
                    Activation::None if found.is_finite() => {
                        "write activation = \"softmax\" or \"sigmoid\" into its manifest if its answers are logits"
                    }
                    _ => {
                        "look for NaN and infinite numbers in the model, and for numbers in the image that it cannot take"
                    }
                };
                let what = format!("the classifier `{}` gives the probability {found}{when}", info.name);
                return Err(Failure::input(&subject.record.path, what, remedy));
            }
        }
        Ok(rows)
    }

    fn progress(&self, label: &str, first_step: Arc<OnceLock<Duration>>) -> Box<dyn FnMut(&Progress) + Send> {
        let mut show = self.console.steps(label);
        Box::new(move |progress| {
            first_step.get_or_init(since_start);
            show(progress);
        })
    }
}
