//! The objective of Uzunova 2019, Eq. 1, on masks m (N, 1, S, S) of a low resolution, or (N, 1, S, S, S) of volumes.

use crate::masks::Config;
use lacuna_plugin::{Classifier, Error, ImageShape, Phi, Request, Score, Tensor};

/// Deletion game: lambda1 sum(1 - m) + lambda2 sum ||grad m||^beta + w max(f_c(Phi(x; m)), floor).
/// Preservation game: lambda1 sum(m) + the same TV norm + w max(-f_c(Phi(x; m)), floor).
///
/// All sums run over the low-resolution mask, and over the images of the batch: what works
/// elementwise on the gradient, as Adam does, gives a batch what its images give one by one.
#[derive(Debug)]
pub struct Objective<'a> {
    /// The weights and choices in it.
    pub config: &'a Config,
    /// The classifier of the request.
    pub classifier: Classifier<'a>,
    /// One class index for each image.
    pub targets: &'a [u32],
    /// The images (N, C, H, W) in [0, 1].
    pub images: &'a Tensor,
    /// The shape of the images.
    pub shape: ImageShape,
    /// The perturbation of the images that the user chose.
    pub phi: Phi,
}

/// The weighted terms, each a tensor of one element.
#[derive(Debug)]
pub struct Terms {
    /// lambda1 times the area.
    pub area: Tensor,
    /// lambda2 times the TV norm.
    pub tv: Tensor,
    /// w times the floored score.
    pub score: Tensor,
}

impl<'a> Objective<'a> {
    /// The objective for the images and targets of `request`.
    ///
    /// # Errors
    /// What the perturbation refuses.
    pub fn new(request: &'a Request<'_>, config: &'a Config) -> Result<Self, Error> {
        Ok(Self {
            config,
            classifier: request.classifier,
            targets: &request.targets,
            images: &request.images,
            shape: request.images.image_shape()?,
            phi: request.phi()?,
        })
    }

    /// The mask on the image's grid, of one channel.
    pub fn upsample(&self, low: &Tensor) -> Tensor {
        self.config.grid.upsampling.apply(low, self.shape.spatial())
    }

    /// The shape of `masks` masks on their own grid, (masks, 1, S, S) or (masks, 1, S, S, S).
    pub fn cells(&self, masks: u32) -> Vec<u32> {
        self.shape.cells(masks, self.config.grid.size)
    }

    /// Logits (N, K) of Phi(x; m), for a mask (N, 1, H, W) on the image's grid.
    pub fn logits(&self, mask: &Tensor) -> Tensor {
        self.classifier.logits(&self.phi.apply(mask))
    }

    /// The terms of the mask `low` (N, 1, S, S) and of the `logits` (N, K) under it.
    pub fn terms(&self, low: &Tensor, logits: &Tensor) -> Terms {
        let Config { game, score, regularisers, .. } = self.config;
        Terms { area: regularisers.area(*game, low), tv: regularisers.tv(low), score: score.of(self.minimised(logits)) }
    }

    /// The score that the game minimises, for each image (N): f_c for deletion, -f_c for preservation.
    pub fn minimised(&self, logits: &Tensor) -> Tensor {
        self.config.game.minimised(self.classifier.scores(logits, self.targets, self.config.score.kind))
    }

    /// Probability of the target, for each image (N).
    pub fn probabilities(&self, logits: &Tensor) -> Tensor {
        self.classifier.scores(logits, self.targets, Score::Probability)
    }
}

impl Terms {
    /// The sum of the terms, which is minimised; one element.
    pub fn total(&self) -> Tensor {
        &self.area + &self.tv + &self.score
    }

    /// The terms by the names under which they are reported.
    pub fn named(&self) -> [(&'static str, &Tensor); 3] {
        [("area", &self.area), ("tv", &self.tv), ("score", &self.score)]
    }
}
