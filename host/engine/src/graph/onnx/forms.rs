//! How operators with many attributes, or with forms that changed, are read from a node.

use super::attributes::Reader;
use super::types;
use crate::Result;
use crate::graph::array::{Array, Kind};
use crate::graph::operator::{
    Attention, Centres, Nearest, Operator, PadMode, Proportions, Reduction, Resizing, Sampling, TransposedDepth,
};
use Operator as O;

pub(super) fn arg_max(a: &Reader, smallest: bool) -> Result<Operator> {
    Ok(O::ArgMax {
        axis: a.integer("axis", 0)?,
        keep: a.integer("keepdims", 1)? != 0,
        last: a.flag("select_last_index")?,
        smallest,
    })
}

pub(super) fn attention(a: &Reader) -> Result<Operator> {
    // Only for outputs that are not computed.
    a.integer("qk_matmul_output_mode", 0)?;
    a.integer("softmax_precision", 1)?;
    let softcap = a.float("softcap", 0.0)?;
    if softcap != 0.0 {
        return Err(a.refused(&format!("attribute softcap is {softcap}, expected 0")));
    }
    for window in ["left_window_size", "right_window_size"] {
        let size = a.integer(window, -1)?;
        if size != -1 {
            return Err(a.refused(&format!("attribute {window} is {size}, expected -1: every token sees every other")));
        }
    }
    let heads = |name: &str| -> Result<Option<usize>> {
        Ok(a.optional_integer(name)?.and_then(|heads| usize::try_from(heads).ok()))
    };
    let scale = match a.find("scale") {
        Some(_) => Some(a.float("scale", 0.0)?),
        None => None,
    };
    let heads = [heads("q_num_heads")?, heads("kv_num_heads")?];
    Ok(O::Attention(Attention { scale, causal: a.flag("is_causal")?, heads }))
}

pub(super) fn average_pool(a: &Reader) -> Result<Operator> {
    let pool = a.pool()?;
    let dilations: Vec<usize> = pool.depth.iter().map(|depth| depth.dilation).chain(pool.dilation).collect();
    if dilations.iter().any(|dilation| *dilation != 1) {
        return Err(a.refused(&format!("an average over a window with dilations {dilations:?}, expected 1")));
    }
    Ok(O::AveragePool { pool, count_padding: a.flag("count_include_pad")? })
}

pub(super) fn batch_norm(a: &Reader) -> Result<Operator> {
    // Before operator set 14, further outputs stood for training.
    let further = a.node.output.iter().skip(1).any(|output| !output.is_empty());
    if a.flag("training_mode")? || (a.version < 14 && further) {
        // The statistics of constants are constants too: exporters standardise weights so (Qiao et al. 2019).
        let Some([mean, variance]) = a.constant(0).as_ref().and_then(statistics) else {
            return Err(a.refused("exported in training mode; call model.eval() and export again"));
        };
        a.as_input(3, "mean", Some(mean));
        a.as_input(4, "variance", Some(variance));
    }
    if a.version < 9 && a.integer("spatial", 1)? != 1 {
        return Err(a.refused("statistics for each pixel (spatial = 0), expected one for each channel"));
    }
    // How running statistics are updated in training.
    a.float("momentum", 0.9)?;
    Ok(O::BatchNorm { epsilon: a.float("epsilon", 1e-5)? })
}

/// Mean and variance of each channel, axis 1 of an array.
fn statistics(array: &Array) -> Option<[Array; 2]> {
    let (data, channels) = (array.as_floats("").ok()?, *array.shape.get(1)?);
    let within: usize = array.shape.get(2..)?.iter().product();
    let of = |channel: usize| {
        data.iter()
            .enumerate()
            .filter(move |(at, _)| at / within.max(1) % channels == channel)
            .map(|(_, x)| f64::from(*x))
    };
    let count = (data.len() / channels.max(1)) as f64;
    let mean: Vec<f64> = (0..channels).map(|channel| of(channel).sum::<f64>() / count).collect();
    let variance = (0..channels).map(|channel| of(channel).map(|x| (x - mean[channel]).powi(2)).sum::<f64>() / count);
    let variance = variance.map(|x| x as f32).collect();
    Some([mean.iter().map(|x| *x as f32).collect(), variance].map(|list| Array::floats(vec![channels], list)))
}

