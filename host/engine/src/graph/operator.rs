//! The operators that a graph may hold, with ONNX semantics.

use super::array::{Array, Kind};
use crate::kernels::Nonlinearity;

/// One operator with its attributes. What an older operator set gives as an attribute and a newer one as an input is an
/// input here. Shapes are those of ONNX: images (N, C, H, W).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operator {
    /// Inputs x, weight (O, I / groups, kh, kw), optional bias (O).
    Conv {
        stride: [usize; 2],
        padding: Padding,
        dilation: [usize; 2],
        groups: usize,
    },
    /// Inputs x, weight (I, O / groups, kh, kw), optional bias (O).
    ConvTranspose {
        stride: [usize; 2],
        padding: Padding,
        output_padding: [usize; 2],
        /// (H, W) of the result, which decides the padding.
        output_shape: Option<[usize; 2]>,
        dilation: [usize; 2],
        groups: usize,
    },
    /// Silences a share of the features while training, and passes everything otherwise.
    Dropout {
        rate: f32,
    },
    Resize(Resizing),
    /// Inputs x, scale, shift, mean, variance, each (C).
    BatchNorm {
        epsilon: f32,
    },
    /// Inputs x, scale, bias. Mean and variance over `group` of the features of an image.
    Normalize {
        over: Normalized,
        epsilon: f32,
    },
    /// x divided by its norm of order 1 or 2 along an axis.
    LpNorm {
        axis: i64,
        order: i64,
    },
    /// x / (bias + alpha / size * sum of the squares of `size` neighbouring channels) ^ beta (Krizhevsky et al. 2012).
    LocalResponseNorm {
        size: usize,
        alpha: f32,
        beta: f32,
        bias: f32,
    },
    Relu,
    /// Slope of what is below 0 as input 1.
    PRelu,
    /// Limits as inputs 1 and 2.
    Clip,
    Sigmoid,
    Tanh,
    /// Another function of each number, with a gradient.
    Activation(Nonlinearity),
    /// Another function of each number.
    Elementwise(Elementwise),
    Softmax {
        axis: i64,
        /// Over all axes from this one on, as before operator set 13.
        flattened: bool,
        log: bool,
    },
    /// 1 where the first largest number along the axis is, else 0.
    Hardmax {
        axis: i64,
        flattened: bool,
    },
    MaxPool(Pool),
    AveragePool {
        pool: Pool,
        count_padding: bool,
    },
    GlobalAveragePool,
    GlobalMaxPool,
    /// alpha A' B' + beta C, with transposes.
    Gemm {
        alpha: f32,
        beta: f32,
        transpose_a: bool,
        transpose_b: bool,
    },
    MatMul,
    Attention(Attention),
    Einsum {
        equation: String,
    },
    Add,
    Subtract,
    Multiply,
    Divide,
    Binary(Binary),
    /// Inputs condition, x, y.
    Where,
    Concat {
        axis: i64,
    },
    /// Sizes as input 1, or equal parts.
    Split {
        axis: i64,
        parts: usize,
    },
    Flatten {
        axis: i64,
    },
    /// The shape as input 1.
    Reshape {
        /// Whether a size of 0 stands for no element, not for the size that is there.
        zero_is_empty: bool,
    },
    /// Axes as input 1.
    Reduce {
        how: Reduction,
        keep: bool,
        /// Whether no axes stand for none of them, not for all.
        empty_is_none: bool,
    },
    /// The place of the largest number along an axis.
    ArgMax {
        axis: i64,
        keep: bool,
        last: bool,
        smallest: bool,
    },
    /// Axes as input 1.
    Squeeze,
    /// Axes as input 1.
    Unsqueeze,
    Transpose {
        order: Option<Vec<i64>>,
    },
    /// Amounts, value and axes as inputs 1 to 3.
    Pad(PadMode),
    /// The shape as input 1.
    Expand,
    /// How often along each axis, as input 1.
    Tile,
    /// Squares of channels to squares of pixels.
    DepthToSpace {
        block: usize,
        /// Whether the channels are ordered by column, row, depth, not by depth first.
        columns_first: bool,
    },
    SpaceToDepth {
        block: usize,
    },
    Identity,
    Cast(Kind),
    /// To the kind of input 1.
    CastLike,
    /// The dimensions `start .. end` of the input, as integers.
    Shape {
        start: i64,
        end: Option<i64>,
    },
    Size,
    /// Places as input 1.
    Gather {
        axis: i64,
    },
    GatherElements {
        axis: i64,
    },
    GatherNd,
    ScatterNd,
    /// Starts, ends, axes and steps as inputs 1 to 4.
    Slice,
    /// The shape as input 0.
    ConstantOfShape(Array),
    Range,
    Trilu {
        upper: bool,
    },
    /// Inputs x, scale, zero point.
    Quantize {
        axis: i64,
        kind: Option<Kind>,
    },
    /// Inputs x, scale, zero point.
    Dequantize {
        axis: i64,
    },
    /// Makes whole numbers, their scale and their zero point.
    DynamicQuantize,
}

