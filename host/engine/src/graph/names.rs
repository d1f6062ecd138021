//! What operators are called in ONNX, and of what sort they are.

use super::array::Kind;
use super::operator::{Binary, Elementwise, Normalized, Operator, Reduction};

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
            Self::CumSum { .. } => "CumSum",
            Self::OneHot { .. } => "OneHot",
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
                | Self::Cast(Kind::Whole { .. })
                | Self::Elementwise(Elementwise::Floor | Elementwise::Ceil | Elementwise::Round | Elementwise::Sign)
        )
    }
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
