//! A small convolutional network: 3x3 convolutions with stride 2 (and BatchNorm, where it has been trained with one),
//! ReLU, the mean over all pixels, and a linear layer. A weights file decides how many layers of what width.

use super::builder::{Builder, Window};
use super::source::{Source, Start};
use crate::Result;
use crate::graph::Operator;

/// Channels after each convolution of a network to be trained; with BatchNorm.
const TRAINED: [usize; 4] = [16, 32, 64, 128];
/// Channels of the network to measure with; without BatchNorm.
const PLAUSIBLE: [usize; 3] = [16, 32, 64];

pub(super) fn build(b: &mut Builder<'_, '_>, channels: usize) -> Result<()> {
    let (widths, norm) = plan(b.source());
    let mut x = b.graph.input.clone();
    let mut from = channels;
    for (index, width) in widths.into_iter().enumerate() {
        let layer = index + 1;
        let (name, relu) = (format!("conv{layer}"), format!("relu{layer}"));
        let conv = b.conv(&name, &x, &[width, from, 3, 3], Window { stride: 2, padding: 1 }, !norm)?;
        x = match norm {
            true => b.norm_relu(&format!("norm{layer}"), &relu, &conv, width)?,
            false => b.push(&relu, Operator::Relu, &[&conv]),
        };
        from = width;
    }
    b.classifier("classifier", &x, from)
}

/// Widths of the convolutions, and whether a BatchNorm follows each.
fn plan(source: &Source<'_>) -> (Vec<usize>, bool) {
    match (source, source.file()) {
        (_, Some(file)) => {
            let width = |layer: usize| Some(file.shape(&format!("conv{layer}.weight"))?.first().copied().unwrap_or(0));
            let widths: Vec<usize> = (1..).map_while(width).collect();
            // A file without any convolution is refused later, by an error that names the first one as missing.
            let widths = if widths.is_empty() { PLAUSIBLE.to_vec() } else { widths };
            (widths, file.shape("norm1.weight").is_some())
        }
        (Source::Random { start: Start::Plausible, .. }, None) => (PLAUSIBLE.to_vec(), false),
        (_, None) => (TRAINED.to_vec(), true),
    }
}
