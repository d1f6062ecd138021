//! Activation functions other than ReLU: what every device computes, and the gradient from one kept tensor.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

/// A function of each number (ONNX's operators of these names).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nonlinearity {
    /// Numbers below `low` become `low`, above `high` become `high`.
    Clip { low: f32, high: f32 },
    /// `slope` x + `offset`, between 0 and 1.
    HardSigmoid { slope: f32, offset: f32 },
    /// x times x / 6 + 1 / 2, which is kept between 0 and 1.
    HardSwish,
    /// `slope` x below 0, else x.
    LeakyRelu { slope: f32 },
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// x times its sigmoid.
    Silu,
}

impl Nonlinearity {
    /// Whether the gradient is computed from the input; else it is from the output, which the next step keeps anyway.
    pub(crate) fn keeps_input(self) -> bool {
        matches!(self, Self::HardSwish | Self::LeakyRelu { .. } | Self::Silu)
    }

    pub(super) fn apply<B: Backend>(self, x: FloatTensor<B>) -> FloatTensor<B> {
        match self {
            Self::Clip { low, high } => B::float_clamp(x, low.into(), high.into()),
            Self::HardSigmoid { slope, offset } => hard_sigmoid::<B>(x, slope, offset),
            Self::HardSwish => B::float_mul(x.clone(), hard_sigmoid::<B>(x, 1.0 / 6.0, 0.5)),
            Self::LeakyRelu { slope } => B::leaky_relu(x, slope.into()),
            Self::Sigmoid => B::sigmoid(x),
            Self::Silu => B::float_mul(x.clone(), B::sigmoid(x)),
        }
    }

    /// `gradient` times the slope of the function where its input, or output, was `kept`. Where two slopes meet, it is
    /// PyTorch's: that of the flat part.
    pub(super) fn gradient<B: Backend>(self, gradient: FloatTensor<B>, kept: FloatTensor<B>) -> FloatTensor<B> {
        let slope = match self {
            Self::Clip { low, high } => within::<B>(kept, low, high),
            Self::HardSigmoid { slope, .. } => B::float_mul_scalar(within::<B>(kept, 0.0, 1.0), slope.into()),
            Self::HardSwish => {
                let rising = B::float_add_scalar(B::float_mul_scalar(kept.clone(), (1.0 / 3.0).into()), 0.5.into());
                let rising = B::float_mul(rising, within::<B>(kept.clone(), -3.0, 3.0));
                let below = positive::<B>(B::float_add_scalar(B::float_neg(kept), 3.0.into()));
                B::float_add(rising, from_one::<B>(below))
            }
            Self::LeakyRelu { slope } => {
                B::float_add_scalar(B::float_mul_scalar(positive::<B>(kept), (1.0 - slope).into()), slope.into())
            }
            Self::Sigmoid => B::float_mul(kept.clone(), from_one::<B>(kept)),
            Self::Silu => {
                let sigmoid = B::sigmoid(kept.clone());
                let bend = B::float_mul(kept, from_one::<B>(sigmoid.clone()));
                B::float_mul(sigmoid, B::float_add_scalar(bend, 1.0.into()))
            }
        };
        B::float_mul(gradient, slope)
    }
}

fn from_one<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_add_scalar(B::float_neg(x), 1.0.into())
}

fn hard_sigmoid<B: Backend>(x: FloatTensor<B>, slope: f32, offset: f32) -> FloatTensor<B> {
    let line = B::float_add_scalar(B::float_mul_scalar(x, slope.into()), offset.into());
    B::float_clamp(line, 0.0.into(), 1.0.into())
}

/// 1 where x is above 0, else 0. Made by arithmetic: not every GPU can store booleans.
pub(super) fn positive<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_clamp(B::float_mul_scalar(x, 1e30.into()), 0.0.into(), 1.0.into())
}

/// 1 where x is between `low` and `high` and neither, else 0. A limit that no number passes is not compared with: the
/// difference would be infinite, and not every GPU has infinities.
fn within<B: Backend>(x: FloatTensor<B>, low: f32, high: f32) -> FloatTensor<B> {
    let above = (low > f32::MIN).then(|| positive::<B>(B::float_sub_scalar(x.clone(), low.into())));
    let below = (high < f32::MAX).then(|| positive::<B>(B::float_add_scalar(B::float_neg(x.clone()), high.into())));
    match (above, below) {
        (Some(above), Some(below)) => B::float_mul(above, below),
        (Some(inside), None) | (None, Some(inside)) => inside,
        (None, None) => B::float_add_scalar(B::float_mul_scalar(x, 0.0.into()), 1.0.into()),
    }
}
