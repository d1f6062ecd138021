//! The objective of Eq. 1, on masks m (N, 1, S, S) of a low resolution.

use lacuna_plugin::{Classifier, Error, Interpolation, Phi, Random, Request, Score, Tensor};

use crate::config::{Config, Game, Upsampling};

/// Deletion game: lambda1 sum(1 - m) + lambda2 sum ||grad m||^beta + w max(f_c(Phi(x; m)), floor).
/// Preservation game: lambda1 sum(m) + the same TV norm + w max(-f_c(Phi(x; m)), floor).
///
/// All sums run over the low-resolution mask, and over the images of the batch: Adam works
/// elementwise, so a batch gives what its images give one by one.
pub struct Objective<'a> {
    pub config: &'a Config,
    pub classifier: Classifier<'a>,
    pub targets: &'a [u32],
    /// The images (N, C, H, W).
    pub images: &'a Tensor,
    pub shape: [u32; 4],
    pub phi: Phi,
}

/// The weighted terms, each a tensor of one element.
pub struct Terms {
    pub area: Tensor,
    pub tv: Tensor,
    pub score: Tensor,
}

impl Terms {
    pub fn total(&self) -> Tensor {
        &self.area + &self.tv + &self.score
    }
}

impl<'a> Objective<'a> {
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

    /// Logits (N, K) of Phi(x; m), under this step's jitter.
    pub fn logits(&self, low: &Tensor, random: &mut Random) -> Tensor {
        let mask = self.upsample(low);
        self.classifier.logits(&match self.config.jitter {
            0 => self.phi.apply(&mask),
            // Fong and Vedaldi 2017, Eq. 4: the image moves under the mask by tau. Phi holds the
            // image, so the mask moves the other way and the result moves back with the image.
            reach => {
                let (rows, columns) = (random.within(-reach..=reach), random.within(-reach..=reach));
                self.phi.apply(&mask.translate(-rows, -columns)).translate(rows, columns)
            }
        })
    }

    /// The mask on the image's grid, (N, 1, H, W).
    pub fn upsample(&self, low: &Tensor) -> Tensor {
        let [_, _, height, width] = self.shape;
        match self.config.upsampling {
            Upsampling::Bilinear => low.resize(height, width, Interpolation::Bilinear),
            Upsampling::NearestBlur { sigma } => low.resize(height, width, Interpolation::Nearest).gaussian_blur(sigma),
        }
    }

    pub fn terms(&self, low: &Tensor, logits: &Tensor) -> Terms {
        let (area, tv) = self.regularisers(low);
        let score = self.minimised(logits);
        let floored = match self.config.floor() {
            Some(floor) => score.clamp(floor, f32::MAX),
            None => score,
        };
        Terms { area, tv, score: floored.sum(&[]) * self.config.score_weight }
    }

    /// What the game makes small, for each image (N): f_c for deletion, -f_c for preservation.
    pub fn minimised(&self, logits: &Tensor) -> Tensor {
        let score = self.classifier.scores(logits, self.targets, self.config.score);
        match self.config.game {
            Game::Deletion => score,
            Game::Preservation => -score,
        }
    }

    /// Probability of the target, for each image (N).
    pub fn probabilities(&self, logits: &Tensor) -> Tensor {
        self.classifier.scores(logits, self.targets, Score::Probability)
    }

    /// Gradient of the area and TV terms alone, (N, 1, S, S).
    pub fn pull_of_the_regularisers(&self, low: &Tensor) -> Tensor {
        let leaf = low.track();
        let (area, tv) = self.regularisers(&leaf);
        (area + tv).backward().of(&leaf)
    }

    fn regularisers(&self, low: &Tensor) -> (Tensor, Tensor) {
        // 0 <= m <= 1, so that the L1 norms are sums.
        let area = match self.config.game {
            Game::Deletion => low.affine(-self.config.area_weight, self.config.area_weight),
            Game::Preservation => low * self.config.area_weight,
        };
        let tv = low.total_variation(self.config.tv_exponent).sum(&[]) * self.config.tv_weight;
        (area.sum(&[]), tv)
    }
}
