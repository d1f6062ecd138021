//! One run of the runtime: a batch of images in, the outcome of each out.
//!
//! [`target`] says what is explained, and what the classifier sees after the deletion; [`bring_back`] brings what came out back
//! onto each image's own grid; [`files`] and [`volume`] write it, [`record`] proves it.

mod bring_back;
mod files;
mod range;
mod record;
mod target;
mod volume;

pub use files::write;
pub use record::Summary;
pub use target::{ChangedBy, Picked, Seen, Target};
pub use volume::write_volume;

use crate::{
    choice::Chosen,
    error::{Error, Result},
    session::{Models, Session},
    subject::Subject,
};
use lacuna_diagnostic::{Finding, Remedy};
use lacuna_engine::{Activation, ClassIndex, ReluRule, Tensor};
use lacuna_imaging::{Image, Map, NamedArray};
use lacuna_runtime::{ExplainRequest, ExtraRole, Message, Progress, RunRecord};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use target::{Elsewhere, most_probable};

/// Images whose answers are asked for at once.
const PART: usize = 16;

/// Everything that is the same for all images of a piece of work.
#[derive(Debug)]
pub struct Explainer<'a> {
    pub session: &'a Session<'a>,
    pub models: &'a Models<'a>,
    pub chosen: &'a Chosen<'a>,
    pub seed: u64,
    /// From here on the time to the first step counts.
    pub started: Instant,
}

/// What came out for one image, on the image's own grid.
#[derive(Debug)]
pub struct Explained {
    pub answer: Answer,
    pub map: Map,
    /// The map on the classifier's grid, as the method made it.
    pub seen_map: Map,
    /// The image with the evidence deleted, or the counterfactual, as far as the method made one.
    pub perturbed: Option<Image>,
}

/// What came out for one image or volume, on the classifier's grid.
#[derive(Debug)]
pub struct Answer {
    pub target: Target,
    /// A number for each pixel of the classifier's grid.
    pub map: Vec<f32>,
    /// The image with the evidence deleted, or the counterfactual, all channels of it, as far as the method made one.
    pub perturbed: Option<Vec<f32>>,
    /// Mean of 1 - m over the classifier's grid, as far as the method has a mask.
    pub deleted_fraction: Option<f32>,
    /// Everything that the method made for this image beside the map, on the grids on which it made it.
    pub extras: Vec<NamedArray>,
    pub findings: Vec<Finding>,
    pub batch: Arc<Batch>,
}

/// An image or a volume as the classifier takes it.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The file, or what else the image is called in messages.
    pub name: &'a str,
    /// All channels on the classifier's grid, in [0, 1].
    pub values: &'a [f32],
}

/// The run that several images may share.
#[derive(Debug)]
pub struct Batch {
    pub images: Vec<String>,
    pub run: RunRecord,
    pub messages: Vec<Message>,
    /// From [`Explainer::started`] to the first report of a step.
    pub first_step: Option<Duration>,
}

