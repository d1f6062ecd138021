//! Activation functions: the rule for ReLU gradients, and what every device computes of the others, with the gradient from
//! one kept tensor.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// How gradients pass a ReLU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReluRule {
    #[default]
    Plain,
    /// Springenberg et al. 2015: nothing negative passes.
    Guided,
    /// Zeiler and Fergus 2014: the ReLU is applied to the gradient instead.
    Deconvolution,
}

/// A function of each number (ONNX's operators of these names).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nonlinearity {
    /// Numbers below `low` become `low`, above `high` become `high`.
    Clip { low: f32, high: f32 },
    /// `scale` x above 0, else `scale` `alpha` (exp(`rate` x) - 1): Elu, Selu and Celu.
    Elu { scale: f32, alpha: f32, rate: f32 },
    /// x times the standard normal distribution function of x; `by_tanh` approximates that by a hyperbolic tangent
    /// (Hendrycks and Gimpel 2016, Sec. 2).
    Gelu { by_tanh: bool },
    /// `slope` x + `offset`, between 0 and 1.
    HardSigmoid { slope: f32, offset: f32 },
    /// x times x / 6 + 1 / 2, which is kept between 0 and 1.
    HardSwish,
    /// `slope` x below 0, else x.
    LeakyRelu { slope: f32 },
    /// x times the hyperbolic tangent of its softplus (Misra 2019).
    Mish,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// x times its sigmoid.
    Silu,
    /// log(1 + exp(x)).
    Softplus,
    /// x / (1 + |x|).
    Softsign,
    /// x times the sigmoid of `alpha` x.
    Swish { alpha: f32 },
    /// x above `alpha`, else 0.
    ThresholdedRelu { alpha: f32 },
}

impl Nonlinearity {
    /// Whether the gradient is computed from the input; else it is from the output, which the next step keeps anyway.
    pub(crate) fn keeps_input(self) -> bool {
        !matches!(self, Self::Clip { .. } | Self::HardSigmoid { .. } | Self::Sigmoid)
    }

