//! The gradient of the objective: by a backward pass, or for a black box by trying masks.

use crate::masks::{Evolution, Jitter, Objective, Terms};
use lacuna_plugin::{Error, Parameter, Random, Refusal, Remedy, Request, Tensor, log};

/// Where a mask's next step comes from.
#[derive(Debug)]
pub enum Slope<'a> {
    /// One pass forward and backward through the classifier.
    Backward,
    /// An evolution strategy, which needs answers and no gradients.
    Evolution(Box<Evolution<'a>>),
}

/// What one mask (N, 1, S, S) came to.
#[derive(Debug)]
pub struct Found {
    /// Of all terms, (N, 1, S, S).
    pub gradient: Tensor,
    /// Of the mask; an evolution strategy gives the mean score of the masks around it.
    pub terms: Terms,
    /// (N, K) under the mask, which an evolution strategy asks for in the first step only.
    pub logits: Option<Tensor>,
}

impl<'a> Slope<'a> {
    /// `optimiser`, and the parameters of [`Evolution`].
    pub fn parameters() -> impl Iterator<Item = Parameter> {
        let optimiser = Parameter::choice("optimiser", ["auto", "gradient", "evolution"])
            .summary("Steps along the gradient, or without gradients along what many masks around the present one say")
            .source("auto: gradients where the classifier has them");
        std::iter::once(optimiser).chain(Evolution::parameters())
    }

    /// The user's choice for the classifier of `request`. Without gradients the price is said in a message.
    ///
    /// # Errors
    /// Gradients that the user asks for and the classifier does not have, and what the host refuses.
    pub fn new(request: &Request<'a>, objective: &'a Objective<'a>, steps: u32) -> Result<Self, Error> {
        let info = objective.classifier.info();
        match (request.settings.choice("optimiser")?, info.differentiable) {
            ("auto" | "gradient", true) => return Ok(Self::Backward),
            ("gradient", false) => {
                let text =
                    format!("the classifier `{}` is a black box, and an evolution strategy needs none", info.name);
                let evolution = Remedy::option("optimiser", "evolution");
                return Err(Error::NotDifferentiable(Refusal::new(text).with(evolution)));
            }
            _ => {}
        }
        let evolution = Evolution::new(request, objective)?;
        let each = u64::from(evolution.population());
        log::warning(&format!(
            "no gradients: an evolution strategy classifies {each} images for each image and step, {} in all, where \
             gradients would take {steps} passes forward and backward; the parameters `pairs` and `steps` decide",
            each * u64::from(steps)
        ));
        Ok(Self::Evolution(Box::new(evolution)))
    }

    /// Gradient and terms of the mask `low`; `first` is whether nothing was asked before.
    ///
    /// # Errors
    /// What classifier and perturbation refuse.
    pub fn at(
        &mut self,
        objective: &Objective<'_>,
        low: &Tensor,
        (jitter, random, first): (Jitter, &mut Random, bool),
    ) -> Result<Found, Error> {
        match self {
            Self::Backward => {
                let leaf = low.track();
                let images = jitter
                    .draw(random, objective.shape.spatial().len())
                    .apply(&objective.phi, &objective.upsample(&leaf));
                let logits = objective.classifier.logits(&images);
                let terms = objective.terms(&leaf, &logits);
                let gradient = terms.total().backward().of(&leaf);
                Ok(Found { gradient, terms, logits: Some(logits) })
            }
            Self::Evolution(evolution) => {
                let logits = first.then(|| objective.logits(&objective.upsample(low)));
                let (pull, score) = evolution.estimate(objective, low, jitter, random)?;
                let super::Config { game, regularisers, .. } = objective.config;
                let terms = Terms { area: regularisers.area(*game, low), tv: regularisers.tv(low), score };
                Ok(Found { gradient: pull + regularisers.pull(*game, low), terms, logits })
            }
        }
    }
}
