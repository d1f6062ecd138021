//! The largest number, or the mean, of windows of an image, a line or a volume.
//!
//! Of a volume, each is found slice by slice, and then along the depth, of an image of D rows and as many columns as a slice
//! has pixels: the largest of the largest numbers, and the mean of means, each of which counts the same pixels.

use super::{Inputs, shape};
use crate::graph::operator::Pool;
use crate::kernels::{FrozenOps, MaxPool};
use crate::{Result, Tensor};
use burn::backend::Dispatch;
use burn::backend::ops::ModuleOps;

/// The padding of a window: top, left, bottom, right.
fn padding(x: &Tensor, pool: &Pool, inputs: &Inputs) -> Result<[usize; 4]> {
    let [_, _, h, w] = x.image_shape(inputs.name)?;
    let amounts = pool.padding.amounts([h, w], pool.kernel, pool.stride, pool.dilation);
    let [top, left, bottom, right] = amounts;
    let extent = |axis: usize| pool.dilation[axis] * (pool.kernel[axis].max(1) - 1) + 1;
    if h + top + bottom < extent(0) || w + left + right < extent(1) {
        return Err(inputs.refused(format!(
            "a value of shape {:?}, expected at least the window {:?}",
            x.shape(),
            [extent(0), extent(1)]
        )));
    }
    Ok(amounts)
}

/// How many windows begin on an axis, as in ONNX and PyTorch: one that is rounded up to must begin on a pixel or on the
/// padding before it.
fn windows(size: usize, [before, after]: [usize; 2], extent: usize, stride: usize, round_up: bool) -> usize {
    let room = size + before + after - extent;
    let count = if round_up { room.div_ceil(stride) + 1 } else { room / stride + 1 };
    if round_up && (count - 1) * stride >= size + before { count - 1 } else { count }
}

pub(super) fn max(x: &Tensor, pool: &Pool, inputs: &Inputs) -> Result<Tensor> {
    over(x, pool, inputs, |x, pool| max_of_images(x, pool, inputs))
}

pub(super) fn average(x: &Tensor, pool: &Pool, count_padding: bool, inputs: &Inputs) -> Result<Tensor> {
    over(x, pool, inputs, |x, pool| average_of_images(x, pool, count_padding, inputs))
}

/// What windows of images make, over what the operator's values are.
fn over(
    x: &Tensor,
    pool: &Pool,
    inputs: &Inputs,
    of_images: impl Fn(&Tensor, &Pool) -> Result<Tensor>,
) -> Result<Tensor> {
    let shape = x.shape();
    match (shape.as_slice(), &pool.depth) {
        (_, None) if pool.line => super::as_line(&of_images(&inputs.as_picture(x)?, pool)?),
        ([_, _, _, _], None) => of_images(x, pool),
        (&[n, c, d, h, w], Some(depth)) => {
            let slices = of_images(&x.reshape(&[n, c * d, h, w])?, pool)?;
            let [_, _, rows, columns] = slices.image_shape(inputs.name)?;
            let along = Pool {
                line: false,
                depth: None,
                kernel: [depth.kernel, 1],
                stride: [depth.stride, 1],
                padding: depth.padding.clone(),
                dilation: [depth.dilation, 1],
                round_up: pool.round_up,
            };
            let made = of_images(&slices.reshape(&[n, c, d, rows * columns])?, &along)?;
            let [_, _, windows, _] = made.image_shape(inputs.name)?;
            made.reshape(&[n, c, windows, rows, columns])
        }
        (_, depth) => {
            let expected = if depth.is_some() { "(N, C, D, H, W)" } else { "(N, C, H, W)" };
            Err(inputs.refused(format!("a value of shape {shape:?}, {} dimensions, expected {expected}", shape.len())))
        }
    }
}

fn max_of_images(x: &Tensor, pool: &Pool, inputs: &Inputs) -> Result<Tensor> {
    let amounts = padding(x, pool, inputs)?;
    let [top, left, bottom, right] = amounts;
    let Pool { kernel, stride, dilation, round_up, .. } = *pool;
    // The device's operators pad both ends alike, by less than the window.
    let alike = (top, left) == (bottom, right) && top < kernel[0] && left < kernel[1];
    let pool = if alike {
        MaxPool { kernel, stride, padding: [top, left], dilation, round_up }
    } else {
        MaxPool { kernel, stride, padding: [0, 0], dilation, round_up: false }
    };
    let x = if alike { x.clone() } else { surrounded(x, &pool, amounts, round_up, f32::MIN)? };
    Ok(x.like(Dispatch::max_pool(x.primitive(), pool)))
}

/// `x` with its padding, and so much more behind it that the last window is whole.
fn surrounded(
    x: &Tensor,
    pool: &MaxPool,
    [top, left, bottom, right]: [usize; 4],
    round_up: bool,
    value: f32,
) -> Result<Tensor> {
    let [_, _, h, w] = x.image_shape("pool")?;
    let end = |axis: usize, size: usize, before: usize, after: usize| {
        let extent = pool.dilation[axis] * (pool.kernel[axis].max(1) - 1) + 1;
        let count = windows(size, [before, after], extent, pool.stride[axis], round_up);
        ((count - 1) * pool.stride[axis] + extent).saturating_sub(size + before)
    };
    shape::surrounded(x, [top, left, end(0, h, top, bottom), end(1, w, left, right)], value)
}

fn average_of_images(x: &Tensor, pool: &Pool, count_padding: bool, inputs: &Inputs) -> Result<Tensor> {
    let amounts = padding(x, pool, inputs)?;
    let [top, left, bottom, right] = amounts;
    let Pool { kernel, stride, round_up, .. } = *pool;
    let mean = |x: &Tensor, padding: [usize; 2], counted: bool| {
        x.like(Dispatch::avg_pool2d(x.primitive(), kernel, stride, padding, counted, false))
    };
    if (top, left) == (bottom, right) && 2 * top <= kernel[0] && 2 * left <= kernel[1] && !round_up {
        return Ok(mean(x, [top, left], count_padding));
    }
    // Sums over whole windows, divided by how many numbers of each one count.
    let window = MaxPool { kernel, stride, padding: [0, 0], dilation: [1, 1], round_up: false };
    let padded = surrounded(x, &window, amounts, round_up, 0.0)?;
    let sums = mean(&padded, [0, 0], true);
    let [_, _, h, w] = x.image_shape(inputs.name)?;
    let [_, _, rows, columns] = sums.image_shape(inputs.name)?;
    let counted = |axis: usize, size: usize, [before, after]: [usize; 2], count: usize| -> Vec<f32> {
        let (from, to) = if count_padding { (0, before + size + after) } else { (before, before + size) };
        let one = |index: usize| {
            let start = index * stride[axis];
            (start + kernel[axis]).min(to).saturating_sub(start.max(from)) as f32
        };
        (0..count).map(one).collect()
    };
    let (down, across) = (counted(0, h, [top, bottom], rows), counted(1, w, [left, right], columns));
    let whole = (kernel[0] * kernel[1]) as f32;
    let factors = down.iter().flat_map(|a| across.iter().map(move |b| whole / (a * b).max(1.0))).collect();
    sums.multiply(&Tensor::from_data(inputs.device, &[1, 1, rows, columns], factors)?)
}
