//! Where the numbers of a network come from: a file, a random start, or one over the other.

use super::Weights;
use crate::graph::Array;
use crate::{Error, Result};
use lacuna_numeric::SplitMix;

/// A source of arrays by name and shape.
pub(crate) enum Source<'a> {
    /// Every array must be there.
    File(&'a Weights),
    Random {
        random: SplitMix,
        start: Start,
        classes: usize,
    },
    /// Arrays of a file where they are there; the head, whose classes are others, starts anew.
    Pretrained {
        file: &'a Weights,
        head: &'static str,
        random: SplitMix,
        classes: usize,
    },
}

/// What random arrays are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A start for training: weights after He et al. (2015), BatchNorm that changes nothing, biases 0.
    Training,
    /// A network to measure with: BatchNorm and biases have plausible numbers too.
    Plausible,
}

impl Source<'_> {
    /// Number of logits; 0 where the file says it.
    pub(super) fn classes(&self) -> usize {
        match self {
            Self::File(_) => 0,
            Self::Random { classes, .. } | Self::Pretrained { classes, .. } => *classes,
        }
    }

    /// The file, where every array comes from one.
    pub(super) fn file(&self) -> Option<&Weights> {
        match self {
            Self::File(file) | Self::Pretrained { file, .. } => Some(file),
            Self::Random { .. } => None,
        }
    }

    /// An array of the expected shape; 0 in `shape` stands for any size.
    ///
    /// # Errors
    /// [`Error::Model`] for one that the file lacks or has in another shape.
    pub(super) fn get(&mut self, name: &str, shape: &[usize]) -> Result<Array> {
        match self {
            Self::File(file) => file.get(name, shape),
            Self::Random { random, start, .. } => fresh(random, *start, name, shape),
            Self::Pretrained { head, random, .. } if name.starts_with(*head) => {
                fresh(random, Start::Training, name, shape)
            }
            Self::Pretrained { file, .. } => file.get(name, shape),
        }
    }
}

fn fresh(random: &mut SplitMix, start: Start, name: &str, shape: &[usize]) -> Result<Array> {
    let elements: usize = shape.iter().product();
    if elements == 0 {
        return Err(Error::Model(format!("`{name}` of shape {shape:?} cannot start at random")));
    }
    let part = name.rsplit('.').next().unwrap_or(name);
    let plausible = start == Start::Plausible;
    let data = match (part, shape) {
        // A transposed convolution (I, O, kh, kw) of stride 2 adds up a quarter of the kernel from each input.
        ("weight", [inputs, _, kh, kw]) if name.contains("deconv") => {
            normal(random, elements, 2.0, inputs * kh * kw / 4)
        }
        ("weight", [_, rest @ ..]) if shape.len() > 2 => normal(random, elements, 2.0, rest.iter().product()),
        ("weight", [_, inputs]) => normal(random, elements, if plausible { 2.0 } else { 1.0 }, *inputs),
        ("weight" | "running_var", _) if plausible => (0..elements).map(|_| (0.5 + random.unit24()) as f32).collect(),
        ("weight" | "running_var", _) => vec![1.0; elements],
        _ if plausible => (0..elements).map(|_| (0.1 * random.normal24()) as f32).collect(),
        _ => vec![0.0; elements],
    };
    Ok(Array::floats(shape.to_vec(), data))
}

/// Normal numbers of variance `gain` / `fan_in`.
fn normal(random: &mut SplitMix, elements: usize, gain: f64, fan_in: usize) -> Vec<f32> {
    let deviation = (gain / fan_in.max(1) as f64).sqrt();
    (0..elements).map(|_| (deviation * random.normal24()) as f32).collect()
}
