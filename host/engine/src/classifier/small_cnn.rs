//! A small convolutional network for demonstrations and tests: three 3x3 convolutions with stride
//! 2 and ReLU, the mean over all pixels, and a linear layer.

use super::densenet::Builder;
use crate::Result;
use crate::graph::Operator;

/// Channels after each convolution.
pub(crate) const WIDTHS: [usize; 3] = [16, 32, 64];

pub(super) fn build(b: &mut Builder, channels: usize) -> Result<()> {
    let mut x = b.graph.input.clone();
    let mut from = channels;
    for (index, width) in WIDTHS.into_iter().enumerate() {
        let conv = b.conv(&format!("conv{}", index + 1), &x, &[width, from, 3, 3], 2, 1, true)?;
        x = b.push(&format!("relu{}", index + 1), Operator::Relu, &[&conv]);
        from = width;
    }
    b.classifier("classifier", &x, from)
}

pub(super) fn shapes(channels: usize, classes: usize, see: &mut dyn FnMut(&str, &[usize])) {
    let mut from = channels;
    for (index, width) in WIDTHS.into_iter().enumerate() {
        see(&format!("conv{}.weight", index + 1), &[width, from, 3, 3]);
        see(&format!("conv{}.bias", index + 1), &[width]);
        from = width;
    }
    see("classifier.weight", &[classes, from]);
    see("classifier.bias", &[classes]);
}