pub(super) fn cast(a: &Reader) -> Result<Operator> {
    // Both attributes are about 8-bit floats, which are refused as a kind.
    a.integer("saturate", 1)?;
    a.text("round_mode")?;
    match a.kind("to")? {
        // Programs differ in what becomes of numbers that do not fit.
        Some(kind @ Kind::Whole { bits: ..8, .. }) => {
            Err(a.refused(&format!("numbers of type {kind}, expected 8 bits or more")))
        }
        Some(kind) => Ok(O::Cast(kind)),
        None => Err(a.refused("attribute to is missing")),
    }
}

pub(super) fn cast_like(a: &Reader) -> Result<Operator> {
    a.integer("saturate", 1)?;
    a.text("round_mode")?;
    Ok(O::CastLike)
}

pub(super) fn clip(a: &Reader) -> Result<Operator> {
    if a.version < 11 {
        a.as_input(1, "min", Some(Array::scalar(a.float("min", f32::MIN)?)));
        a.as_input(2, "max", Some(Array::scalar(a.float("max", f32::MAX)?)));
    }
    Ok(O::Clip)
}

/// Checks the size of the kernel, which the shape of the weights says as well.
pub(super) fn kernel_shape(a: &Reader) -> Result<()> {
    let Some(kernel) = a.integers("kernel_shape")? else { return Ok(()) };
    let weights = a.constant(1).map(|weights| weights.shape);
    match weights {
        Some(shape) if !shape.iter().skip(2).map(|size| *size as i64).eq(kernel.iter().copied()) => {
            Err(a.refused(&format!("attribute kernel_shape is {kernel:?} and the weights are {shape:?}")))
        }
        _ => Ok(()),
    }
}

pub(super) fn conv(a: &Reader) -> Result<Operator> {
    let slices = slices_of_weights(a)?;
    Ok(O::Conv {
        stride: a.pair("strides", 1)?,
        padding: a.padding()?,
        dilation: a.pair("dilations", 1)?,
        groups: a.count("group", 1)?,
        depth: slices.map(|slices| a.depth(slices)).transpose()?,
    })
}

/// The slices that weights (O, I, kd, kh, kw) reach over; none for weights of images or lines. All lists are as long as the
/// weights have spatial axes.
fn slices_of_weights(a: &Reader) -> Result<Option<usize>> {
    kernel_shape(a)?;
    let Some(weights) = a.constant(1) else { return Ok(None) };
    a.spatial(weights.shape.len().saturating_sub(2).max(1))?;
    Ok(match weights.shape[..] {
        [_, _, slices, _, _] => Some(slices),
        _ => None,
    })
}

pub(super) fn conv_transpose(a: &Reader) -> Result<Operator> {
    let slices = slices_of_weights(a)?;
    let axes = if slices.is_some() { 3 } else { 2 };
    // One number for each spatial axis, the depth first.
    let sizes = |name: &str, list: &[i64], least: i64| -> Result<(Option<usize>, [usize; 2])> {
        let sizes: Option<Vec<usize>> =
            list.iter().map(|size| usize::try_from(*size).ok().filter(|_| *size >= least)).collect();
        match (sizes.as_deref(), slices) {
            (Some([rows, columns]), None) => Ok((None, [*rows, *columns])),
            (Some([depth, rows, columns]), Some(_)) => Ok((Some(*depth), [*rows, *columns])),
            _ => Err(a.refused(&format!("attribute {name} is {list:?}, expected {axes} numbers of {least} or more"))),
        }
    };
    let (along_depth, output_padding) = match a.integers("output_padding")?.filter(|list| !list.is_empty()) {
        None => (None, [0; 2]),
        Some(list) => sizes("output_padding", &list, 0)?,
    };
    let output_shape = match a.integers("output_shape")?.filter(|list| !list.is_empty()) {
        None => None,
        // Some files name batch and channels as well.
        Some(list) if list.len() == axes + 2 => Some(sizes("output_shape", &list[2..], 1)?),
        Some(list) => Some(sizes("output_shape", &list, 1)?),
    };
    let depth = match slices {
        None => None,
        Some(slices) => Some(TransposedDepth {
            window: a.depth(slices)?,
            output_padding: along_depth.unwrap_or(0),
            output_shape: output_shape.and_then(|(depth, _)| depth),
        }),
    };
    Ok(O::ConvTranspose {
        stride: a.pair("strides", 1)?,
        padding: a.padding()?,
        output_padding,
        output_shape: output_shape.map(|(_, sides)| sides),
        dilation: a.pair("dilations", 1)?,
        groups: a.count("group", 1)?,
        depth,
    })
}