/// Functions of each number that are written out of others, or whose gradient is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elementwise {
    Abs,
    Neg,
    Exp,
    Log,
    Sqrt,
    Reciprocal,
    Erf,
    Sin,
    Cos,
    Floor,
    Ceil,
    Round,
    Sign,
    Not,
}

/// Functions of two numbers beside the four of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Power,
    Minimum,
    Maximum,
    Mean,
    Equal,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    And,
    Or,
    Xor,
    /// The remainder; with the sign of the dividend, as in C, if `true`.
    Modulo(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Mean,
    Sum,
    Max,
    Min,
    Product,
    L1,
    L2,
    SumOfSquares,
    LogOfSum,
    LogSumExp,
}

impl Elementwise {
    fn name(self) -> &'static str {
        match self {
            Self::Abs => "Abs",
            Self::Neg => "Neg",
            Self::Exp => "Exp",
            Self::Log => "Log",
            Self::Sqrt => "Sqrt",
            Self::Reciprocal => "Reciprocal",
            Self::Erf => "Erf",
            Self::Sin => "Sin",
            Self::Cos => "Cos",
            Self::Floor => "Floor",
            Self::Ceil => "Ceil",
            Self::Round => "Round",
            Self::Sign => "Sign",
            Self::Not => "Not",
        }
    }
}

impl Binary {
    /// Whether the result is true or false.
    pub(crate) fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::Less
                | Self::Greater
                | Self::LessOrEqual
                | Self::GreaterOrEqual
                | Self::And
                | Self::Or
                | Self::Xor
        )
    }

    fn name(self) -> &'static str {
        match self {
            Self::Power => "Pow",
            Self::Minimum => "Min",
            Self::Maximum => "Max",
            Self::Mean => "Mean",
            Self::Equal => "Equal",
            Self::Less => "Less",
            Self::Greater => "Greater",
            Self::LessOrEqual => "LessOrEqual",
            Self::GreaterOrEqual => "GreaterOrEqual",
            Self::And => "And",
            Self::Or => "Or",
            Self::Xor => "Xor",
            Self::Modulo(_) => "Mod",
        }
    }
}

impl Reduction {
    fn name(self) -> &'static str {
        match self {
            Self::Mean => "ReduceMean",
            Self::Sum => "ReduceSum",
            Self::Max => "ReduceMax",
            Self::Min => "ReduceMin",
            Self::Product => "ReduceProd",
            Self::L1 => "ReduceL1",
            Self::L2 => "ReduceL2",
            Self::SumOfSquares => "ReduceSumSquare",
            Self::LogOfSum => "ReduceLogSum",
            Self::LogSumExp => "ReduceLogSumExp",
        }
    }
}

