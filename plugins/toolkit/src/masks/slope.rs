//! The gradient of the objective: by a backward pass, or for a black box by an evolution strategy.

use crate::masks::{Evolution, Jitter, Objective, Terms};
use lacuna_plugin::{Error, Parameter, Random, Refusal, Remedy, Request, Tensor, log};

/// The way to the gradient of the objective, from which the mask's next step follows.
#[derive(Debug)]
pub enum Slope<'a> {
    /// One pass forward and backward through the classifier.
    Backward,
    /// An evolution strategy, which needs answers and no gradients.
    Evolution(Box<Evolution<'a>>),
}

/// The objective evaluated at one mask (N, 1, S, S).
#[derive(Debug)]
pub struct Evaluation {
    /// Gradient of the sum of all terms, (N, 1, S, S).
    pub gradient: Tensor,
    /// The terms at the mask; an evolution strategy gives the mean score of the masks around it.
    pub terms: Terms,
    /// Logits (N, K) under the mask; an evolution strategy asks for them in the first step only.
    pub logits: Option<Tensor>,
}

/// How a step evaluates the objective, apart from its mask.
#[derive(Debug)]
pub struct Step<'r> {
    /// How far the image moves under the mask.
    pub jitter: Jitter,
    /// The source of the moves and of the noise.
    pub random: &'r mut Random,
    /// Whether it is the first step of the run.
    pub first: bool,
}

impl<'a> Slope<'a> {
    /// The parameter `optimiser`, and those of [`Evolution`].
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

    /// Evaluates the objective and its gradient at the mask `low`.
    ///
    /// # Errors
    /// What classifier and perturbation refuse.
    pub fn at(&mut self, objective: &Objective<'_>, low: &Tensor, step: Step<'_>) -> Result<Evaluation, Error> {
        let Step { jitter, random, first } = step;
        match self {
            Self::Backward => {
                let leaf = low.track();
                let images = jitter
                    .draw(random, objective.shape.spatial().len())
                    .apply(&objective.phi, &objective.upsample(&leaf));
                let logits = objective.classifier.logits(&images);
                let terms = objective.terms(&leaf, &logits);
                let gradient = terms.total().backward().of(&leaf);
                Ok(Evaluation { gradient, terms, logits: Some(logits) })
            }
            Self::Evolution(evolution) => {
                let logits = first.then(|| objective.logits(&objective.upsample(low)));
                let (pull, score) = evolution.estimate(objective, low, jitter, random)?;
                let super::Config { game, regularisers, .. } = objective.config;
                let terms = Terms { area: regularisers.area(*game, low), tv: regularisers.tv(low), score };
                Ok(Evaluation { gradient: pull + regularisers.pull(*game, low), terms, logits })
            }
        }
    }
}
