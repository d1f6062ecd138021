//! The operators that a graph may hold, with ONNX semantics.

/// One operator with its attributes. Shapes are those of ONNX: images (N, C, H, W).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operator {
    /// Inputs x, weight (O, I / groups, kh, kw), optional bias (O).
    Conv {
        stride: [usize; 2],
        padding: Padding,
        dilation: [usize; 2],
        groups: usize,
    },
    /// Inputs x, weight (I, O / groups, kh, kw), optional bias (O). Padding is top, left, bottom, right.
    ConvTranspose {
        stride: [usize; 2],
        padding: [usize; 4],
        output_padding: [usize; 2],
        dilation: [usize; 2],
        groups: usize,
    },
    /// Silences a share of the features while training, and passes everything otherwise.
    Dropout {
        rate: f32,
    },
    /// Rows and columns of images multiplied by whole factors, attribute or inputs as ONNX has them.
    Resize {
        how: crate::Interpolation,
    },
    /// Inputs x, scale, shift, mean, variance, each (C).
    BatchNorm {
        epsilon: f32,
    },
    Relu,
    LeakyRelu {
        slope: f32,
    },
    /// Limits as attributes, or as inputs 1 and 2.
    Clip {
        low: Option<f32>,
        high: Option<f32>,
    },
    Sigmoid,
    HardSigmoid {
        slope: f32,
        offset: f32,
    },
    HardSwish,
    Tanh,
    Softmax {
        axis: i64,
    },
    MaxPool(Pool),
    AveragePool {
        pool: Pool,
        count_padding: bool,
    },
    GlobalAveragePool,
    /// alpha A' B' + beta C, with transposes.
    Gemm {
        alpha: f32,
        beta: f32,
        transpose_a: bool,
        transpose_b: bool,
    },
    MatMul,
    Add,
    Subtract,
    Multiply,
    Divide,
    Concat {
        axis: i64,
    },
    Flatten {
        axis: i64,
    },
    Reshape,
    /// Axes as an attribute or as input 1.
    ReduceMean {
        axes: Option<Vec<i64>>,
        keep: bool,
    },
    Squeeze {
        axes: Option<Vec<i64>>,
    },
    Unsqueeze {
        axes: Option<Vec<i64>>,
    },
    Transpose {
        order: Option<Vec<i64>>,
    },
    /// Zeros around; amounts as an attribute or as input 1.
    Pad {
        amounts: Option<Vec<i64>>,
    },
    Identity,
    /// The dimensions `start .. end` of the input, as integers.
    Shape {
        start: i64,
        end: Option<i64>,
    },
    /// Elements of a list of integers.
    Gather,
    /// Elements of a list of integers, or a range of a tensor.
    Slice,
}

impl Operator {
    /// The name of an activation function; none for what weighs, moves or pools.
    pub(crate) fn activation_function(&self) -> Option<&'static str> {
        match self {
            Self::Relu => Some(crate::classifier::RULED),
            Self::LeakyRelu { .. } => Some("LeakyRelu"),
            Self::Clip { .. } => Some("Clip"),
            Self::Sigmoid => Some("Sigmoid"),
            Self::HardSigmoid { .. } => Some("HardSigmoid"),
            Self::HardSwish => Some("HardSwish"),
            Self::Tanh => Some("Tanh"),
            _ => None,
        }
    }
}

/// The names that the reader knows, for messages.
pub(crate) const KNOWN: &[&str] = &[
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "ConvTranspose",
    "Div",
    "Dropout",
    "Flatten",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "MatMul",
    "MaxPool",
    "Mul",
    "Pad",
    "ReduceMean",
    "Relu",
    "Reshape",
    "Resize",
    "Shape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "Upsample",
];

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
