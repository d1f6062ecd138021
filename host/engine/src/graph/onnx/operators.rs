//! Every operator of ONNX that is known: its operator sets, and how it is read.

use super::attributes::Reader;
use super::forms::{
    arg_max, attention, average_pool, batch_norm, cast, cast_like, clip, conv, conv_transpose, depth_to_space,
    dequantize, dropout, pad, quantize, reduce, resize, slice, softmax, softmax_axis, split, stash, upsample,
};
use crate::Result;
use crate::graph::array::Array;
use crate::graph::operator::{Binary, Elementwise, Normalized, Operator, Reduction};
use crate::kernels::Nonlinearity;

/// The first and the last of ONNX's operator sets whose meaning is known.
pub(super) const SETS: [i64; 2] = [7, 28];

/// An operator of ONNX's own domain.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// The sets that have it.
    pub(super) sets: [i64; 2],
    /// How many inputs it may have; the sets before `SETS` have no say.
    pub(super) inputs: usize,
    /// How many of its outputs are computed. Others may stand in the file if nothing reads them.
    pub(super) outputs: usize,
    pub(super) read: fn(&Reader) -> Result<Operator>,
}

const ANY: usize = usize::MAX;

const fn known(name: &'static str, since: i64, inputs: usize, read: fn(&Reader) -> Result<Operator>) -> Known {
    let since = if since < SETS[0] { SETS[0] } else { since };
    Known { name, sets: [since, SETS[1]], inputs, outputs: 1, read }
}

macro_rules! plain {
    ($operator:expr) => {
        |_| Ok($operator)
    };
}

use Binary as B;
use Elementwise as E;
use Operator as O;
use Reduction as R;

