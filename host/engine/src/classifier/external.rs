//! Classifiers that the engine cannot look into: something else answers images with logits.

use super::ClassifierInfo;
use crate::{Device, Error, Result, Tensor};
use std::fmt::Debug;

/// A black box: a program, a component, a server. It is asked from several threads, one after the other.
pub trait BlackBox: Debug + Send + Sync {
    /// Logits (N, K) of images (N, C, H, W), or volumes (N, C, D, H, W), outside any graph.
    ///
    /// # Errors
    /// [`Error::External`]: what happened, and what to do.
    fn logits(&self, images: &Tensor) -> Result<Tensor>;
}

/// A black box on a device, with what it promised.
#[derive(Debug)]
pub(super) struct External {
    pub model: Box<dyn BlackBox>,
    pub device: Device,
}

impl External {
    /// Logits that are what the black box promised: one row for each image, one finite number for each class.
    pub fn logits(&self, info: &ClassifierInfo, images: &Tensor) -> Result<Tensor> {
        let logits = self.model.logits(images)?;
        let (expected, found) = ([images.shape()[0], info.classes.len()], logits.shape());
        if found != expected {
            return Err(Error::external(
                format!("the classifier `{}` answered with shape {found:?}, expected {expected:?}", info.name),
                "correct the model, or the list of classes: it answers one row for each image and one logit for each class",
            ));
        }
        match logits.is_finite()? {
            true => Ok(logits),
            false => Err(Error::external(
                format!("the classifier `{}` answered with numbers that are NaN or infinite", info.name),
                "find out which image it fails on; it has to answer every image in [0, 1]",
            )),
        }
    }
}
