//! The operators that a graph may hold, with ONNX semantics.

use super::array::{Array, Kind};
use crate::kernels::Nonlinearity;

/// One operator with its attributes. What an older operator set gives as an attribute and a newer one as an input is an
/// input here. Shapes are those of ONNX: images (N, C, H, W), volumes (N, C, D, H, W).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operator {
    /// Inputs x, weight (O, I / groups, kh, kw), optional bias (O); of volumes, weight (O, I / groups, kd, kh, kw).
    Conv {
        stride: [usize; 2],
        padding: Padding,
        dilation: [usize; 2],
        groups: usize,
        depth: Option<Depth>,
    },
    /// Inputs x, weight (I, O / groups, kh, kw), optional bias (O); of volumes, weight (I, O / groups, kd, kh, kw).
    ConvTranspose {
        stride: [usize; 2],
        padding: Padding,
        output_padding: [usize; 2],
        /// (H, W) of the result, which decides the padding.
        output_shape: Option<[usize; 2]>,
        dilation: [usize; 2],
        groups: usize,
        depth: Option<TransposedDepth>,
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
    /// Casts to the kind of input 1.
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
    /// Sums of the numbers up to each, along the axis that input 1 names.
    CumSum {
        /// Whether a sum leaves out the number at its own place.
        exclusive: bool,
        /// Whether sums begin at the other end.
        reverse: bool,
    },
    /// Inputs indices, depth, values: the second value where an index is, else the first, along a new axis.
    OneHot {
        axis: i64,
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
    /// The factor of the products of queries and keys; none for 1 / sqrt(depth).
    pub(crate) scale: Option<f32>,
    /// Whether a token sees only those before it.
    pub(crate) causal: bool,
    /// The numbers of heads of queries and of keys, where the heads lie side by side in one axis.
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

/// A pooling window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pool {
    /// Whether the values are lines (N, C, L), pictures of one row.
    pub(crate) line: bool,
    /// What moves along the depth, where the values are volumes.
    pub(crate) depth: Option<Depth>,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
    pub(crate) dilation: [usize; 2],
    /// Round the size of the output up, so that a partial window at the end counts.
    pub(crate) round_up: bool,
}

/// A window along the depth of volumes (N, C, D, H, W).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Depth {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    /// The padding, as that of images of D rows and one column.
    pub(crate) padding: Padding,
    pub(crate) dilation: usize,
}

impl Depth {
    /// The padding before and after so many slices.
    pub(crate) fn amounts(&self, slices: usize) -> [usize; 2] {
        let [before, _, after, _] =
            self.padding.amounts([slices, 1], [self.kernel, 1], [self.stride, 1], [self.dilation, 1]);
        [before, after]
    }
}

/// The depth of a transposed convolution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransposedDepth {
    pub(crate) window: Depth,
    pub(crate) output_padding: usize,
    /// Slices of the result, where the file names its shape.
    pub(crate) output_shape: Option<usize>,
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
