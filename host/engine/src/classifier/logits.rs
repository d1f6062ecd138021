//! A network read as a classifier: images to logits (N, K).

use crate::fed::Fed;
use crate::graph::network::Probe;
use crate::{Error, ReluRule, Result, Tensor};

/// A network, how it is fed, and how many classes it answers for.
#[derive(Debug)]
pub(super) struct LogitNetwork {
    pub(super) fed: Fed,
    pub(super) classes: usize,
}

impl LogitNetwork {
    /// Logits (N, K) of normalised images (N, C, H, W).
    pub(super) fn logits(&self, images: &Tensor, rule: ReluRule) -> Result<Tensor> {
        let Fed { network, .. } = &self.fed;
        self.fed.in_batches(images, |images| {
            answer(&network.run(&self.fed.fed(images)?, rule)?, images.shape()[0], self.classes)
        })
    }

    /// The output of one layer, with the axes that the graph gives it.
    pub(super) fn until(&self, layer: &str, images: &Tensor) -> Result<Tensor> {
        self.fed.in_batches(images, |images| self.fed.network.run_until(layer, &self.fed.fed(images)?))
    }

    /// Logits (N, K) as a function of the output of one layer.
    pub(super) fn from(&self, layer: &str, activations: &Tensor) -> Result<Tensor> {
        let Fed { network, .. } = &self.fed;
        self.fed.in_batches(activations, |part| answer(&network.run_from(layer, part)?, part.shape()[0], self.classes))
    }

    /// The answer to one image, and what the steps made on the way.
    pub(super) fn probe(&self, image: &Tensor) -> Result<(Probe, Tensor)> {
        let images = match self.fed.batch() {
            Some(batch) => Tensor::concatenate(&vec![image.clone(); batch], 0)?,
            None => image.clone(),
        };
        let probe = self.fed.network.probe(&self.fed.fed(&images)?, self.fed.layout())?;
        let answer = answer(&probe.output, images.shape()[0], self.classes)?.slice(0, 0, 1)?;
        Ok((probe, answer))
    }
}

/// A network's output as (N, K): sizes of 1 beside them are left out.
pub(super) fn answer(output: &Tensor, images: usize, classes: usize) -> Result<Tensor> {
    let shape = output.shape();
    let wide = |sizes: &[usize]| sizes.iter().copied().filter(|size| *size != 1).collect::<Vec<_>>();
    if wide(&shape) == wide(&[images, classes]) {
        return output.reshape(&[images, classes]);
    }
    let of =
        format!("the graph answers with the shape {shape:?} for {images} image{}", if images == 1 { "" } else { "s" });
    Err(Error::Model(match wide(&shape[shape.len().min(1)..]).as_slice() {
        [] | [_] => format!(
            "{of}, but [output] names {classes} classes, expected [{images}, {classes}]; name as many classes as it has \
             answers"
        ),
        _ => format!(
            "{of}, expected one number for each class, [{images}, {classes}]: a graph that answers for each pixel or each \
             box, as one that segments or detects does, is no classifier; export it with an output of the form (N, K)"
        ),
    }))
}