/// All of them, by name.
pub(super) const KNOWN: &[Known] = &[
    known("Abs", 6, 1, plain!(O::Elementwise(E::Abs))),
    known("Add", 7, 2, plain!(O::Add)),
    known("And", 7, 2, plain!(O::Binary(B::And))),
    known("ArgMax", 1, 1, |a| arg_max(a, false)),
    known("ArgMin", 1, 1, |a| arg_max(a, true)),
    known("Attention", 23, 4, attention),
    known("AveragePool", 7, 1, average_pool),
    known("BatchNormalization", 7, 5, batch_norm),
    known("Cast", 6, 1, cast),
    known("CastLike", 15, 2, cast_like),
    known("Ceil", 6, 1, plain!(O::Elementwise(E::Ceil))),
    known("Celu", 12, 1, |a| {
        let alpha = a.float("alpha", 1.0)?;
        Ok(O::Activation(Nonlinearity::Elu { scale: 1.0, alpha, rate: 1.0 / alpha }))
    }),
    known("Clip", 6, 3, clip),
    known("Concat", 4, ANY, |a| match a.optional_integer("axis")? {
        Some(axis) => Ok(O::Concat { axis }),
        None => Err(a.refused("attribute axis is missing")),
    }),
    known("ConstantOfShape", 9, 1, plain!(O::ConstantOfShape(Array::scalar(0.0)))),
    known("Conv", 1, 3, conv),
    known("ConvTranspose", 1, 3, conv_transpose),
    known("Cos", 7, 1, plain!(O::Elementwise(E::Cos))),
    known("CumSum", 11, 2, |a| Ok(O::CumSum { exclusive: a.flag("exclusive")?, reverse: a.flag("reverse")? })),
    known("DepthToSpace", 1, 1, depth_to_space),
    known("DequantizeLinear", 10, 3, dequantize),
    known("Div", 7, 2, plain!(O::Divide)),
    known("Dropout", 7, 3, dropout),
    Known { outputs: 3, ..known("DynamicQuantizeLinear", 11, 1, plain!(O::DynamicQuantize)) },
    known("Einsum", 12, ANY, |a| Ok(O::Einsum { equation: a.text("equation")? })),
    known("Elu", 6, 1, |a| {
        Ok(O::Activation(Nonlinearity::Elu { scale: 1.0, alpha: a.float("alpha", 1.0)?, rate: 1.0 }))
    }),
    known("Equal", 7, 2, plain!(O::Binary(B::Equal))),
    known("Erf", 9, 1, plain!(O::Elementwise(E::Erf))),
    known("Exp", 6, 1, plain!(O::Elementwise(E::Exp))),
    known("Expand", 8, 2, plain!(O::Expand)),
    known("Flatten", 1, 1, |a| Ok(O::Flatten { axis: a.integer("axis", 1)? })),
    known("Floor", 6, 1, plain!(O::Elementwise(E::Floor))),
    known("Gather", 1, 2, |a| Ok(O::Gather { axis: a.integer("axis", 0)? })),
    known("GatherElements", 11, 2, |a| Ok(O::GatherElements { axis: a.integer("axis", 0)? })),
    known("GatherND", 11, 2, |a| match a.integer("batch_dims", 0)? {
        0 => Ok(O::GatherNd),
        other => Err(a.refused(&format!("attribute batch_dims is {other}, expected 0"))),
    }),
    known("Gelu", 20, 1, |a| {
        let by_tanh = a.choice("approximate", &[("none", false), ("tanh", true)])?;
        Ok(O::Activation(Nonlinearity::Gelu { by_tanh }))
    }),
    known("Gemm", 7, 3, |a| {
        Ok(O::Gemm {
            alpha: a.float("alpha", 1.0)?,
            beta: a.float("beta", 1.0)?,
            transpose_a: a.flag("transA")?,
            transpose_b: a.flag("transB")?,
        })
    }),
    known("GlobalAveragePool", 1, 1, plain!(O::GlobalAveragePool)),
    known("GlobalMaxPool", 1, 1, plain!(O::GlobalMaxPool)),
    known("Greater", 7, 2, plain!(O::Binary(B::Greater))),
    known("GreaterOrEqual", 12, 2, plain!(O::Binary(B::GreaterOrEqual))),
    known("GroupNormalization", 18, 3, |a| {
        // Until operator set 21, scale and bias were for groups.
        let over = Normalized::Group { groups: a.count("num_groups", 0)?, by_group: a.version < 21 };
        stash(a)?;
        Ok(O::Normalize { over, epsilon: a.float("epsilon", 1e-5)? })
    }),
    known("HardSigmoid", 6, 1, |a| {
        let (slope, offset) = (a.float("alpha", 0.2)?, a.float("beta", 0.5)?);
        Ok(O::Activation(Nonlinearity::HardSigmoid { slope, offset }))
    }),
    known("HardSwish", 14, 1, plain!(O::Activation(Nonlinearity::HardSwish))),
    known("Hardmax", 1, 1, |a| {
        let (axis, flattened) = softmax_axis(a)?;
        Ok(O::Hardmax { axis, flattened })
    }),
    known("Identity", 1, 1, plain!(O::Identity)),
    known("InstanceNormalization", 6, 3, |a| {
        Ok(O::Normalize { over: Normalized::Instance, epsilon: a.float("epsilon", 1e-5)? })
    }),
    known("LRN", 1, 1, |a| {
        Ok(O::LocalResponseNorm {
            size: a.count("size", 0)?,
            alpha: a.float("alpha", 1e-4)?,
            beta: a.float("beta", 0.75)?,
            bias: a.float("bias", 1.0)?,
        })
    }),
    Known {
        outputs: 3,
        ..known("LayerNormalization", 17, 3, |a| {
            stash(a)?;
            let over = Normalized::Layer { axis: a.integer("axis", -1)?, centred: true };
            Ok(O::Normalize { over, epsilon: a.float("epsilon", 1e-5)? })
        })
    },
    known("LeakyRelu", 6, 1, |a| Ok(O::Activation(Nonlinearity::LeakyRelu { slope: a.float("alpha", 0.01)? }))),
    known("Less", 7, 2, plain!(O::Binary(B::Less))),
    known("LessOrEqual", 12, 2, plain!(O::Binary(B::LessOrEqual))),
    known("Log", 6, 1, plain!(O::Elementwise(E::Log))),
    known("LogSoftmax", 1, 1, |a| softmax(a, true)),
    known("LpNormalization", 1, 1, |a| match a.integer("p", 2)? {
        order @ (1 | 2) => Ok(O::LpNorm { axis: a.integer("axis", -1)?, order }),
        other => Err(a.refused(&format!("attribute p is {other}, expected 1 or 2"))),
    }),
    known("MatMul", 1, 2, plain!(O::MatMul)),
    known("Max", 8, ANY, plain!(O::Binary(B::Maximum))),
    known("MaxPool", 1, 1, |a| {
        // The order of the indices, which are not computed.
        a.integer("storage_order", 0)?;
        Ok(O::MaxPool(a.pool()?))
    }),
    known("Mean", 8, ANY, plain!(O::Binary(B::Mean))),
    known("Min", 8, ANY, plain!(O::Binary(B::Minimum))),
    known("Mish", 18, 1, plain!(O::Activation(Nonlinearity::Mish))),
    known("Mod", 10, 2, |a| Ok(O::Binary(B::Modulo(a.flag("fmod")?)))),
    known("Mul", 7, 2, plain!(O::Multiply)),
    known("Neg", 6, 1, plain!(O::Elementwise(E::Neg))),
    known("Not", 1, 1, plain!(O::Elementwise(E::Not))),
    known("OneHot", 9, 3, |a| Ok(O::OneHot { axis: a.integer("axis", -1)? })),
    known("Or", 7, 2, plain!(O::Binary(B::Or))),
    known("PRelu", 7, 2, plain!(O::PRelu)),
    known("Pad", 2, 4, pad),
    known("Pow", 7, 2, plain!(O::Binary(B::Power))),
    known("QuantizeLinear", 10, 3, quantize),
    known("RMSNormalization", 23, 2, |a| {
        stash(a)?;
        let over = Normalized::Layer { axis: a.integer("axis", -1)?, centred: false };
        Ok(O::Normalize { over, epsilon: a.float("epsilon", 1e-5)? })
    }),
    known("Range", 11, 3, |a| {
        a.integer("stash_type", 1)?;
        Ok(O::Range)
    }),
    known("Reciprocal", 6, 1, plain!(O::Elementwise(E::Reciprocal))),
    known("ReduceL1", 1, 2, |a| reduce(a, R::L1, 18)),
    known("ReduceL2", 1, 2, |a| reduce(a, R::L2, 18)),
    known("ReduceLogSum", 1, 2, |a| reduce(a, R::LogOfSum, 18)),
    known("ReduceLogSumExp", 1, 2, |a| reduce(a, R::LogSumExp, 18)),
    known("ReduceMax", 1, 2, |a| reduce(a, R::Max, 18)),
    known("ReduceMean", 1, 2, |a| reduce(a, R::Mean, 18)),
    known("ReduceMin", 1, 2, |a| reduce(a, R::Min, 18)),
    known("ReduceProd", 1, 2, |a| reduce(a, R::Product, 18)),
    known("ReduceSum", 1, 2, |a| reduce(a, R::Sum, 13)),
    known("ReduceSumSquare", 1, 2, |a| reduce(a, R::SumOfSquares, 18)),
    known("Relu", 6, 1, plain!(O::Relu)),
    known("Reshape", 5, 2, |a| Ok(O::Reshape { zero_is_empty: a.flag("allowzero")? })),
    known("Resize", 10, 4, resize),
    known("Round", 11, 1, plain!(O::Elementwise(E::Round))),
    known("ScatterND", 11, 3, |a| match a.text("reduction")?.as_str() {
        "" | "none" => Ok(O::ScatterNd),
        other => Err(a.refused(&format!("reduction `{other}`, expected none"))),
    }),
    known("Selu", 6, 1, |a| {
        let (scale, alpha) = (a.float("gamma", 1.050_701)?, a.float("alpha", 1.673_263_2)?);
        Ok(O::Activation(Nonlinearity::Elu { scale, alpha, rate: 1.0 }))
    }),
    known("Shape", 1, 1, |a| Ok(O::Shape { start: a.integer("start", 0)?, end: a.optional_integer("end")? })),
    known("Sigmoid", 6, 1, plain!(O::Sigmoid)),
    known("Sign", 9, 1, plain!(O::Elementwise(E::Sign))),
    known("Sin", 7, 1, plain!(O::Elementwise(E::Sin))),
    known("Size", 1, 1, plain!(O::Size)),
    known("Slice", 1, 5, slice),
    known("Softmax", 1, 1, |a| softmax(a, false)),
    known("Softplus", 1, 1, plain!(O::Activation(Nonlinearity::Softplus))),
    known("Softsign", 1, 1, plain!(O::Activation(Nonlinearity::Softsign))),
    known("SpaceToDepth", 1, 1, |a| {
        a.choice("mode", &[("DCR", ())])?;
        Ok(O::SpaceToDepth { block: a.count("blocksize", 0)? })
    }),
    Known { outputs: ANY, ..known("Split", 2, 2, split) },
    known("Sqrt", 6, 1, plain!(O::Elementwise(E::Sqrt))),
    known("Squeeze", 1, 2, |a| {
        a.list("axes", 1, 13)?;
        Ok(O::Squeeze)
    }),
    known("Sub", 7, 2, plain!(O::Subtract)),
    known("Sum", 8, ANY, plain!(O::Add)),
    known("Swish", 24, 1, |a| Ok(O::Activation(Nonlinearity::Swish { alpha: a.float("alpha", 1.0)? }))),
    known("Tanh", 6, 1, plain!(O::Tanh)),
    known("ThresholdedRelu", 10, 1, |a| {
        Ok(O::Activation(Nonlinearity::ThresholdedRelu { alpha: a.float("alpha", 1.0)? }))
    }),
    known("Tile", 6, 2, plain!(O::Tile)),
    known("Transpose", 1, 1, |a| Ok(O::Transpose { order: a.integers("perm")? })),
    known("Trilu", 14, 2, |a| Ok(O::Trilu { upper: a.integer("upper", 1)? != 0 })),
    known("Unsqueeze", 1, 2, |a| {
        a.list("axes", 1, 13)?;
        Ok(O::Unsqueeze)
    }),
    Known { sets: [7, 9], ..known("Upsample", 7, 2, upsample) },
    known("Where", 9, 3, plain!(O::Where)),
    known("Xor", 7, 2, plain!(O::Binary(B::Xor))),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The document that lists what is claimed.
    fn document() -> String {
        let [first, last] = SETS;
        let mut text = format!(
            "# Operators of ONNX that Lacuna reads\n\nMade from the table in `src/graph/onnx/operators.rs`; a test holds it. Domain \
             `ai.onnx`, operator sets {first} to {last}. Each\nis read by the rules of the set that the file is written in; an \
             attribute, a form or a set that is not known is\nrefused by name. Windows and convolutions are those of images, \
             with rows and columns, of lines (not\n`ConvTranspose`), and of volumes, with depth, rows and columns.\n\n| operator | sets |\n|---|---|\n"
        );
        for known in KNOWN {
            text += &format!("| {} | {} to {} |\n", known.name, known.sets[0], known.sets[1]);
        }
        text + "\nRead as well: `Constant`, `If` with a constant condition, functions of the file, and the operators of quantised \
                graphs\n`QLinearConv`, `QLinearMatMul`, `ConvInteger`, `MatMulInteger`, and of the domain `com.microsoft` \
                `QGemm`, `QLinearAdd`,\n`QLinearMul`, `QLinearConcat`, `QLinearAveragePool`, `QLinearGlobalAveragePool`, `QLinearSoftmax`, \
                `QLinearSigmoid`\nand `QLinearLeakyRelu`. Quantised graphs have no gradients.\n\n\
                `GatherElements`, `ScatterND`, `OneHot`, `Range` and `ConstantOfShape` are computed of constants and of sizes, not of numbers \
                of the image.\n"
    }

    #[test]
    fn the_list_of_operators_is_that_of_the_table() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("OPERATORS.md");
        if std::env::var_os("LACUNA_WRITE_DOCUMENTS").is_some() {
            std::fs::write(&file, document()).unwrap();
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, document(), "{}: run this test with LACUNA_WRITE_DOCUMENTS=1", file.display());
    }

    #[test]
    fn operators_are_sorted_and_each_once() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
