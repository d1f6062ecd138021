//! Many versions of every image in one pass of the classifier.

use lacuna_plugin::{Classifier, Error, ImageShape, ReluRule, Request, Score, Tensor};

/// The images of a request K times over, (K N, C, H, W), one copy of all images after the other.
#[derive(Debug)]
pub struct Stack<'a> {
    classifier: Classifier<'a>,
    score: Score,
    /// The shape of the images themselves.
    pub shape: ImageShape,
    images: Tensor,
    targets: Vec<u32>,
}

impl<'a> Stack<'a> {
    /// Makes `most` copies of the images of `request`, whose `score` is explained.
    ///
    /// # Errors
    /// What the host refuses.
    pub fn new(request: &Request<'a>, score: Score, most: u32) -> Result<Self, Error> {
        Ok(Self {
            classifier: request.classifier,
            score,
            shape: request.images.image_shape()?,
            images: Tensor::concatenate(&vec![&request.images; most as usize], 0).check()?,
            targets: request.targets.repeat(most as usize),
        })
    }

    /// The first `count` copies, (count N, C, H, W).
    pub fn copies(&self, count: u32) -> Tensor {
        self.images.slice(0, 0..count * self.shape.images())
    }

    /// The sum over the versions of the gradients of the score, (N, C, H, W), for `count` versions
    /// (count N, C, H, W) of the images.
    pub fn sum_of_gradients(&self, versions: &Tensor, count: u32) -> Tensor {
        let copies = [&[count], self.shape.sizes()].concat();
        let gradient = self.classifier.gradient(versions, self.targets(count), self.score, ReluRule::Plain);
        gradient.reshape(&copies).sum(&[0]).reshape(self.shape.sizes())
    }

    /// The scores (count, N) of `count` versions (count N, C, H, W) of the images.
    pub fn scores(&self, versions: &Tensor, count: u32) -> Tensor {
        let logits = self.classifier.logits(versions);
        self.classifier.scores(&logits, self.targets(count), self.score).reshape(&[count, self.shape.images()])
    }

    fn targets(&self, count: u32) -> &[u32] {
        let end = (count * self.shape.images()) as usize;
        self.targets.get(..end).unwrap_or(&self.targets)
    }
}
