//! Windows along the depth of volumes (N, C, D, H, W).
//!
//! A convolution over three axes is one over two: each window along the depth makes one picture, whose channels are those of
//! all slices that the window meets, in the order channel, tap. Slices outside of the volume are 0.

use super::geometry::Depth;
use burn::backend::tensor::{Device, FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{FloatDType, Shape, TensorData};

/// What `convolved` makes of the pictures of x (N, I, D, H, W), as a volume (N, O, D', H', W').
pub(super) fn through_pictures<B: Backend>(
    x: FloatTensor<B>,
    depth: &Depth,
    convolved: impl FnOnce(FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let windows = depth.output_size(x.shape()[2]).unwrap_or(0);
    volumes::<B>(convolved(pictures::<B>(x, depth, windows)), windows)
}

/// The gradient of the input of [`through_pictures`], of `slices` slices, where `towards` leads from the gradient of what
/// was convolved to that of the pictures.
pub(super) fn gradient_through_pictures<B: Backend>(
    gradient: FloatTensor<B>,
    depth: &Depth,
    slices: usize,
    towards: impl FnOnce(FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let shape = gradient.shape();
    let [n, channels, windows, h, w] = [shape[0], shape[1], shape[2], shape[3], shape[4]];
    let by_picture = B::float_permute(gradient, &[0, 2, 1, 3, 4]);
    let of_pictures = towards(B::float_reshape(by_picture, Shape::from([n * windows, channels, h, w])));
    let shape = of_pictures.shape();
    let [channels, h, w] = [shape[1] / depth.kernel, shape[2], shape[3]];
    let apart = B::float_reshape(of_pictures, Shape::from([n, windows, channels, depth.kernel, h, w]));
    let by_channel = B::float_permute(apart, &[0, 2, 1, 3, 4, 5]);
    let lined = B::float_reshape(by_channel, Shape::from([n, channels, windows * depth.kernel, h, w]));
    let device = lined.device();
    let lined = with_a_slice_of_zeros::<B>(lined, &device);
    // A tap meets a slice in one window at most.
    let of_tap = |tap: usize| {
        let mut places = vec![windows * depth.kernel; slices];
        for window in 0..windows {
            if let Some(slice) = depth.slice(window, tap, slices) {
                places[slice] = window * depth.kernel + tap;
            }
        }
        B::float_select(lined.clone(), 2, indices::<B>(&places, &device))
    };
    (1..depth.kernel).fold(of_tap(0), |sum, tap| B::float_add(sum, of_tap(tap)))
}

/// (N, C, D, H, W) as pictures (N D', C kernel, H, W).
fn pictures<B: Backend>(x: FloatTensor<B>, depth: &Depth, windows: usize) -> FloatTensor<B> {
    let shape = x.shape();
    let [n, c, slices, h, w] = [shape[0], shape[1], shape[2], shape[3], shape[4]];
    let device = x.device();
    let met = (0..windows).flat_map(|window| (0..depth.kernel).map(move |tap| (window, tap)));
    let places: Vec<usize> = met.map(|(window, tap)| depth.slice(window, tap, slices).unwrap_or(slices)).collect();
    let x = with_a_slice_of_zeros::<B>(x, &device);
    let taken = B::float_select(x, 2, indices::<B>(&places, &device));
    let apart = B::float_reshape(taken, Shape::from([n, c, windows, depth.kernel, h, w]));
    let by_window = B::float_permute(apart, &[0, 2, 1, 3, 4, 5]);
    B::float_reshape(by_window, Shape::from([n * windows, c * depth.kernel, h, w]))
}

/// Pictures (N D', O, H, W) as volumes (N, O, D', H, W).
fn volumes<B: Backend>(y: FloatTensor<B>, windows: usize) -> FloatTensor<B> {
    let shape = y.shape();
    let apart = Shape::from([shape[0] / windows.max(1), windows, shape[1], shape[2], shape[3]]);
    B::float_permute(B::float_reshape(y, apart), &[0, 2, 1, 3, 4])
}

fn with_a_slice_of_zeros<B: Backend>(x: FloatTensor<B>, device: &Device<B>) -> FloatTensor<B> {
    let shape = x.shape();
    let zeros = B::float_zeros(Shape::from([shape[0], shape[1], 1, shape[3], shape[4]]), device, FloatDType::F32);
    B::float_cat(vec![x, zeros], 2)
}

fn indices<B: Backend>(places: &[usize], device: &Device<B>) -> IntTensor<B> {
    let places: Vec<i32> = places.iter().map(|place| *place as i32).collect();
    let count = places.len();
    B::int_from_data(TensorData::new(places, [count]), device)
}
