//! ONNX's element types by their numbers.

use crate::graph::array::Kind;

/// What the numbers of an element type are, for the types that can be computed with.
pub(super) fn kind(number: i32) -> Option<Kind> {
    let whole = |bits, signed| Kind::Whole { bits, signed };
    Some(match number {
        1 | 10 | 11 | 16 => Kind::Float,
        2 => whole(8, false),
        3 => whole(8, true),
        4 => whole(16, false),
        5 => whole(16, true),
        6 => whole(32, true),
        7 => whole(64, true),
        9 => Kind::Bool,
        12 => whole(32, false),
        13 => whole(64, false),
        21 => whole(4, false),
        22 => whole(4, true),
        25 => whole(2, false),
        26 => whole(2, true),
        _ => return None,
    })
}

/// The name of an element type.
pub(super) fn name(number: i32) -> String {
    let known = match number {
        1 => "float",
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 => "int32",
        7 => "int64",
        8 => "string",
        9 => "bool",
        10 => "float16",
        11 => "double",
        12 => "uint32",
        13 => "uint64",
        14 => "complex64",
        15 => "complex128",
        16 => "bfloat16",
        17 => "float8e4m3fn",
        18 => "float8e4m3fnuz",
        19 => "float8e5m2",
        20 => "float8e5m2fnuz",
        21 => "uint4",
        22 => "int4",
        23 => "float4e2m1",
        24 => "float8e8m0",
        25 => "uint2",
        26 => "int2",
        other => return format!("element type {other}, which ONNX did not have in 2026"),
    };
    known.to_owned()
}