pub(super) fn depth_to_space(a: &Reader) -> Result<Operator> {
    let columns_first = a.choice("mode", &[("DCR", false), ("CRD", true)])?;
    Ok(O::DepthToSpace { block: a.count("blocksize", 0)?, columns_first })
}

/// Refuses scales that each belong to a block of numbers.
pub(super) fn blocks(a: &Reader) -> Result<()> {
    match a.integer("block_size", 0)? {
        0 => Ok(()),
        size => Err(a.refused(&format!("attribute block_size is {size}, expected 0: one scale for each channel"))),
    }
}

pub(super) fn quantize(a: &Reader) -> Result<Operator> {
    blocks(a)?;
    a.integer("saturate", 1)?;
    // The type that the division is done in.
    a.integer("precision", 0)?;
    Ok(O::Quantize { axis: a.integer("axis", 1)?, kind: a.kind("output_dtype")? })
}

pub(super) fn dequantize(a: &Reader) -> Result<Operator> {
    blocks(a)?;
    a.kind("output_dtype")?;
    Ok(O::Dequantize { axis: a.integer("axis", 1)? })
}

pub(super) fn dropout(a: &Reader) -> Result<Operator> {
    // Both only matter in training, and a ratio of 0 drops nothing there.
    let ratio = a.float("ratio", 0.5)?;
    let nothing = a.constant(1).map_or(a.version < 12 && ratio == 0.0, |given| given.to_floats() == [0.0]);
    a.integer("seed", 0)?;
    let training = !nothing
        && match a.constant(2) {
            Some(array) => array.to_floats().iter().any(|flag| *flag != 0.0),
            None => a.has(2),
        };
    if training {
        return Err(
            a.refused("training_mode is on, so features are dropped at random; call model.eval() and export again")
        );
    }
    Ok(O::Dropout { rate: 0.0 })
}

pub(super) fn pad(a: &Reader) -> Result<Operator> {
    if a.version < 11 {
        a.list("pads", 1, 11)?;
        a.as_input(2, "value", Some(Array::scalar(a.float("value", 0.0)?)));
    }
    if a.has(3) && a.version < 18 {
        return Err(a.refused("axes as an input, which operator set 18 brought"));
    }
    let modes = [
        ("constant", PadMode::Constant),
        ("reflect", PadMode::Reflect),
        ("edge", PadMode::Edge),
        ("wrap", PadMode::Wrap),
    ];
    Ok(O::Pad(a.choice("mode", &modes)?))
}

/// Reads a reduction, whose axes are an input since operator set `since`.
pub(super) fn reduce(a: &Reader, how: Reduction, since: i64) -> Result<Operator> {
    a.list("axes", 1, since)?;
    let keep = a.integer("keepdims", 1)? != 0;
    let empty_is_none = a.version >= since && a.flag("noop_with_empty_axes")?;
    Ok(O::Reduce { how, keep, empty_is_none })
}