/// Which features share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Normalized {
    /// All axes from this one on; scale and bias broadcast (Ba et al. 2016). Without `centred` the mean stays.
    Layer { axis: i64, centred: bool },
    /// The pixels of a channel (Ulyanov et al. 2016).
    Instance,
    /// So many groups of channels (Wu and He 2018); scale and bias for each group if `by_group`, else for each channel.
    Group { groups: usize, by_group: bool },
}

/// What stands around a padded array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PadMode {
    Constant,
    Reflect,
    Edge,
    Wrap,
}

/// ONNX's attributes of `Attention`. Inputs queries, keys, values, mask.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attention {
    /// Of the products; none for 1 / sqrt(depth).
    pub(crate) scale: Option<f32>,
    /// Whether a token sees only those before it.
    pub(crate) causal: bool,
    /// Of queries and of keys, where they lie side by side in one axis.
    pub(crate) heads: [Option<usize>; 2],
}

/// How images are resized: ONNX's attributes of `Resize`. Inputs x, region, factors, sizes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resizing {
    pub(crate) mode: Sampling,
    pub(crate) centres: Centres,
    pub(crate) nearest: Nearest,
    /// `a` of the cubic kernel.
    pub(crate) cubic: f64,
    /// Whether samples outside of the image count as nothing.
    pub(crate) exclude_outside: bool,
    /// Whether the kernel widens when the image shrinks.
    pub(crate) antialias: bool,
    /// The axes that factors or sizes are for; none for all.
    pub(crate) axes: Option<Vec<i64>>,
    /// Whether sizes are a frame that the image keeps its proportions in.
    pub(crate) policy: Proportions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampling {
    Nearest,
    Linear,
    Cubic,
}

/// Where the pixels of the result lie on the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Centres {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    /// (x + 0.5) / factor, of operator set 11.
    HalfPixelForNearest,
}

/// Which neighbour is the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nearest {
    RoundPreferFloor,
    RoundPreferCeil,
    Floor,
    Ceil,
    /// Down where the image grows, up where it shrinks: operator set 10.
    Simple,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proportions {
    Stretch,
    NotLarger,
    NotSmaller,
}