impl Explainer<'_> {
    /// Explains the images of one batch; without a target each its most probable class.
    ///
    /// # Errors
    /// What the runtime refuses, answers of the classifier that are no probabilities, and [`Error::Stopped`].
    pub fn explain(&self, label: &str, subjects: &[Subject], target: Option<ClassIndex>) -> Result<Vec<Explained>> {
        let given: Vec<Given<'_>> = subjects.iter().map(Subject::given).collect();
        let answers = self.run(label, &given, target)?;
        subjects.iter().zip(answers).map(|(subject, answer)| Explained::of(subject, answer)).collect()
    }

    /// Explains anything that the classifier takes; the answers stay on its grid.
    ///
    /// # Errors
    /// Those of [`Explainer::explain`].
    pub fn run(&self, label: &str, given: &[Given<'_>], target: Option<ClassIndex>) -> Result<Vec<Answer>> {
        let images = self.images(given)?;
        let before = self.probabilities(&images, given, "")?;
        let choice = match target {
            Some(_) => Picked::ByTheUser,
            None => Picked::MostProbable,
        };
        let targets: Vec<ClassIndex> = before.iter().map(|row| target.unwrap_or_else(|| most_probable(row))).collect();

        let first_step = Arc::new(OnceLock::new());
        let request = ExplainRequest {
            perturbation: self.chosen.perturbation,
            generator: self.models.generator.as_ref().map(|(_, generator)| generator),
            method_settings: self.chosen.method_settings.clone(),
            perturbation_settings: self.chosen.perturbation_settings.clone(),
            seed: self.seed,
            limits: self.session.limits.clone(),
            grants: self.chosen.grants.clone(),
            progress: self.progress(label, first_step.clone()),
            messages: self.session.watch.messages(),
            cancel: self.session.cancel.clone(),
            ..ExplainRequest::new(self.chosen.method, &self.models.classifier, images, targets.clone())
        };
        let outcome = lacuna_runtime::explain(self.session.host(), request)?;
        outcome.messages.iter().for_each(|message| self.session.watch.message(message));
        let extra = |role: ExtraRole| outcome.extras.iter().find(|extra| extra.role == role).map(|extra| &extra.value);
        let perturbed = extra(ExtraRole::Perturbed).or_else(|| extra(ExtraRole::Counterfactual));
        let after = perturbed.map(|tensor| self.probabilities(tensor, given, " after the deletion")).transpose()?;
        let parts = bring_back::Parts {
            map: bring_back::rows(&outcome.map)?,
            perturbed: perturbed.map(bring_back::rows).transpose()?,
            mask: extra(ExtraRole::Mask).map(bring_back::rows).transpose()?,
            extras: outcome
                .extras
                .iter()
                .map(|extra| bring_back::arrays(&extra.name, &extra.value))
                .collect::<Result<_>>()?,
            findings: &outcome.findings,
        };
        let batch = Arc::new(Batch {
            images: given.iter().map(|given| given.name.to_owned()).collect(),
            run: outcome.record,
            messages: outcome.messages,
            first_step: first_step.get().copied(),
        });
        let classifier = self.models.classifier.info();
        let answer = |(row, class): (usize, &ClassIndex)| {
            let (before, after) = (&before[row], after.as_ref().map(|after| after[row].as_slice()));
            let target = Target::new(classifier, (*class, choice), before, after);
            let mut answer = parts.answer(row, target, batch.clone());
            let after = after.filter(|_| self.chosen.deletes());
            let elsewhere = after.and_then(|after| Elsewhere::found(classifier, *class, before, after));
            let changed_by = self.chosen.changed_by(self.models.generator.is_some());
            answer.findings.extend(elsewhere.map(|found| found.finding(changed_by)));
            let seen = answer.perturbed.as_deref();
            answer.findings.extend(seen.and_then(|perturbed| range::outside(perturbed, self.chosen.deletes())));
            answer
        };
        Ok(targets.iter().enumerate().map(answer).collect())
    }

    /// Stops here if the caller asked for it.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn check(&self) -> Result<()> {
        self.session.check()
    }

    /// The batch as the classifier takes it, (N, C, H, W), or (N, C, D, H, W) for volumes.
    fn images(&self, given: &[Given<'_>]) -> Result<Tensor> {
        let shape = self.models.classifier.info().shape(given.len());
        let values = given.iter().flat_map(|given| given.values).copied();
        Ok(Tensor::from_data(self.models.classifier.device(), &shape, values.collect())?)
    }

    /// Probabilities of every class, one row for each image; `when` says which images they are, in messages.
    fn probabilities(&self, images: &Tensor, given: &[Given<'_>], when: &str) -> Result<Vec<Vec<f32>>> {
        let classifier = &self.models.classifier;
        let mut rows = Vec::with_capacity(given.len());
        // In parts: nobody accounts for what a pass through all images of a large batch would take.
        for start in (0..given.len()).step_by(PART) {
            let part = images.slice(0, start, given.len().min(start + PART))?;
            let logits = classifier.logits(&part, ReluRule::Plain);
            // A black box whose user stopped it fails as well; the user's wish is the reason.
            self.check()?;
            rows.extend(bring_back::rows(&classifier.probabilities(&logits?)?)?);
        }
        let info = self.models.classifier.info();
        for (row, given) in rows.iter().zip(given) {
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
                return Err(Error::input(given.name, what, [Remedy::advice(remedy)]));
            }
        }
        Ok(rows)
    }

    fn progress(&self, label: &str, first_step: Arc<OnceLock<Duration>>) -> Box<dyn FnMut(&Progress) + Send> {
        let (mut show, started) = (self.session.watch.steps(label), self.started);
        Box::new(move |progress| {
            first_step.get_or_init(|| started.elapsed());
            show(progress);
        })
    }
}