pub(super) fn resize(a: &Reader) -> Result<Operator> {
    let mode =
        a.choice("mode", &[("nearest", Sampling::Nearest), ("linear", Sampling::Linear), ("cubic", Sampling::Cubic)])?;
    if a.version < 11 {
        a.as_input(2, "scales", None);
        let mut inputs = a.inputs.borrow_mut();
        if inputs.len() != 2 {
            return Err(a.refused(&format!("{} inputs, expected the image and its factors", inputs.len())));
        }
        inputs.insert(1, String::new());
        return Ok(O::Resize(Resizing { centres: Centres::Asymmetric, nearest: Nearest::Simple, ..resizing(mode) }));
    }
    let centres = a.choice(
        "coordinate_transformation_mode",
        &[
            ("half_pixel", Centres::HalfPixel),
            ("pytorch_half_pixel", Centres::PytorchHalfPixel),
            ("align_corners", Centres::AlignCorners),
            ("asymmetric", Centres::Asymmetric),
            ("half_pixel_symmetric", Centres::HalfPixelSymmetric),
            ("tf_half_pixel_for_nn", Centres::HalfPixelForNearest),
        ],
    )?;
    let nearest = a.choice(
        "nearest_mode",
        &[
            ("round_prefer_floor", Nearest::RoundPreferFloor),
            ("round_prefer_ceil", Nearest::RoundPreferCeil),
            ("floor", Nearest::Floor),
            ("ceil", Nearest::Ceil),
        ],
    )?;
    let policy = a.choice(
        "keep_aspect_ratio_policy",
        &[
            ("stretch", Proportions::Stretch),
            ("not_larger", Proportions::NotLarger),
            ("not_smaller", Proportions::NotSmaller),
        ],
    )?;
    // Only for a region of the image, which is refused above.
    a.float("extrapolation_value", 0.0)?;
    Ok(O::Resize(Resizing {
        mode,
        centres,
        nearest,
        cubic: f64::from(a.float("cubic_coeff_a", -0.75)?),
        exclude_outside: a.flag("exclude_outside")?,
        antialias: a.flag("antialias")?,
        axes: a.integers("axes")?,
        policy,
    }))
}

pub(super) fn resizing(mode: Sampling) -> Resizing {
    Resizing {
        mode,
        centres: Centres::HalfPixel,
        nearest: Nearest::RoundPreferFloor,
        cubic: -0.75,
        exclude_outside: false,
        antialias: false,
        axes: None,
        policy: Proportions::Stretch,
    }
}

pub(super) fn upsample(a: &Reader) -> Result<Operator> {
    let mode = a.choice("mode", &[("nearest", Sampling::Nearest), ("linear", Sampling::Linear)])?;
    if a.version < 9 {
        let scales = a.floats("scales")?.ok_or_else(|| a.refused("attribute scales is missing"))?;
        a.as_input(2, "scales", Some(Array::floats(vec![scales.len()], scales)));
    } else {
        a.inputs.borrow_mut().insert(1, String::new());
    }
    Ok(O::Resize(Resizing { centres: Centres::Asymmetric, nearest: Nearest::Floor, ..resizing(mode) }))
}

pub(super) fn slice(a: &Reader) -> Result<Operator> {
    if a.version < 10 {
        for (index, attribute) in ["starts", "ends", "axes"].into_iter().enumerate() {
            a.list(attribute, index + 1, 10)?;
        }
    }
    if !a.has(1) || !a.has(2) {
        return Err(a.refused("starts and ends are missing"));
    }
    Ok(O::Slice)
}

/// The axis of a softmax, and whether it is computed over all axes from that one on, as before operator set 13.
pub(super) fn softmax_axis(a: &Reader) -> Result<(i64, bool)> {
    if a.version < 13 { Ok((a.integer("axis", 1)?, true)) } else { Ok((a.integer("axis", -1)?, false)) }
}

pub(super) fn softmax(a: &Reader, log: bool) -> Result<Operator> {
    let (axis, flattened) = softmax_axis(a)?;
    Ok(O::Softmax { axis, flattened, log })
}

pub(super) fn split(a: &Reader) -> Result<Operator> {
    a.list("split", 1, 13)?;
    let parts = a.node.output.len();
    if let Some(number) = a.optional_integer("num_outputs")?
        && number != parts as i64
    {
        return Err(a.refused(&format!("attribute num_outputs is {number}, and there are {parts} outputs")));
    }
    Ok(O::Split { axis: a.integer("axis", 0)?, parts })
}

/// Checks the precision in which a norm is to be computed.
pub(super) fn stash(a: &Reader) -> Result<()> {
    match a.integer("stash_type", 1)? {
        number if types::kind(number as i32) == Some(Kind::Float) => Ok(()),
        number => Err(a.refused(&format!("attribute stash_type is {}", types::name(number as i32)))),
    }
}