impl Operator {
    /// The name of an activation function; none for what weighs, moves or pools.
    pub(crate) fn activation_function(&self) -> Option<&'static str> {
        match self {
            Self::Relu => Some(crate::classifier::RULED),
            Self::PRelu => Some("PRelu"),
            Self::Clip => Some("Clip"),
            Self::Sigmoid => Some("Sigmoid"),
            Self::Tanh => Some("Tanh"),
            Self::Activation(function) => Some(function.name()),
            Self::Elementwise(Elementwise::Erf) => Some("Erf"),
            _ => None,
        }
    }

    /// The name in ONNX, for messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Conv { .. } => "Conv",
            Self::ConvTranspose { .. } => "ConvTranspose",
            Self::Dropout { .. } => "Dropout",
            Self::Resize(_) => "Resize",
            Self::BatchNorm { .. } => "BatchNormalization",
            Self::Normalize { over: Normalized::Layer { centred: true, .. }, .. } => "LayerNormalization",
            Self::Normalize { over: Normalized::Layer { .. }, .. } => "RMSNormalization",
            Self::Normalize { over: Normalized::Instance, .. } => "InstanceNormalization",
            Self::Normalize { over: Normalized::Group { .. }, .. } => "GroupNormalization",
            Self::LpNorm { .. } => "LpNormalization",
            Self::LocalResponseNorm { .. } => "LRN",
            Self::Relu => "Relu",
            Self::PRelu => "PRelu",
            Self::Clip => "Clip",
            Self::Sigmoid => "Sigmoid",
            Self::Tanh => "Tanh",
            Self::Activation(function) => function.name(),
            Self::Elementwise(function) => function.name(),
            Self::Softmax { log: false, .. } => "Softmax",
            Self::Softmax { .. } => "LogSoftmax",
            Self::Hardmax { .. } => "Hardmax",
            Self::MaxPool(_) => "MaxPool",
            Self::AveragePool { .. } => "AveragePool",
            Self::GlobalAveragePool => "GlobalAveragePool",
            Self::GlobalMaxPool => "GlobalMaxPool",
            Self::Gemm { .. } => "Gemm",
            Self::MatMul => "MatMul",
            Self::Attention(_) => "Attention",
            Self::Einsum { .. } => "Einsum",
            Self::Add => "Add",
            Self::Subtract => "Sub",
            Self::Multiply => "Mul",
            Self::Divide => "Div",
            Self::Binary(function) => function.name(),
            Self::Where => "Where",
            Self::Concat { .. } => "Concat",
            Self::Split { .. } => "Split",
            Self::Flatten { .. } => "Flatten",
            Self::Reshape { .. } => "Reshape",
            Self::Reduce { how, .. } => how.name(),
            Self::ArgMax { smallest: false, .. } => "ArgMax",
            Self::ArgMax { .. } => "ArgMin",
            Self::Squeeze => "Squeeze",
            Self::Unsqueeze => "Unsqueeze",
            Self::Transpose { .. } => "Transpose",
            Self::Pad(_) => "Pad",
            Self::Expand => "Expand",
            Self::Tile => "Tile",
            Self::DepthToSpace { .. } => "DepthToSpace",
            Self::SpaceToDepth { .. } => "SpaceToDepth",
            Self::Identity => "Identity",
            Self::Cast(_) => "Cast",
            Self::CastLike => "CastLike",
            Self::Shape { .. } => "Shape",
            Self::Size => "Size",
            Self::Gather { .. } => "Gather",
            Self::GatherElements { .. } => "GatherElements",
            Self::GatherNd => "GatherND",
            Self::ScatterNd => "ScatterND",
            Self::Slice => "Slice",
            Self::ConstantOfShape(_) => "ConstantOfShape",
            Self::Range => "Range",
            Self::Trilu { .. } => "Trilu",
            Self::Quantize { .. } => "QuantizeLinear",
            Self::Dequantize { .. } => "DequantizeLinear",
            Self::DynamicQuantize => "DynamicQuantizeLinear",
        }
    }

    /// Whether the result has no gradient although it depends on numbers of the image.
    pub(crate) fn without_gradient(&self) -> bool {
        matches!(
            self,
            Self::Hardmax { .. }
                | Self::ArgMax { .. }
                | Self::Quantize { .. }
                | Self::DynamicQuantize
                | Self::Elementwise(Elementwise::Floor | Elementwise::Ceil | Elementwise::Round | Elementwise::Sign)
        )
    }
}

/// A pooling window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pool {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
    pub(crate) dilation: [usize; 2],
    /// Round the size of the output up, so that a partial window at the end counts.
    pub(crate) round_up: bool,
}

/// Zeros (or, for a maximum, nothing) around an image.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Padding {
    /// Top, left, bottom, right.
    Explicit([usize; 4]),
    /// As much as keeps size / stride, the odd one at the end.
    SameUpper,
    /// The same with the odd one at the beginning.
    SameLower,
}

impl Padding {
    /// The amounts for an input of `size`: top, left, bottom, right.
    pub(crate) fn amounts(
        &self,
        size: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
    ) -> [usize; 4] {
        let total = |axis: usize| {
            let reach = (kernel[axis].max(1) - 1) * dilation[axis] + 1;
            ((size[axis].div_ceil(stride[axis]).max(1) - 1) * stride[axis] + reach).saturating_sub(size[axis])
        };
        match self {
            Self::Explicit(amounts) => *amounts,
            Self::SameUpper => [total(0) / 2, total(1) / 2, total(0).div_ceil(2), total(1).div_ceil(2)],
            Self::SameLower => [total(0).div_ceil(2), total(1).div_ceil(2), total(0) / 2, total(1) / 2],
        }
    }
}