    /// The name of ONNX's operator.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clip { .. } => "Clip",
            Self::Elu { .. } => "Elu",
            Self::Gelu { .. } => "Gelu",
            Self::HardSigmoid { .. } => "HardSigmoid",
            Self::HardSwish => "HardSwish",
            Self::LeakyRelu { .. } => "LeakyRelu",
            Self::Mish => "Mish",
            Self::Sigmoid => "Sigmoid",
            Self::Silu | Self::Swish { .. } => "Swish",
            Self::Softplus => "Softplus",
            Self::Softsign => "Softsign",
            Self::ThresholdedRelu { .. } => "ThresholdedRelu",
        }
    }

    pub(super) fn apply<B: Backend>(self, x: FloatTensor<B>) -> FloatTensor<B> {
        match self {
            Self::Clip { low, high } => B::float_clamp(x, low.into(), high.into()),
            Self::Elu { scale, alpha, rate } => {
                let below = B::float_clamp_max(x.clone(), 0.0.into());
                let curve = B::float_add_scalar(B::float_exp(B::float_mul_scalar(below, rate.into())), (-1.0).into());
                let curve = B::float_mul_scalar(curve, alpha.into());
                B::float_mul_scalar(B::float_add(B::relu(x), curve), scale.into())
            }
            Self::Gelu { by_tanh } => B::float_mul(x.clone(), normal_distribution::<B>(x, by_tanh)),
            Self::HardSigmoid { slope, offset } => hard_sigmoid::<B>(x, slope, offset),
            Self::HardSwish => B::float_mul(x.clone(), hard_sigmoid::<B>(x, 1.0 / 6.0, 0.5)),
            Self::LeakyRelu { slope } => B::leaky_relu(x, slope.into()),
            Self::Mish => B::float_mul(x.clone(), B::float_tanh(softplus::<B>(x))),
            Self::Sigmoid => B::sigmoid(x),
            Self::Silu => B::float_mul(x.clone(), B::sigmoid(x)),
            Self::Softplus => softplus::<B>(x),
            Self::Softsign => B::float_div(x.clone(), one_more::<B>(B::float_abs(x))),
            Self::Swish { alpha } => B::float_mul(x.clone(), B::sigmoid(B::float_mul_scalar(x, alpha.into()))),
            Self::ThresholdedRelu { alpha } => {
                let above = positive::<B>(B::float_sub_scalar(x.clone(), alpha.into()));
                B::float_mul(x, above)
            }
        }
    }

    /// `gradient` times the slope of the function where its input, or output, was `kept`. Where two slopes meet, it is
    /// PyTorch's: that of the flat part.
    pub(super) fn gradient<B: Backend>(self, gradient: FloatTensor<B>, kept: FloatTensor<B>) -> FloatTensor<B> {
        let slope = match self {
            Self::Clip { low, high } => within::<B>(kept, low, high),
            Self::Elu { scale, alpha, rate } => {
                let above = positive::<B>(kept.clone());
                let below = B::float_clamp_max(kept, 0.0.into());
                let curve = B::float_exp(B::float_mul_scalar(below, rate.into()));
                let curve = B::float_mul_scalar(curve, (alpha * rate).into());
                let slope = B::float_add(B::float_mul(curve, from_one::<B>(above.clone())), above);
                B::float_mul_scalar(slope, scale.into())
            }
            Self::Gelu { by_tanh: false } => {
                let density =
                    B::float_exp(B::float_mul_scalar(B::float_mul(kept.clone(), kept.clone()), (-0.5).into()));
                let density = B::float_mul_scalar(density, (0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2).into());
                B::float_add(normal_distribution::<B>(kept.clone(), false), B::float_mul(kept, density))
            }
            Self::Gelu { by_tanh: true } => {
                // With t the hyperbolic tangent of u: (1 + t) / 2 + x (1 - t^2) u' / 2.
                let share = normal_distribution::<B>(kept.clone(), true);
                let bend = B::float_mul(share.clone(), from_one::<B>(share.clone()));
                let square = B::float_mul(kept.clone(), kept.clone());
                let inner = B::float_add_scalar(B::float_mul_scalar(square, (3.0 * GELU_CUBE).into()), 1.0.into());
                let inner = B::float_mul_scalar(inner, (2.0 * GELU_SCALE).into());
                B::float_add(share, B::float_mul(B::float_mul(kept, bend), inner))
            }
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
            Self::Mish => {
                let tanh = B::float_tanh(softplus::<B>(kept.clone()));
                let bend = from_one::<B>(B::float_mul(tanh.clone(), tanh.clone()));
                B::float_add(tanh, B::float_mul(B::float_mul(kept.clone(), B::sigmoid(kept)), bend))
            }
            Self::Sigmoid => B::float_mul(kept.clone(), from_one::<B>(kept)),
            Self::Silu => swish_slope::<B>(kept, 1.0),
            Self::Softplus => B::sigmoid(kept),
            Self::Softsign => {
                let below = one_more::<B>(B::float_abs(kept));
                B::float_recip(B::float_mul(below.clone(), below))
            }
            Self::Swish { alpha } => swish_slope::<B>(kept, alpha),
            Self::ThresholdedRelu { alpha } => positive::<B>(B::float_sub_scalar(kept, alpha.into())),
        };
        B::float_mul(gradient, slope)
    }
}

/// sqrt(2 / pi) and the factor of x^3 in the approximation of GELU.
const GELU_SCALE: f32 = 0.797_884_6;
const GELU_CUBE: f32 = 0.044_715;

/// The standard normal distribution function, or its approximation (1 + tanh u) / 2 = sigmoid(2 u) with
/// u = sqrt(2 / pi) (x + 0.044715 x^3).
fn normal_distribution<B: Backend>(x: FloatTensor<B>, by_tanh: bool) -> FloatTensor<B> {
    if by_tanh {
        let cube = B::float_mul(B::float_mul(x.clone(), x.clone()), x.clone());
        let inner = B::float_add(x, B::float_mul_scalar(cube, GELU_CUBE.into()));
        return B::sigmoid(B::float_mul_scalar(inner, (2.0 * GELU_SCALE).into()));
    }
    let half = B::float_mul_scalar(B::float_erf(B::float_mul_scalar(x, FRAC_1_SQRT_2.into())), 0.5.into());
    B::float_add_scalar(half, 0.5.into())
}

/// max(x, 0) + log(1 + exp(-|x|)), which does not overflow.
fn softplus<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let small = B::float_exp(B::float_neg(B::float_abs(x.clone())));
    B::float_add(B::relu(x), B::float_log1p(small))
}

/// s + alpha x s (1 - s) with s the sigmoid of alpha x.
fn swish_slope<B: Backend>(x: FloatTensor<B>, alpha: f32) -> FloatTensor<B> {
    let inner = if alpha == 1.0 { x } else { B::float_mul_scalar(x, alpha.into()) };
    let sigmoid = B::sigmoid(inner.clone());
    let bend = B::float_mul(inner, from_one::<B>(sigmoid.clone()));
    B::float_mul(sigmoid, one_more::<B>(bend))
}

fn one_more<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_add_scalar(x, 1.0.into())
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
